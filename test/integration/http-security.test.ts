import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uniquePrefix } from '../support/backends.ts';
import { buildAccount, logInToOps } from '../support/ops-browser.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const LISTED = 'https://app.learnify.example';

describe('security headers and cross-origin requests', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let production: InProcessApi;

  beforeAll(async () => {
    database = await createTestDatabase();
    const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    api = await openApi({ ...environment, extra: { ALLOWED_ORIGINS: `${LISTED}, https://admin.learnify.example` } });
    production = await openApi({ ...environment, extra: { SERVER_ENV: 'production' } });
  });
  afterAll(async () => {
    await api.close();
    await production.close();
    await database.drop();
  });

  test('every kind of answer carries the security headers', async () => {
    for (const path of [
      '/health',
      '/docs',
      '/metrics',
      '/ops/login',
      '/ops/queues',
      '/api/v1/nothing',
      '/api/v1/users/me',
    ]) {
      const { headers } = await api.client.get(path);
      expect({ path, ...Object.fromEntries(headers) }).toMatchObject({
        path,
        'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'origin-agent-cluster': '?1',
        'permissions-policy': expect.stringMatching(/camera=\(\).*geolocation=\(\).*microphone=\(\)/),
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'x-permitted-cross-domain-policies': 'none',
      });
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
  });

  const policyOf = async (path: string): Promise<Record<string, string>> => {
    const policy = (await api.client.get(path)).headers.get('content-security-policy') ?? '';
    return Object.fromEntries(
      policy.split(';').map((directive) => directive.trim().split(/ (.*)/, 2) as [string, string]),
    );
  };

  test('data may load nothing at all', async () => {
    for (const path of ['/health', '/openapi.json', '/api/v1/catalog', '/ops/queues/depth', '/nothing']) {
      expect({ path, policy: await policyOf(path) }).toEqual({
        path,
        policy: { 'default-src': "'none'", 'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'" },
      });
    }
  });

  test('pages may load our own files only, and none of ours has scripts or styles within it', async () => {
    for (const path of ['/docs', '/ops/login']) {
      const policy = await policyOf(path);
      expect({ path, policy }).toMatchObject({
        path,
        policy: {
          'script-src': "'self'",
          'script-src-attr': "'none'",
          'style-src': "'self'",
          'object-src': "'none'",
          'connect-src': "'self'",
          'form-action': "'self'",
        },
      });
      expect(JSON.stringify(policy)).not.toMatch(/unsafe|\*|https?:/);
      expect((await api.client.get(path)).text).not.toMatch(/<style|<script>|\son\w+=|\sstyle=/i);
    }
    expect(JSON.stringify(await policyOf('/ops/queues'))).not.toMatch(/unsafe-eval|\*|https?:/);
    expect(await policyOf('/ops/queues')).toMatchObject({ 'script-src': "'self'", 'script-src-attr': "'none'" });
  });

  test('what was answered to somebody is kept by nobody else', async () => {
    const admin = await buildAccount(database.db, 'admin');
    const session = await logInToOps(api.client, admin.email);
    const { client } = await api.client.registerLearner();
    for (const path of [
      '/api/v1/users/me',
      '/api/v1/courses',
      '/api/v1/courses/42',
      '/api/v1/nothing',
      '/ops/queues/depth',
    ]) {
      const { headers } = await client.get(path);
      expect({ path, cache: headers.get('cache-control') }).toEqual({
        path,
        cache: expect.stringMatching(/^(no-store|private, no-cache)$/),
      });
    }
    for (const path of ['/ops/login', '/ops/queues', '/ops/queues/api/queues', '/metrics']) {
      const { headers } = await api.client.get(path, session);
      expect({ path, cache: headers.get('cache-control') }).toEqual({ path, cache: 'no-store' });
    }
  });

  test('strict transport security is promised in production only', async () => {
    expect((await api.client.get('/health')).headers.get('strict-transport-security')).toBeNull();
    expect((await production.client.get('/health')).headers.get('strict-transport-security')).toBe(
      'max-age=31536000; includeSubDomains',
    );
  });

  test('the headers can be left to a proxy', async () => {
    const bare = await openApi({
      databaseUri: database.uri,
      prefix: uniquePrefix(),
      extra: { ENABLE_SECURITY_HEADERS: 'false' },
    });
    try {
      expect((await bare.client.get('/health')).headers.get('content-security-policy')).toBeNull();
    } finally {
      await bare.close();
    }
  });

  test('a listed origin may read answers, and the headers that it needs', async () => {
    const { headers } = await api.client.get('/api/v1/catalog', { Origin: LISTED });
    expect(headers.get('access-control-allow-origin')).toBe(LISTED);
    expect(headers.get('access-control-expose-headers')).toMatch(/Location.*Retry-After.*X-Request-Id/);
    expect(headers.get('vary')).toMatch(/Origin/);
  });

  test('a preflight of a listed origin is answered without touching the route', async () => {
    const preflight = await api.client.request('OPTIONS', '/api/v1/users/me', undefined, {
      Origin: LISTED,
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': 'authorization,idempotency-key',
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': LISTED,
      'access-control-allow-methods': expect.stringContaining('PATCH'),
      'access-control-allow-headers': expect.stringMatching(/Authorization.*Idempotency-Key/),
      'access-control-max-age': '600',
    });
  });

  const STRANGERS = [
    'https://evil.example',
    'null',
    `${LISTED}.evil.example`,
    `https://evil-${LISTED.slice('https://'.length)}`,
    'https://sub.app.learnify.example',
    'http://app.learnify.example',
    `${LISTED}:8443`,
    `${LISTED}/`,
    LISTED.toUpperCase(),
    `${LISTED}, https://evil.example`,
    '*',
    '',
  ];

  test('no other origin may: not a foreign one, not `null`, not a lookalike', async () => {
    for (const origin of STRANGERS) {
      const { headers } = await api.client.get('/api/v1/catalog', { Origin: origin });
      const cors = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect({ origin, cors, vary: headers.get('vary') }).toEqual({
        origin,
        cors: [],
        vary: expect.stringMatching(/\bOrigin\b/),
      });
    }
    const { headers } = await production.client.get('/api/v1/catalog', { Origin: LISTED });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a preflight of any other origin is told nothing', async () => {
    for (const origin of STRANGERS) {
      const { status, headers } = await api.client.request('OPTIONS', '/api/v1/users/me', undefined, {
        Origin: origin,
        'Access-Control-Request-Method': 'DELETE',
        'Access-Control-Request-Headers': 'authorization',
      });
      const cors = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect({ origin, status, cors, vary: headers.get('vary') }).toEqual({
        origin,
        status: 405,
        cors: [],
        vary: expect.stringMatching(/\bOrigin\b/),
      });
    }
  });

  test('answers differ by origin, also those that were asked for without one', async () => {
    for (const path of ['/api/v1/catalog', '/health', '/openapi.json', '/nothing']) {
      expect((await api.client.get(path)).headers.get('vary')).toMatch(/\bOrigin\b/);
    }
  });

  test('credentials are never allowed', async () => {
    for (const origin of [LISTED, 'https://evil.example']) {
      const { headers } = await api.client.get('/api/v1/catalog', { Origin: origin });
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});
