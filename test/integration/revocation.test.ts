import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from '../../shared/db/sql.ts';
import { revokeUserTokens } from '../../shared/identity/revocation.repository.ts';
import { revokeSessionsOf } from '../../shared/identity/session.repository.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, OPS_PASSWORD } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { sessionOf, tokensOf, type Tokens } from '../support/sessions.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase, serverUri, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
});

const me = (client: Client, { accessToken }: Tokens) => client.as(accessToken).get('/api/v1/users/me');
const open = (extra: Record<string, string> = {}, uri = database.uri) =>
  openApi({ databaseUri: uri, prefix: uniquePrefix(), extra });
const logIn = async ({ client }: InProcessApi, email: string) =>
  tokensOf(await client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD }));
const becomesRefused = (what: string, { client }: InProcessApi, tokens: Tokens) =>
  eventually(what, async () => {
    const answer = await me(client, tokens);
    return answer.status === 200 ? null : answer;
  });

describe.each([
  ['told by the database', {}],
  // NOTIFY stays within a database: connected, but deaf, as behind a pooler in transaction mode.
  ['found by asking, where notifications are not heard', { DATABASE_LISTEN_URL: serverUri() }],
])('a revocation reaches another process: %s', (_how, extra: Record<string, string>) => {
  let here: InProcessApi;
  let there: InProcessApi;
  beforeAll(async () => {
    here = await open();
    there = await open(extra);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });

  test('a session that is logged out is over in both, and no other one', async () => {
    const { email } = await buildAccount(database.db, 'learner');
    const [leaving, staying] = [await logIn(here, email), await logIn(there, email)];
    // Known to be genuine in both: what was found out before must not outlast the revocation.
    for (const api of [here, there]) expect((await me(api.client, leaving)).status).toBe(200);
    await here.client.as(leaving.accessToken).post('/api/v1/auth/logout');
    expectProblem(await me(here.client, leaving), 401, 'UNAUTHENTICATED');
    const refused = await becomesRefused('logged out there too', there, leaving);
    expectProblem(refused, 401, 'UNAUTHENTICATED');
    expect(refused.body).toMatchObject({ detail: 'This session has ended.' });
    for (const api of [here, there]) expect((await me(api.client, staying)).status).toBe(200);
    expect((await there.client.get('/metrics')).text).toMatch(/auth_token_validations_total\{result="revoked"\} [1-9]/);
  });

  test('tokens that became stale have to be refreshed, which brings what is true by now', async () => {
    const { id, email } = await buildAccount(database.db, 'learner');
    const before = await logIn(there, email);
    await database.db.transaction(async (tx) => {
      await tx.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner,operator}' WHERE id = ${id}`);
      await revokeUserTokens(tx, id, 'stale');
    });
    expectProblem(await becomesRefused('stale', there, before), 401, 'TOKEN_EXPIRED');
    const after = await there.client.post('/api/v1/auth/refresh', { refreshToken: before.refreshToken });
    expect((await me(there.client, tokensOf(after))).body).toMatchObject({ roles: ['learner', 'operator'] });
    expectProblem(await me(there.client, before), 401, 'TOKEN_EXPIRED');
  });

  test('all sessions of a user end but the one that is excepted', async () => {
    const { id, email } = await buildAccount(database.db, 'learner');
    const [kept, other] = [await logIn(here, email), await logIn(here, email)];
    const keptId = sessionOf(kept);
    await database.db.transaction((tx) => revokeSessionsOf(tx, id, 'for a test', keptId));
    for (const api of [here, there]) {
      expectProblem(await becomesRefused('the other ended', api, other), 401, 'UNAUTHENTICATED');
      expect((await me(api.client, kept)).status).toBe(200);
    }
  });

  test('a user whose tokens ended gets new ones that work', async () => {
    const { id, email } = await buildAccount(database.db, 'learner');
    const before = await logIn(here, email);
    await database.db.transaction((tx) => revokeUserTokens(tx, id, 'ended'));
    expectProblem(await becomesRefused('ended', there, before), 401, 'UNAUTHENTICATED');
    expect((await me(there.client, await logIn(here, email))).status).toBe(200);
  });
});

describe('a process', () => {
  test('asks the database once in a while, and not once for each request', async () => {
    const api = await open();
    try {
      const { email } = await buildAccount(database.db, 'learner');
      const { accessToken } = await logIn(api, email);
      const queries = async () => {
        const counts = (await api.client.get('/metrics')).text.matchAll(
          /^db_query_duration_seconds_count\{.*\} (\d+)$/gm,
        );
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      };
      const before = await queries();
      expect(before).toBeGreaterThan(0);
      for (let asked = 0; asked < 300; asked += 1) {
        // Nothing but the token is looked at before a malformed id is refused.
        const answer = await api.client.as(accessToken).request('DELETE', '/api/v1/auth/sessions/nonsense');
        expect(answer.status).toBe(404);
      }
      expect((await queries()) - before).toBeLessThan(100);
    } finally {
      await api.close();
    }
  });

  test('that starts afterwards knows what was revoked before, from its first request on', async () => {
    const first = await open();
    try {
      const { email } = await buildAccount(database.db, 'learner');
      const tokens = await logIn(first, email);
      await first.client.as(tokens.accessToken).post('/api/v1/auth/logout');
      const second = await open({ DATABASE_LISTEN_URL: serverUri() });
      const answer = await me(second.client, tokens);
      await second.close();
      expectProblem(answer, 401, 'UNAUTHENTICATED');
    } finally {
      await first.close();
    }
  });

  test('cut off from the database keeps refusing what it knows, and makes up for what it missed', async () => {
    const proxy = await startTcpProxy(database.uri);
    const healthy = await open();
    const cutOff = await open({}, proxy.through(database.uri));
    try {
      const { email } = await buildAccount(database.db, 'learner');
      const [before, during] = [await logIn(healthy, email), await logIn(healthy, email)];
      await healthy.client.as(before.accessToken).post('/api/v1/auth/logout');
      await becomesRefused('known before the outage', cutOff, before);
      await proxy.cut();
      await healthy.client.as(during.accessToken).post('/api/v1/auth/logout');
      await eventually('a poll failed', () =>
        cutOff.logs().some(({ message }) => message === 'revoked access tokens could not be asked for'),
      );
      expectProblem(await me(cutOff.client, before), 401, 'UNAUTHENTICATED');
      await proxy.restore();
      const refused = await eventually('found out', async () => {
        const answer = await me(cutOff.client, during);
        return answer.status === 401 ? answer : null;
      });
      expectProblem(refused, 401, 'UNAUTHENTICATED');
    } finally {
      await healthy.close();
      await cutOff.close();
      await proxy.close();
    }
  });
});
