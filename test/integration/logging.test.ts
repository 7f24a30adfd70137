import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createLogger } from '../../shared/observability/logger.ts';
import { uniquePrefix } from '../support/backends.ts';
import { buildExercise } from '../support/factories.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, logInToOps, OPS_PASSWORD } from '../support/ops-browser.ts';
import { openRaw, rawRequest } from '../support/raw-http.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('the log of the API', () => {
  let database: TestDatabase;
  let api: InProcessApi;

  beforeAll(async () => {
    database = await createTestDatabase();
    const extra = { LOG_LEVEL: 'debug', TRUST_PROXY: '1' };
    api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  /** The line of one request, which is written when its answer is out. */
  const lineOf = (requestId: string | null) =>
    eventually('the request is logged', () =>
      api.logs().find((line) => line['request_id'] === requestId && line['message'] === 'http request'),
    );

  test('speaks of no lost connection when somebody registers an address that is taken', async () => {
    const { email, password } = await api.client.registerLearner();
    // Before it, a slow machine may have complained of its start.
    const before = api.logs().length;
    const answer = await api.client.post('/api/v1/auth/register', { email, password, name: 'Lin' });
    expect(answer.status).toBe(409);
    await lineOf(answer.headers.get('x-request-id'));
    const since = api.logs().slice(before);
    expect(since.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  test('has one line for each request, with the fields that the aggregation knows and no others', async () => {
    const { client, userId } = await api.client.registerLearner();
    const { courseId } = await buildExercise(database.db);
    const sent = { 'User-Agent': 'suite/1.0', 'X-Forwarded-For': '203.0.113.9' };
    const answer = await client.get(`/api/v1/courses/${courseId}`, sent);
    const requestId = answer.headers.get('x-request-id');
    expect(await lineOf(requestId)).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'info',
      message: 'http request',
      process: 'api',
      request_id: expect.stringMatching(UUID),
      method: 'GET',
      path: `/api/v1/courses/${courseId}`,
      status: 200,
      duration_ms: expect.any(Number),
      ip: '203.0.113.9',
      user_agent: 'suite/1.0',
      user_id: userId,
    });
    expect(api.logs().filter((line) => line['request_id'] === requestId)).toHaveLength(1);
  });

  test('has the id of a request whose client hangs up as well', async () => {
    const headers = ['Host: learnify', 'User-Agent: hangs-up/1.0', 'Content-Type: application/json'];
    const { socket, received } = openRaw(api.url);
    socket.write(rawRequest('POST /api/v1/auth/login', [...headers, 'Content-Length: 100', 'Expect: 100-continue']));
    await eventually('the body is asked for', () => received().includes('100 Continue'));
    socket.destroy();
    const line = await eventually('it is logged', () =>
      api.logs().find(({ user_agent: agent }) => agent === 'hangs-up/1.0'),
    );
    expect(line).toMatchObject({ status: 499, request_id: expect.stringMatching(UUID) });
  });

  test('names no user for a stranger, and says what a refusal was answered with', async () => {
    const answer = await api.client.get('/api/v1/users/me');
    const line = await lineOf(answer.headers.get('x-request-id'));
    expect(line).toMatchObject({ status: 401, path: '/api/v1/users/me' });
    expect(line).not.toHaveProperty('user_id');
  });

  test('leaves out query strings, where people put tokens', async () => {
    const answer = await api.client.get('/api/v1/catalog?access_token=tell-nobody');
    expect(await lineOf(answer.headers.get('x-request-id'))).toMatchObject({ path: '/api/v1/catalog' });
    expect(JSON.stringify(api.logs())).not.toContain('tell-nobody');
  });

  test('stays silent about probes that are well', async () => {
    const probes = [
      await api.client.get('/health'),
      await api.client.get('/readiness'),
      await api.client.get('/metrics'),
    ];
    const after = await api.client.get('/api/v1/catalog');
    await lineOf(after.headers.get('x-request-id'));
    const ids = probes.map(({ headers }) => headers.get('x-request-id'));
    expect(api.logs().filter((line) => ids.includes(String(line['request_id'])))).toEqual([]);
  });

  test('never holds a password, a token, a cookie or code', async () => {
    const password = 'never-write-me-down-42';
    const email = 'quiet@example.com';
    const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });
    const first = Tokens.parse((await api.client.post('/api/v1/auth/register', { email, password, name: 'Q' })).body);
    const second = Tokens.parse((await api.client.post('/api/v1/auth/login', { email, password })).body);
    const third = Tokens.parse(
      (await api.client.post('/api/v1/auth/refresh', { refreshToken: second.refreshToken })).body,
    );
    await api.client.post('/api/v1/auth/refresh', { refreshToken: second.refreshToken });
    await api.client.post('/api/v1/auth/login', { email, password: `${password}-wrong` });
    await api.client.post('/api/v1/auth/login', { email, password, remember: true });
    await api.client.request('POST', '/api/v1/auth/login', `{"password":"${password}"`);
    await api.client.as(third.accessToken).post('/api/v1/auth/logout');
    await api.client.as(`${first.accessToken}x`).get('/api/v1/users/me');
    const { exerciseId } = await buildExercise(database.db);
    const code = 'const secretIdea = 1;';
    await api.client.as(first.accessToken).post(`/api/v1/exercises/${exerciseId}/submissions`, { code });
    const admin = await buildAccount(database.db, 'admin');
    const session = await logInToOps(api.client, admin.email);
    const last = await api.client.get('/ops/queues/api/queues', session);
    await lineOf(last.headers.get('x-request-id'));

    const written = JSON.stringify(api.logs());
    const secrets = [password, OPS_PASSWORD, code, session.Cookie.split('=')[1] ?? '', database.uri];
    for (const tokens of [first, second, third]) secrets.push(tokens.accessToken, tokens.refreshToken);
    for (const secret of secrets) expect(written.includes(secret) ? secret : null).toBeNull();
    expect(written).not.toMatch(/argon2id|Bearer /);
    expect(written.split('/auth/').length).toBeGreaterThan(8);
  });
});

