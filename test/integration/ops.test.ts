import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { buildExercise } from '../support/factories.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { accessTokenOf, buildAccount } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const OPS_TOKEN = 'vT4kQ9nZ2xB7mW5sL8rJ3pC6hF1dG0yE';

describe.each(BACKENDS)('operating the API with queues on %s', (kind) => {
  /** Only Redis can be away while the database is there. */
  const onRedis: (name: string, run: () => Promise<void>) => void = kind === 'redis' ? test : () => undefined;
  let database: TestDatabase;
  let databaseProxy: TcpProxy;
  let redisProxy: TcpProxy | undefined;
  let api: InProcessApi;

  beforeAll(async () => {
    database = await createTestDatabase();
    databaseProxy = await startTcpProxy(database.uri);
    redisProxy = kind === 'redis' ? await startTcpProxy(sharedRedisUrl()) : undefined;
    api = await openApi({
      databaseUri: databaseProxy.through(database.uri),
      redisUrl: redisProxy?.through(sharedRedisUrl()),
      prefix: uniquePrefix(),
      extra: { OPS_TOKEN },
    });
    await eventually('the queues are connected', () => api.deps.backend.isReady());
  });
  afterAll(async () => {
    await api.close();
    await redisProxy?.close();
    await databaseProxy.close();
    await database.drop();
  });

  describe('health', () => {
    test('lives, for how long, and is asked under every path that probes use', async () => {
      for (const path of ['/health', '/api/v1/health']) {
        const { status, body } = await api.client.get(path);
        expect([status, body]).toEqual([200, { status: 'ok', uptimeSeconds: expect.any(Number) }]);
      }
    });

    test('is ready when everything answers', async () => {
      for (const path of ['/readiness', '/health/ready']) {
        const { status, body } = await api.client.get(path);
        const checks = { database: { ok: true }, queues: { ok: true } };
        expect([status, body]).toEqual([200, { status: 'ready', checks }]);
      }
    });

    test('has its database asked once, however many ask at the same time', async () => {
      const seen = api.deps.registry.getSingleMetric('db_query_duration_seconds');
      const queries = async () => {
        const values = (await seen?.get())?.values as { metricName?: string; value: number }[];
        return values
          .filter(({ metricName }) => metricName?.endsWith('_count'))
          .reduce((sum, each) => sum + each.value, 0);
      };
      const before = await queries();
      const answers = await Promise.all(Array.from({ length: 200 }, () => api.client.get('/readiness')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect((await queries()) - before).toBeLessThan(100);
    });

    test('is unavailable without its database, and alive', async () => {
      await databaseProxy.cut();
      const { body } = await eventually('unavailable', async () => {
        const answer = await api.client.get('/readiness');
        return answer.status === 503 && answer;
      });
      expect(body).toMatchObject({ status: 'unavailable', checks: { database: { ok: false } } });
      expect((await api.client.get('/health')).status).toBe(200);
      await databaseProxy.restore();
      await eventually('ready again', async () => (await api.client.get('/readiness')).status === 200);
    });

    onRedis('is degraded, yet ready, without its queues', async () => {
      await redisProxy?.cut();
      const { status, body } = await eventually('degraded', async () => {
        const answer = await api.client.get('/readiness');
        return answer.text.includes('"status":"degraded"') && answer;
      });
      const checks = { database: { ok: true }, queues: { ok: false, detail: expect.any(String) } };
      expect([status, body]).toEqual([200, { status: 'degraded', checks }]);
      await redisProxy?.restore();
      await eventually('ready again', async () =>
        (await api.client.get('/readiness')).text.includes('"status":"ready"'),
      );
    });
  });

  describe('the depth of the queues', () => {
    const depth = (client: Client, query = '') => client.get(`/ops/queues/depth${query}`);
    const machine = () => api.client.as(OPS_TOKEN);
    const clientOf = async (role: 'learner' | 'instructor' | 'operator' | 'admin') => {
      const { email } = await buildAccount(database.db, role);
      return api.client.as(await accessTokenOf(api.client, email));
    };

    test('is for operators, admins and the operations token only', async () => {
      expectProblem(await depth(api.client), 401, 'UNAUTHENTICATED');
      expectProblem(await depth(api.client.as(`${OPS_TOKEN}x`)), 401, 'UNAUTHENTICATED');
      expectProblem(await depth(await clientOf('learner')), 403, 'FORBIDDEN');
      expectProblem(await depth(await clientOf('instructor')), 403, 'FORBIDDEN');
      expect((await depth(await clientOf('operator'))).status).toBe(200);
      expect((await depth(await clientOf('admin'))).status).toBe(200);
      expect((await depth(machine())).status).toBe(200);
    });

    test('is nothing else that the operations token opens', async () => {
      expectProblem(await machine().get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
      expectProblem(await machine().get('/api/v1/courses'), 401, 'UNAUTHENTICATED');
    });

    test('counts the jobs that wait, by kind, and how long the oldest has waited', async () => {
      const idle = { waiting: 0, active: 0, delayed: 0, prioritized: 0, failed: 0, paused: false, backlog: 0 };
      expect((await depth(machine(), '?queue=grading')).body).toEqual({
        queue: 'grading',
        ...idle,
        oldestWaitingMs: 0,
      });
      const queue = api.deps.backend.queue('grading');
      const payload = () => ({ runId: newId(), dispatch: 1 });
      const addedAt = Date.now();
      await queue.add('grade', payload(), { timestamp: addedAt - 60_000 });
      await queue.add('grade', payload());
      await queue.add('grade', payload(), { priority: 5 });
      await queue.add('grade', payload(), { delay: 3_600_000 });
      const { body } = await depth(machine(), '?queue=grading');
      const tookMs = Date.now() - addedAt;
      expect(body).toMatchObject({ ...idle, waiting: 2, delayed: 1, prioritized: 1, backlog: 3 });
      const { oldestWaitingMs } = body as { oldestWaitingMs: number };
      expect(oldestWaitingMs).toBeGreaterThanOrEqual(60_000);
      expect(oldestWaitingMs).toBeLessThanOrEqual(60_000 + tookMs);
      expect((await depth(machine())).body).toMatchObject({
        queues: [
          { queue: 'grading', backlog: 3 },
          { queue: 'review', backlog: 0 },
          { queue: 'mail', backlog: 0 },
          { queue: 'maintenance', backlog: 0 },
        ],
      });
    });

    test('calls for no worker while the queue is paused, though the jobs are still there', async () => {
      const queue = api.deps.backend.queue('grading');
      await queue.pause();
      const { body } = await depth(machine(), '?queue=grading');
      expect(body).toMatchObject({ paused: true, waiting: 2, prioritized: 1, backlog: 0 });
      await queue.resume();
      expect((await depth(machine(), '?queue=grading')).body).toMatchObject({ paused: false, backlog: 3 });
    });

    test('of a queue that does not exist is refused', async () => {
      expectProblem(await depth(machine(), '?queue=nothing'), 422, 'VALIDATION_FAILED');
    });

    onRedis('is not invented while the backend is away', async () => {
      await redisProxy?.cut();
      const refused = await eventually('the loss is noticed', async () => {
        const answer = await depth(machine());
        return answer.status !== 200 && answer;
      });
      expectProblem(refused, 503, 'SERVICE_UNAVAILABLE');
      await redisProxy?.restore();
      await eventually('answers again', async () => (await depth(machine())).status === 200);
    });
  });

  describe('metrics', () => {
    test('have the names of the design, and patterns of paths instead of ids', async () => {
      const { client, userId, email, refreshToken } = await api.client.registerLearner();
      const { exerciseId, courseId } = await buildExercise(database.db);
      await client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'export {};' });
      await client.get(`/api/v1/courses/${courseId}`);
      await client.get(`/api/v1/nothing/${exerciseId}`);
      await client.post('/api/v1/auth/refresh', { refreshToken });
      await api.client.post('/api/v1/auth/login', { email, password: 'wrong' });
      const { status, text, headers } = await api.client.get('/metrics');
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
      for (const line of [
        /^http_requests_total\{method="GET",path="\/api\/v1\/courses\/:id",status="200"\} 1$/m,
        /^http_requests_total\{method="POST",path="\/api\/v1\/exercises\/:id\/submissions",status="202"\} 1$/m,
        /^http_requests_total\{method="GET",path="unmatched",status="404"\} \d+$/m,
        /^http_request_duration_seconds_count\{method="GET",path="\/api\/v1\/courses\/:id",status="200"\} 1$/m,
        /^http_requests_in_flight 1$/m,
        /^db_connections_open [1-9]/m,
        /^db_connections_idle \d/m,
        /^db_connections_wait_duration_seconds_count [1-9]/m,
        /^db_query_duration_seconds_count\{query_type="select"\} [1-9]/m,
        /^db_query_duration_seconds_count\{query_type="insert"\} [1-9]/m,
        /^auth_attempts_total\{result="invalid_credentials"\} [1-9]/m,
        /^auth_attempts_total\{result="refreshed"\} 1$/m,
        /^auth_token_validations_total\{result="valid"\} [1-9]/m,
        /^user_registrations_total 1$/m,
        /^course_enrollments_total 1$/m,
        /^exercise_submissions_total 1$/m,
        /^process_cpu_seconds_total /m,
      ]) {
        expect(text).toMatch(line);
      }
      for (const secret of [userId, exerciseId, courseId, email]) expect(text).not.toContain(secret);
      expect(text).not.toMatch(/[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-/);
    });
  });
});

test('metrics can be switched off', async () => {
  const database = await createTestDatabase();
  const extra = { ENABLE_METRICS: 'false' };
  const api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
  try {
    expect((await api.client.get('/metrics')).status).toBe(404);
  } finally {
    await api.close();
    await database.drop();
  }
});
