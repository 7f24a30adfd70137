import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import { z } from 'zod';
import type { RequestFacts } from '../../api/http/define-route.ts';
import { lockProvedUser, startApiSession } from '../../api/identity/sessions/session.service.ts';
import { sql } from '../../shared/db/sql.ts';
import { findUser } from '../../shared/identity/user.repository.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, logInToOps, OPS_PASSWORD, sendLogin } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { sessionOf, sessions, tokensOf } from '../support/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** As seen by a service that asks for nothing but where a request came from. */
const FROM_NOWHERE: RequestFacts = {
  ip: null,
  userAgent: null,
  idempotencyKey: null,
  lastEventId: null,
  signal: new AbortController().signal,
  hasCopyOf: null,
};
const Sessions = z.object({ items: z.array(z.object({ id: z.string(), current: z.boolean() })) });

const RUNBOOK = readFileSync(new URL('../../docs/security/incident.md', import.meta.url), 'utf8');

let database: TestDatabase;
let api: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const { logIn, refresh, as, newAccount, expectOver, auditOf } = sessions(() => ({ api, db: database.db }));
const listSessions = async (client: Client) => Sessions.parse((await client.get('/api/v1/auth/sessions')).body).items;

describe('a session', () => {
  test('ends at logout, for itself only, and is audited', async () => {
    const { id, email, tokens: here } = await newAccount();
    const elsewhere = await logIn(email);
    const out = await as(here).post('/api/v1/auth/logout');
    expect([out.status, out.text]).toEqual([204, '']);
    await expectOver(here);
    expect((await as(elsewhere).get('/api/v1/users/me')).status).toBe(200);
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200);
    expect(await auditOf(id, 'session.revoked')).toEqual([{ target: sessionOf(here), details: { reason: 'logout' } }]);
  });

  test('ends with all others of its account at logout everywhere, those of the operators’ pages too, and of no other account', async () => {
    const { id, email } = await buildAccount(database.db, 'operator');
    const [here, there] = [await logIn(email), await logIn(email)];
    const cookie = await logInToOps(api.client, email);
    const { tokens: stranger } = await newAccount();
    expect((await api.client.get('/ops/queues', cookie)).status).toBe(200);
    expect((await as(here).post('/api/v1/auth/logout-all')).status).toBe(204);
    await expectOver(here);
    await expectOver(there);
    expect((await api.client.get('/ops/queues', { ...cookie, Accept: 'application/json' })).status).toBe(401);
    expect((await as(stranger).get('/api/v1/users/me')).status).toBe(200);
    expect(await auditOf(id, 'session.all_revoked')).toEqual([{ target: null, details: { sessions: 3 } }]);
    // Whoever logs in again is in at once.
    expect((await as(await logIn(email)).get('/api/v1/users/me')).status).toBe(200);
  });

  test('is listed to its owner with where it began and whether it is this one, and no token of it', async () => {
    const { email, tokens: first } = await newAccount();
    const second = await logIn(email, { 'User-Agent': 'Netscape Navigator' });
    await as(await logIn(email)).post('/api/v1/auth/logout');
    const answer = await as(second).get('/api/v1/auth/sessions');
    expect(answer.headers.get('cache-control')).toContain('private');
    const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const common = {
      kind: 'api',
      createdAt: moment,
      lastUsedAt: moment,
      expiresAt: moment,
      ip: '127.0.0.1',
      secondFactor: false,
    };
    expect(answer.body).toEqual({
      items: [
        { ...common, id: sessionOf(second), userAgent: 'Netscape Navigator', current: true },
        { ...common, id: sessionOf(first), userAgent: expect.any(String), current: false },
      ],
    });
    for (const token of [first, second].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])) {
      expect(answer.text).not.toContain(token);
    }
  });

  test('can be ended by its owner from another one', async () => {
    const { id, email, tokens: lost } = await newAccount();
    const here = await logIn(email);
    const path = `/api/v1/auth/sessions/${sessionOf(lost)}`;
    expect((await as(here).request('DELETE', path)).status).toBe(204);
    await expectOver(lost);
    expect(await listSessions(as(here))).toEqual([{ id: sessionOf(here), current: true }]);
    expect(await auditOf(id, 'session.revoked')).toEqual([
      { target: sessionOf(lost), details: { reason: 'ended by its owner' } },
    ]);
    expectProblem(await as(here).request('DELETE', path), 404, 'NOT_FOUND');
  });

  test('of somebody else cannot be ended, nor told apart from none', async () => {
    const { tokens: victim } = await newAccount();
    const { tokens: attacker } = await newAccount();
    const remove = (id: string) => as(attacker).request('DELETE', `/api/v1/auth/sessions/${id}`);
    const answers = [await remove(sessionOf(victim)), await remove(crypto.randomUUID()), await remove('nonsense')];
    for (const answer of answers) expectProblem(answer, 404, 'NOT_FOUND');
    const bodies = answers.map(({ body }) => ({ ...(body as object), requestId: null }));
    expect(bodies).toEqual([bodies[0], bodies[0], bodies[0]]);
    expect((await as(victim).get('/api/v1/users/me')).status).toBe(200);
  });

  test('that was used longest ago ends when its account has too many', async () => {
    const { id, email, tokens: first } = await newAccount();
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO sessions (id, user_id, kind, created_at, last_used_at, expires_at)
      SELECT gen_random_uuid(), ${id}, 'api', now(), now() + interval '1 minute', now() + interval '1 day' FROM generate_series(1, 49)`);
    expect(await listSessions(as(first))).toHaveLength(50);
    await refresh(first.refreshToken);
    const last = await logIn(email);
    const live = await listSessions(as(last));
    expect(live).toHaveLength(50);
    expect(live.map((session) => session.id)).toContain(sessionOf(last));
    await expectOver(first);
  });

  test('of a login is always a new one: a token or cookie brought along is neither adopted nor a way in', async () => {
    const attacker = await newAccount();
    const { email } = await buildAccount(database.db, 'operator');
    const planted = await logIn(email, { Authorization: `Bearer ${attacker.tokens.accessToken}` });
    expect(sessionOf(planted)).not.toBe(sessionOf(attacker.tokens));
    expect((await as(attacker.tokens).get('/api/v1/users/me')).body).toMatchObject({ id: attacker.id });
    for (const field of ['sessionId', 'sid', 'refreshToken']) {
      const fixed = await api.client.post('/api/v1/auth/login', {
        email,
        password: OPS_PASSWORD,
        [field]: 'x'.repeat(43),
      });
      expectProblem(fixed, 422, 'VALIDATION_FAILED');
    }
    const known = 'k'.repeat(43);
    const { status, headers } = await sendLogin(api.client, email, OPS_PASSWORD, { Cookie: `learnify_ops=${known}` });
    expect(status).toBe(303);
    expect(headers.get('set-cookie')).toMatch(/^learnify_ops=[\w-]{43};/);
    expect(headers.get('set-cookie')).not.toContain(known);
    const withKnown = { Cookie: `learnify_ops=${known}`, Accept: 'application/json' };
    expect((await api.client.get('/ops/queues', withKnown)).status).toBe(401);
  });

  test('is begun by whoever logs in with an old token still attached, expired or ended', async () => {
    const { email, tokens } = await newAccount();
    await as(tokens).post('/api/v1/auth/logout');
    const again = await as(tokens).post('/api/v1/auth/login', { email, password: OPS_PASSWORD });
    expect(again.status).toBe(200);
    const refreshed = await as(tokens).post('/api/v1/auth/refresh', { refreshToken: tokensOf(again).refreshToken });
    expect(refreshed.status).toBe(200);
  });

  test('is not begun by a login that was under way while its password was changed', async () => {
    const { email, tokens: here } = await newAccount();
    const newPassword = 'seven lanterns over water';
    const changing = as(here).post('/api/v1/auth/password', { currentPassword: OPS_PASSWORD, newPassword });
    const attempts = Array.from({ length: 6 }, () =>
      api.client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD }),
    );
    const answers = await Promise.all(attempts);
    expect((await changing).status).toBe(204);
    for (const answer of answers) {
      if (answer.status === 401) expectProblem(answer, 401, 'INVALID_CREDENTIALS');
      else expectProblem(await refresh(tokensOf(answer).refreshToken), 401, 'UNAUTHENTICATED');
    }
    expect((await refresh(here.refreshToken)).status).toBe(200);
    expect(await listSessions(as(here))).toEqual([{ id: sessionOf(here), current: true }]);
  });

  test('is refused to who proved an older password, but not to whose password was only hashed anew', async () => {
    const { id } = await newAccount();
    const proved = await database.db.transaction((tx) => findUser(tx, id));
    if (proved === null) throw new Error('no account');
    const begin = () =>
      database.db.transaction(async (tx) => {
        const owner = await lockProvedUser(tx, proved);
        return startApiSession(api.deps.identity, tx, owner, FROM_NOWHERE, { secondFactor: false });
      });
    await database.db.query(sql.typeAlias('void')`
      UPDATE users SET password_hash = 'the same hashed anew', password_changed_at = now() - interval '1 day' WHERE id = ${id}`);
    expect((await begin()).user.id).toBe(id);
    await database.db.query(sql.typeAlias('void')`
      UPDATE users SET password_hash = 'another', password_changed_at = now() WHERE id = ${id}`);
    await expect(begin()).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await database.db.query(sql.typeAlias('void')`UPDATE users SET erasing_since = now() WHERE id = ${id}`);
    await expect(begin()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('ends at logout everywhere also when the login that begins it is still under way', async () => {
    const { id, tokens } = await newAccount();
    let leaving: Promise<unknown> | undefined;
    const begun = await database.db.transaction(async (tx) => {
      const user = await findUser(tx, id);
      if (user === null) throw new Error('no account');
      const owner = await lockProvedUser(tx, user);
      const answer = await startApiSession(api.deps.identity, tx, owner, FROM_NOWHERE, { secondFactor: false });
      leaving = as(tokens).post('/api/v1/auth/logout-all');
      await eventually('logout everywhere waits for it', () =>
        tx.exists(sql.type(z.strictObject({}))`
          SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))`),
      );
      return answer;
    });
    expect(await leaving).toMatchObject({ status: 204 });
    expectProblem(await refresh(begun.refreshToken), 401, 'UNAUTHENTICATED');
    expectProblem(await api.client.as(begun.accessToken).get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
  });

  test('may begin, be refreshed and end in any mixture at once: nothing waits for itself', async () => {
    const { email, tokens } = await newAccount();
    for (let round = 0; round < 4; round += 1) {
      const live = await Promise.all([logIn(email), logIn(email)]);
      const answers = await Promise.all([
        ...live.map(({ refreshToken }) => refresh(refreshToken)),
        ...live.map((one) => as(one).post('/api/v1/auth/logout')),
        refresh(tokens.refreshToken),
        as(live[0]).post('/api/v1/auth/logout-all'),
        as(live[1]).request('DELETE', `/api/v1/auth/sessions/${sessionOf(live[0])}`),
        api.client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD }),
      ]);
      expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    }
  });
});

test('the statements of the runbook end every session within seconds, and let people log in again', async () => {
  const { email, tokens } = await newAccount();
  const operator = await buildAccount(database.db, 'operator');
  const cookie = await logInToOps(api.client, operator.email);
  const queues = () => api.client.get('/ops/queues/api/queues', cookie);
  expect([(await as(tokens).get('/api/v1/users/me')).status, (await queues()).status]).toEqual([200, 200]);

  const [, statements = ''] = /```sql\n([\s\S]+?)```/.exec(RUNBOOK) ?? [];
  const client = new PostgresClient({ connectionString: database.uri });
  await client.connect();
  await client.query(statements);
  await client.end();

  await eventually(
    'the access token is refused',
    async () => (await as(tokens).get('/api/v1/users/me')).status !== 200,
  );
  await expectOver(tokens);
  expect((await queues()).status).toBe(401);
  expect((await as(await logIn(email)).get('/api/v1/users/me')).status).toBe(200);
});
