import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uniquePrefix } from '../support/backends.ts';
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
    for (const path of ['/health', '/docs', '/ops/login', '/api/v1/nothing', '/api/v1/users/me']) {
      const { headers } = await api.client.get(path);
      expect({ path, ...Object.fromEntries(headers) }).toMatchObject({
        path,
        'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
  });

  test('the content security policy allows no script but our own files', async () => {
    const policy = (await api.client.get('/docs')).headers.get('content-security-policy') ?? '';
    const directives = Object.fromEntries(
      policy.split(';').map((directive) => directive.trim().split(/ (.*)/, 2) as [string, string]),
    );
    expect(directives).toMatchObject({
      'script-src': "'self'",
      'script-src-attr': "'none'",
      'object-src': "'none'",
      'connect-src': "'self'",
      'form-action': "'self'",
    });
    expect(policy).not.toMatch(/unsafe-eval|\*|https?:/);
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

  test('no other origin may: not a foreign one, not `null`, not a lookalike', async () => {
    const strangers = ['https://evil.example', 'null', `${LISTED}.evil.example`, 'http://app.learnify.example', ''];
    for (const origin of strangers) {
      const { headers } = await api.client.get('/api/v1/catalog', { Origin: origin });
      expect({ origin, allowed: headers.get('access-control-allow-origin') }).toEqual({ origin, allowed: null });
    }
    const { headers } = await production.client.get('/api/v1/catalog', { Origin: LISTED });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('credentials are never allowed', async () => {
    for (const origin of [LISTED, 'https://evil.example']) {
      const { headers } = await api.client.get('/api/v1/catalog', { Origin: origin });
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});
