import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
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
      const [pair = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
      expect(pair).toMatch(/^learnify_ops=[\w-]{43}$/);
      expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=28800', 'Path=/ops', 'SameSite=Strict']);
      const stored = await database.db.oneFirst(sql.type(z.strictObject({ tokens: z.string() }))`
        SELECT string_agg(t::text, ' ') AS tokens FROM session_tokens t`);
      expect(stored).not.toContain(pair.split('=')[1]);
      expect(await readAudit()).toContainEqual({ action: 'ops.login', actor_id: operator.id, target: null });
    });

    test('sends its cookie over TLS only in production', async () => {
      const extra = { SERVER_ENV: 'production' };
      const production = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
      try {
        const { headers } = await sendLogin(production.client, operator.email);
        expect((headers.get('set-cookie') ?? '').split('; ')).toContain('Secure');
      } finally {
        await production.close();
      }
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
    test('show every queue, as a page and as JSON', async () => {
      const session = await logInToOps(api.client, operator.email);
      const page = await api.client.get('/ops/queues', { ...HTML, ...session });
      expect(page.status).toBe(200);
      expect(page.text).toContain('Learnify queues');
      expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
      const queues = await readQueues(session);
      expect(queues.map(({ name }) => name).sort()).toEqual(['grading', 'maintenance', 'review']);
      expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    });

    test('let nothing be changed', async () => {
      const session = await logInToOps(api.client, operator.email);
      const before = await readAudit();
      for (const action of ['pause', 'resume', 'empty', 'clean/completed', 'retry/failed', 'promote', 'obliterate']) {
        const { status } = await act(session, action);
        expect({ action, status }).toEqual({ action, status: 403 });
      }
      for (const method of ['POST', 'PATCH', 'DELETE']) {
        const answer = await api.client.request(method, '/ops/queues/api/queues/pause', undefined, session);
        expectProblem(answer, 403, 'FORBIDDEN');
      }
      expect(await api.deps.backend.queue('grading').isPaused()).toBe(false);
      expect(await readAudit()).toEqual(before);
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

    test('end with a logout, for good', async () => {
      const session = await logInToOps(api.client, admin.email);
      const out = await api.client.request('POST', '/ops/logout', '', session);
      expect([out.status, out.headers.get('location')]).toEqual([303, '/ops/login']);
      expect(out.headers.get('set-cookie')).toMatch(/^learnify_ops=; Max-Age=0; Path=\/ops; HttpOnly/);
      expectProblem(await api.client.get('/ops/queues/api/queues', session), 401, 'UNAUTHENTICATED');
    });

    test('end when the account loses its role, or when nobody used them for half an hour', async () => {
      const fallen = await buildAccount(database.db, 'admin');
      const session = await logInToOps(api.client, fallen.email);
      await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner}' WHERE id = ${fallen.id}`);
      expectProblem(await api.client.get('/ops/queues/api/queues', session), 403, 'FORBIDDEN');
      const idle = await logInToOps(api.client, admin.email);
      await database.db.query(sql.typeAlias('void')`
        UPDATE sessions SET last_used_at = now() - interval '31 minutes' WHERE user_id = ${admin.id}`);
      expectProblem(await api.client.get('/ops/queues/api/queues', idle), 401, 'UNAUTHENTICATED');
    });
  });
});