describe('the logger', () => {
  const collect = (level: 'info' | 'silent') => {
    const lines: string[] = [];
    const settings = { LOG_LEVEL: level, LOG_FORMAT: 'json' } as const;
    return { lines, log: createLogger('test', settings, undefined, { write: (line) => void lines.push(line) }) };
  };

  test('blanks secrets that somebody logs by mistake, at the top and one level down', () => {
    const { log, lines } = collect('info');
    const secrets = {
      password: 'p1',
      token: 't1',
      accessToken: 'a1',
      refreshToken: 'r1',
      authorization: 'z1',
      cookie: 'c1',
    };
    log.info(secrets, 'top');
    log.info({ body: secrets }, 'below');
    expect(lines).toHaveLength(2);
    for (const line of lines) for (const secret of Object.values(secrets)) expect(line).not.toContain(`"${secret}"`);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ body: { password: '[redacted]', cookie: '[redacted]' } });
  });

  test('writes an error with its type, message, stack and causes', () => {
    const { log, lines } = collect('info');
    log.error({ err: new TypeError('outer', { cause: new Error('inner') }) }, 'failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      err: { type: 'TypeError', message: expect.stringContaining('outer'), stack: expect.stringMatching(/inner/) },
    });
  });

  describe.each(['json', 'pretty'] as const)('in its %s form', (format) => {
    const write = (fields: Record<string, unknown>, message: string): string => {
      const lines: string[] = [];
      const settings = { LOG_LEVEL: 'info', LOG_FORMAT: format } as const;
      const log = createLogger('test', settings, undefined, { write: (line) => void lines.push(line) });
      log.info(fields, message);
      expect(lines).toHaveLength(1);
      return lines[0] ?? '';
    };

    test('keeps whatever is logged on one line that commands no terminal and reverses no text', () => {
      const hostile = 'a\r\n\u001b[2J\u009b31m\u0007\u007f\u0085\u2028\u2029\u202e\u2066\u200b\ufeffb';
      const line = write({ user_agent: hostile, [hostile]: 1, nested: { deep: [hostile] } }, hostile);
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[^ -~]/);
      expect(line.match(/\\u001b/g)).toHaveLength(4);
    });

    test('leaves ordinary text of any language as it is', () => {
      const line = write({ name: 'Zoë' }, 'Привет 世界');
      for (const text of ['Привет 世界', 'Zoë']) expect(line).toContain(text);
    });
  });

  test('in its pretty form lets no value pass for several', () => {
    const lines: string[] = [];
    const settings = { LOG_LEVEL: 'info', LOG_FORMAT: 'pretty' } as const;
    const log = createLogger('test', settings, undefined, { write: (line) => void lines.push(line) });
    log.info({ user_agent: 'curl status=500 user_id="root"', path: '/plain' }, 'http request');
    expect(lines[0]).toContain('user_agent="curl status=500 user_id=\\"root\\"" path=/plain');
  });

  test('in its json form writes what reads back as it was', () => {
    const { log, lines } = collect('info');
    const hostile = 'a\r\n\u001b\u009b\u2028\u202e\ufeff"b\\u001b';
    log.info({ user_agent: hostile }, 'said');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ user_agent: hostile });
  });

  test('writes nothing below its level', () => {
    const { log, lines } = collect('silent');
    log.error('anything');
    expect(lines).toEqual([]);
  });
});
