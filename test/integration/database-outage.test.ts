import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { buildExercise } from '../support/factories.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

describe('while PostgreSQL is away', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let api: InProcessApi;
  let learner: Client;
  let exerciseId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startTcpProxy(database.uri);
    const extra = { DB_STATEMENT_TIMEOUT_MS: '2000' };
    api = await openApi({ databaseUri: proxy.through(database.uri), prefix: uniquePrefix(), extra });
    ({ client: learner } = await api.client.registerLearner());
    ({ exerciseId } = await buildExercise(database.db));
  });
  afterEach(async () => {
    await proxy.restore();
    await eventually('works again', async () => (await learner.get('/api/v1/users/me')).status === 200);
  });
  afterAll(async () => {
    await api.close();
    await proxy.close();
    await database.drop();
  });

  const everyKind = () => [
    learner.get('/api/v1/users/me'),
    learner.get('/api/v1/courses'),
    learner.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'export {};' }),
    api.client.post('/api/v1/auth/login', { email: 'a@example.com', password: 'whatever it was' }),
  ];

  test('requests are answered with 503 and when to come back, and not with what went wrong', async () => {
    await proxy.cut();
    for (const answer of await Promise.all(everyKind())) {
      expectProblem(answer, 503, 'SERVICE_UNAVAILABLE');
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(answer.text).not.toMatch(/ECONN|postgres|127\.0\.0\.1|SELECT/i);
    }
  });

  test('requests are answered with 503 also when the network has gone silent, and the dead connections are not used again', async () => {
    await learner.get('/api/v1/users/me');
    proxy.stall();
    for (const answer of await Promise.all(everyKind())) expectProblem(answer, 503, 'SERVICE_UNAVAILABLE');
    await proxy.restore();
    await eventually('serves again', async () => (await learner.get('/api/v1/courses')).status === 200);
  });

  test('the process stays alive and says that it is not ready', async () => {
    await proxy.cut();
    expect((await api.client.get('/health')).status).toBe(200);
    const readiness = await api.client.get('/readiness');
    expect([readiness.status, readiness.body]).toMatchObject([
      503,
      { status: 'unavailable', checks: { database: { ok: false } } },
    ]);
    expect(readiness.text).not.toContain(new URL(database.uri).password);
  });

  test('what needs no database still answers', async () => {
    await proxy.cut();
    expect((await api.client.get('/openapi.json')).status).toBe(200);
    expect((await api.client.get('/metrics')).status).toBe(200);
    expectProblem(await api.client.as('garbage').get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
  });

  test('requests work again as soon as it is back, also those that change something', async () => {
    await proxy.cut();
    expect((await learner.get('/api/v1/users/me')).status).toBe(503);
    await proxy.restore();
    await eventually('ready', async () => (await api.client.get('/readiness')).status === 200);
    const submitted = await learner.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'export {};' });
    expect(submitted.status).toBe(202);
  });
});
