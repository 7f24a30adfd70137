import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { appRoutes } from '@bull-board/api/dist/routes.js';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, logInToOps, OPS_PASSWORD, sendLogin } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const HTML = { Accept: 'text/html,application/xhtml+xml' };
const Queues = z.object({
  queues: z.array(z.object({ name: z.string(), isPaused: z.boolean(), readOnlyMode: z.boolean() })),
});

/** Every request to Bull Board that changes something, as it declares them. */
const CHANGES = appRoutes.api
  .flatMap(({ method, route }) =>
    [method].flat().flatMap((each) => [route].flat().map((path) => [each.toUpperCase(), path] as const)),
  )
  .filter(([method]) => method !== 'GET');

describe.each(BACKENDS)("the operators' pages with queues on %s", (kind) => {
  let database: TestDatabase;
  let api: InProcessApi;
  let learner: { id: string; email: string };
  let operator: { id: string; email: string };
  let admin: { id: string; email: string };

  beforeAll(async () => {
    database = await createTestDatabase();
    const redisUrl = kind === 'redis' ? sharedRedisUrl() : undefined;
    api = await openApi({ databaseUri: database.uri, redisUrl, prefix: uniquePrefix() });
    [learner, operator, admin] = [
      await buildAccount(database.db, 'learner'),
      await buildAccount(database.db, 'operator'),
      await buildAccount(database.db, 'admin'),
    ];
    await eventually('the queues are connected', () => api.deps.backend.isReady());
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  const readQueues = async (session: { Cookie: string }) =>
    Queues.parse((await api.client.get('/ops/queues/api/queues', session)).body).queues;
  const act = (session: { Cookie: string }, action: string, headers: Record<string, string> = {}) =>
    api.client.request('PUT', `/ops/queues/api/queues/grading/${action}`, '{}', { ...session, ...headers });
  const readAudit = () =>
    database.db.any(
      sql.type(
        z.strictObject({ action: z.string(), actor_id: z.string().nullable(), target: z.string().nullable() }),
      )`SELECT action, actor_id, target FROM audit_log ORDER BY id`,
    );

  describe('without a session', () => {
    test('lead a browser to the login page, and refuse anything else', async () => {
      const browser = await api.client.get('/ops/queues', HTML);
      expect([browser.status, browser.headers.get('location')]).toEqual([303, '/ops/login']);
      expectProblem(await api.client.get('/ops/queues', { Accept: 'application/json' }), 401, 'UNAUTHENTICATED');
      expectProblem(await api.client.get('/ops/queues/api/queues'), 401, 'UNAUTHENTICATED');
      expectProblem(await act({ Cookie: '' }, 'pause'), 401, 'UNAUTHENTICATED');
      expectProblem(await act({ Cookie: 'learnify_ops=forged' }, 'pause'), 401, 'UNAUTHENTICATED');
    });

    test('show a form that repeats nothing of what was typed', async () => {
      const page = await api.client.get('/ops/login', HTML);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.text).toMatch(/<form method="post" action="\/ops\/login">/);
      const refused = await sendLogin(api.client, '"><script>alert(1)</script>', 'hunter2');
      expect(refused.status).toBe(401);
      expect(refused.text).not.toMatch(/<script|hunter2/);
    });
  });

  describe('logging in', () => {
    test('refuses a wrong password, an unknown account and a learner, and opens no session', async () => {
      const attempts = [
        [await sendLogin(api.client, operator.email, 'wrong password'), 401],
        [await sendLogin(api.client, 'nobody@example.com'), 401],
        [await sendLogin(api.client, learner.email), 403],
        [await sendLogin(api.client, ''), 401],
        [await api.client.post('/ops/login', { email: operator.email, password: OPS_PASSWORD }), 401],
      ] as const;
      for (const [answer, status] of attempts) {
        expect([answer.status, answer.headers.get('set-cookie')]).toEqual([status, null]);
        expect(answer.text).toMatch(/role="alert"/);
      }
    });

    test('leads an operator to the queues, with a cookie that no script and no other site can use', async () => {
      const answer = await sendLogin(api.client, operator.email);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ops/queues']);
      const [pair = '', ...attributes] = (answer.headers.getSetCookie()[0] ?? '').split('; ');
      expect(pair).toMatch(/^learnify_ops=[\w-]{43}$/);
      expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=28800', 'Path=/ops', 'SameSite=Strict']);
      const stored = await database.db.oneFirst(sql.type(z.strictObject({ tokens: z.string() }))`
        SELECT string_agg(t::text, ' ') AS tokens FROM session_tokens t`);
      expect(stored).not.toContain(pair.split('=')[1]);
      expect(await readAudit()).toContainEqual({ action: 'ops.login', actor_id: operator.id, target: null });
    });

    test('opens no door to the API: the cookie is no access token, nor is an access token a session', async () => {
      const session = await logInToOps(api.client, admin.email);
      expectProblem(await api.client.get('/api/v1/users/me', session), 401, 'UNAUTHENTICATED');
      const token = session.Cookie.split('=')[1] ?? '';
      const refreshed = await api.client.post('/api/v1/auth/refresh', { refreshToken: token });
      expectProblem(refreshed, 401, 'UNAUTHENTICATED');
    });
  });

  describe('as an operator', () => {
    let opened: Promise<{ Cookie: string }> | undefined;
    const operatorSession = () => (opened ??= logInToOps(api.client, operator.email));

    test('show every queue, as a page and as JSON', async () => {
      const session = await logInToOps(api.client, operator.email);
      const page = await api.client.get('/ops/queues', { ...HTML, ...session });
      expect(page.status).toBe(200);
      expect(page.text).toContain('Learnify queues');
      expect(page.headers.get('x-powered-by')).toBeNull();
      expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
      const queues = await readQueues(session);
      expect(queues.map(({ name }) => name).sort()).toEqual(['grading', 'mail', 'maintenance', 'review']);
      expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    });

    describe('let nothing be changed', () => {
      const payload = { submissionId: newId(), runId: newId() };
      let jobId: string;

      beforeAll(async () => {
        const job = await api.deps.backend.queue('grading').add('grade', payload, { delay: 3_600_000 });
        jobId = job.id ?? '';
      });
      afterAll(() => api.deps.backend.queue('grading').remove(jobId));

      const readJob = async () => {
        const job = await api.deps.backend.queue('grading').getJob(jobId);
        return { data: job?.data as unknown, delay: job?.delay, priority: job?.priority, state: await job?.getState() };
      };
      const urlOf = (route: string) =>
        `/ops/queues${route.replace(':queueName', 'grading').replace(':jobId', jobId).replace(/:\w+/, 'completed')}`;

      test.each(CHANGES)('by %s %s', async (method, route) => {
        const [before, jobBefore] = [await readAudit(), await readJob()];
        const tampering = {
          jobData: { submissionId: newId() },
          data: {},
          name: 'grade',
          delay: 0,
          priority: 1,
          concurrency: 1,
        };
        const send = (headers: Record<string, string>) =>
          api.client.request(method, urlOf(route), JSON.stringify(tampering), headers);
        expectProblem(await send({}), 401, 'UNAUTHENTICATED');
        expectProblem(await send(await operatorSession()), 403, 'FORBIDDEN');
        const masked = await api.client.get(urlOf(route), {
          ...(await operatorSession()),
          'X-HTTP-Method-Override': method,
          'X-HTTP-Method': method,
        });
        expect(masked.status).not.toBe(204);
        expect(await readJob()).toEqual(jobBefore);
        expect(jobBefore).toMatchObject({ data: payload, state: 'delayed' });
        expect(await api.deps.backend.queue('grading').isPaused()).toBe(false);
        expect(
          (await readAudit()).slice(before.length).filter(({ action }) => action.startsWith('ops.queues')),
        ).toEqual([]);
      });

      test('by any other method', async () => {
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          const answer = await api.client.request(
            method,
            '/ops/queues/api/queues/pause',
            undefined,
            await operatorSession(),
          );
          expectProblem(answer, 403, 'FORBIDDEN');
        }
        for (const method of ['OPTIONS', 'PROPFIND']) {
          const answer = await api.client.request(
            method,
            '/ops/queues/api/queues/pause',
            undefined,
            await operatorSession(),
          );
          expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
        }
        const target = 'PUT /ops/queues';
        expect(await readAudit()).toContainEqual({ action: 'access.denied', actor_id: operator.id, target });
        expect(await api.deps.backend.queue('grading').isPaused()).toBe(false);
      });
    });
  });

  describe('as an admin', () => {
    test('pause and resume a queue, and every action is audited', async () => {
      const session = await logInToOps(api.client, admin.email);
      expect((await act(session, 'pause')).status).toBe(200);
      expect(await api.deps.backend.queue('grading').isPaused()).toBe(true);
      expect(await readQueues(session)).toContainEqual(
        expect.objectContaining({ name: 'grading', isPaused: true, readOnlyMode: false }),
      );
      expect((await act(session, 'resume')).status).toBe(200);
      expect(await api.deps.backend.queue('grading').isPaused()).toBe(false);
      const target = '/api/queues/grading/';
      expect((await readAudit()).slice(-2)).toEqual([
        { action: 'ops.queues.put', actor_id: admin.id, target: `${target}pause` },
        { action: 'ops.queues.put', actor_id: admin.id, target: `${target}resume` },
      ]);
    });

    test("answer what they cannot do with a problem, not with the board's own words", async () => {
      const session = await logInToOps(api.client, admin.email);
      const path = '/ops/queues/api/queues/grading/1/update-data';
      expectProblem(await api.client.request('PATCH', path, '{"a":', session), 400, 'MALFORMED_JSON');
    });

    test('obey no other site', async () => {
      const session = await logInToOps(api.client, admin.email);
      const own = { Origin: api.url, 'Sec-Fetch-Site': 'same-origin' };
      const strangers = [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { Origin: api.url.replace('127.0.0.1', 'localhost') },
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site' },
      ];
      for (const stranger of strangers) {
        expectProblem(await act(session, 'pause', stranger), 403, 'FORBIDDEN');
        expectProblem(await sendLogin(api.client, admin.email, OPS_PASSWORD, stranger), 403, 'FORBIDDEN');
      }
      expect(await api.deps.backend.queue('grading').isPaused()).toBe(false);
      expect((await act(session, 'resume', own)).status).toBe(200);
    });

    test('let queues be changed for a while after the login only', async () => {
      const session = await logInToOps(api.client, admin.email);
      await database.db.query(sql.typeAlias('void')`
        UPDATE sessions SET authenticated_at = now() - interval '31 minutes' WHERE user_id = ${admin.id}`);
      const refused = await act(session, 'pause');
      expectProblem(refused, 403, 'STEP_UP_REQUIRED');
      expect(refused.body).toMatchObject({ detail: expect.stringContaining('/ops/login') });
      expect(await readQueues(session)).toHaveLength(4);
      expect(await api.deps.backend.queue('grading').isPaused()).toBe(false);
      const again = await sendLogin(api.client, admin.email, OPS_PASSWORD, session);
      const renewed = { Cookie: (again.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' };
      expect((await act(renewed, 'resume')).status).toBe(200);
      expectProblem(await act(session, 'resume'), 401, 'UNAUTHENTICATED');
    });

    test('end with a logout, for good', async () => {
      const session = await logInToOps(api.client, admin.email);
      const out = await api.client.request('POST', '/ops/logout', '', session);
      expect([out.status, out.headers.get('location')]).toEqual([303, '/ops/login']);
      expect(out.headers.get('set-cookie')).toMatch(/^learnify_ops=; Max-Age=0; Path=\/ops; HttpOnly/);
      expectProblem(await api.client.get('/ops/queues/api/queues', session), 401, 'UNAUTHENTICATED');
      expect((await readAudit()).at(-1)).toEqual({ action: 'ops.logout', actor_id: admin.id, target: null });
      expect((await api.client.request('POST', '/ops/logout', '', session)).status).toBe(303);
      expect((await readAudit()).at(-1)?.action).toBe('ops.logout');
    });

    test('are kept open by who opens pages and changes things, not by a board that reads its data again', async () => {
      const session = await logInToOps(api.client, admin.email);
      const rest = () =>
        database.db.query(sql.typeAlias('void')`
          UPDATE sessions SET last_used_at = now() - interval '20 minutes' WHERE user_id = ${admin.id}`);
      const idleMinutes = () =>
        database.db.oneFirst(sql.type(z.strictObject({ minutes: z.int() }))`
          SELECT floor(extract(epoch FROM now() - max(last_used_at)) / 60)::int AS minutes FROM sessions WHERE user_id = ${admin.id}`);
      const fetched = { ...session, 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' };
      await rest();
      for (const data of ['queues', 'queues?activeQueue=grading', 'queues/grading/metrics', 'job-schedulers']) {
        expect((await api.client.get(`/ops/queues/api/${data}`, fetched)).status).toBe(200);
        expect({ data, minutes: await idleMinutes() }).toEqual({ data, minutes: 20 });
      }
      expect((await api.client.get('/ops/queues/queue/grading', { ...HTML, ...session })).status).toBe(200);
      expect(await idleMinutes()).toBe(0);
      await rest();
      expect((await act(session, 'resume')).status).toBe(200);
      expect(await idleMinutes()).toBe(0);
    });

    test('end when the account loses its role, when nobody used them for half an hour, and after eight hours', async () => {
      const fallen = await buildAccount(database.db, 'admin');
      const session = await logInToOps(api.client, fallen.email);
      await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner}' WHERE id = ${fallen.id}`);
      expectProblem(await api.client.get('/ops/queues/api/queues', session), 403, 'FORBIDDEN');
      const idle = await logInToOps(api.client, admin.email);
      await database.db.query(sql.typeAlias('void')`
        UPDATE sessions SET last_used_at = now() - interval '31 minutes' WHERE user_id = ${admin.id}`);
      expectProblem(await api.client.get('/ops/queues/api/queues', idle), 401, 'UNAUTHENTICATED');
      const long = await logInToOps(api.client, admin.email);
      const hours = await database.db.oneFirst(sql.typeAlias('count')`
        SELECT extract(epoch FROM expires_at - created_at) / 3600 AS count FROM sessions WHERE user_id = ${admin.id} ORDER BY id DESC LIMIT 1`);
      expect(hours).toBe(8);
      await database.db.query(
        sql.typeAlias('void')`UPDATE sessions SET expires_at = now() WHERE user_id = ${admin.id}`,
      );
      expectProblem(await api.client.get('/ops/queues/api/queues', long), 401, 'UNAUTHENTICATED');
    });
  });
});

describe("an error of the operators' pages", () => {
  let database: TestDatabase;
  let api: InProcessApi;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra: { RATE_LIMIT_RPS: '1' } });
    await eventually('the queues are connected', () => api.deps.backend.isReady());
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  test('tells nothing of the database, and is logged', async () => {
    const operator = await buildAccount(database.db, 'operator');
    const session = await logInToOps(api.client, operator.email);
    const told = new Error('invalid byte sequence for encoding "UTF8" in query');
    const failing = jest.spyOn(api.deps.backend.queue('grading'), 'getJob').mockRejectedValue(told);
    const answer = await api.client.get('/ops/queues/api/queues/grading/1', session);
    failing.mockRestore();
    expectProblem(answer, 500, 'INTERNAL');
    expect(answer.text).not.toMatch(/UTF8|encoding|byte|query/i);
    expect(api.logs()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: 'request failed',
        request_id: answer.headers.get('x-request-id'),
      }),
    );
  });

  test('is not made of a null character', async () => {
    const operator = await buildAccount(database.db, 'operator');
    const session = await logInToOps(api.client, operator.email);
    for (const path of ['grading/%00', 'grading/1?status=%00'])
      expectProblem(await api.client.get(`/ops/queues/api/queues/${path}`, session), 422, 'VALIDATION_FAILED');
  });

  describe('that other sites make', () => {
    beforeEach(() => {
      // No window ends meanwhile.
      jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    });
    afterEach(() => {
      jest.restoreAllMocks();
    });

    test('is counted, so that nobody can make it without end', async () => {
      const statuses: number[] = [];
      for (let sent = 0; sent < 12; sent += 1) {
        const { status } = await api.client.request('POST', '/ops/x', '', { Origin: 'https://evil.example' });
        statuses.push(status);
      }
      expect(new Set(statuses.slice(0, 5))).toEqual(new Set([403]));
      expect(statuses.at(-1)).toBe(429);
    });
  });
});
