import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { RevocationList, type RevocationListOptions } from '../../api/identity/sessions/revocation-list.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { listRevocations, revokeUserTokens } from '../../shared/identity/revocation.repository.ts';
import { prune } from '../../worker/maintenance/prune.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildUser } from '../support/factories.ts';
import { openWorkerDeps } from '../support/in-process.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/test-database.ts';

const Answered = z.object({ horizon: z.string(), revocations: z.array(z.unknown()) });

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('the list of revocations', () => {
  const lists: RevocationList[] = [];
  afterEach(async () => {
    for (const list of lists.splice(0)) await list.close();
  });

  const openList = async (options: Partial<RevocationListOptions> = {}) => {
    const list = await RevocationList.open({
      db: database.db,
      notifications: { subscribe: () => undefined },
      windowSeconds: 900,
      pollMs: 600_000,
      onError: (error) => {
        throw error;
      },
      ...options,
    });
    lists.push(list);
    return list;
  };
  const tokenOf = (over: Partial<Parameters<RevocationList['judge']>[0]> = {}) => ({
    userId: newId(),
    sessionId: newId(),
    issuedAtMs: Date.now(),
    ...over,
  });
  const revokeSession = (sessionId: string, tx: Database = database.db) =>
    tx.query(sql.typeAlias('void')`INSERT INTO revocations (session_id, kind) VALUES (${sessionId}, 'ended')`);

  test('leaves out no row, in whatever order transactions that overlap are committed', async () => {
    const list = await openList();
    const [slow, quick] = [newId(), newId()];
    const release = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const slowly = database.db.transaction(async (tx) => {
      await revokeSession(slow, tx);
      written.resolve();
      await release.promise;
    });
    await written.promise;
    await revokeSession(quick);
    await list.catchUp();
    await list.catchUp();
    expect([list.judge(tokenOf({ sessionId: quick })), list.judge(tokenOf({ sessionId: slow }))]).toEqual([
      'ended',
      null,
    ]);
    release.resolve();
    await slowly;
    await list.catchUp();
    expect(list.judge(tokenOf({ sessionId: slow }))).toBe('ended');
  });

  test('reads only what is new to it', async () => {
    for (let made = 0; made < 5; made += 1) await revokeSession(newId());
    const { horizon, revocations } = await listRevocations(database.db, 900, null);
    expect(revocations.length).toBeGreaterThanOrEqual(5);
    const sessionId = newId();
    await revokeSession(sessionId);
    // Suites run beside this one on the same server: their open transactions may hold the horizon back, but never let it pass a row.
    const news = (await listRevocations(database.db, 900, horizon)).revocations;
    expect(news.map((row) => row.session_id)).toContain(sessionId);
    expect((await listRevocations(database.db, 0, null)).revocations).toEqual([]);
  });

  test('starts anew when the database is another one, which counts its transactions from the beginning', async () => {
    let ahead = 1_000_000n;
    const restoredLater = new Proxy(database.db, {
      get: (target, property, receiver) =>
        property === 'one'
          ? async (query: Parameters<typeof target.one>[0]) => {
              const { horizon, revocations } = Answered.parse(await target.one(query));
              return { horizon: String(BigInt(horizon) + ahead), revocations };
            }
          : (Reflect.get(target, property, receiver) as unknown),
    });
    const list = await openList({ db: restoredLater });
    ahead = 0n;
    const sessionId = newId();
    await revokeSession(sessionId);
    await list.catchUp();
    expect(list.judge(tokenOf({ sessionId }))).toBe('ended');
  });

  test('compares the tokens of a user with the moment of the revocation', async () => {
    const list = await openList();
    const userId = newId();
    await revokeUserTokens(database.db, userId, 'stale');
    await list.catchUp();
    const now = await database.db.oneFirst(sql.type(z.strictObject({ ms: z.number() }))`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`);
    expect(list.judge(tokenOf({ userId, issuedAtMs: now - 60_000 }))).toBe('stale');
    expect(list.judge(tokenOf({ userId, issuedAtMs: now }))).toBeNull();
    await revokeUserTokens(database.db, userId, 'ended');
    await list.catchUp();
    expect(list.judge(tokenOf({ userId, issuedAtMs: now }))).toBe('ended');
    expect(list.judge(tokenOf({ issuedAtMs: now }))).toBeNull();
  });

  test('that overflows lets nobody in: all older tokens have to be refreshed', async () => {
    const list = await openList({ maxEntries: 20 });
    const ended = newId();
    await revokeSession(ended);
    for (let made = 0; made < 25; made += 1) await revokeSession(newId());
    await list.catchUp();
    expect(list.size).toBeLessThanOrEqual(20);
    expect(list.judge(tokenOf({ sessionId: ended, issuedAtMs: Date.now() - 60_000 }))).toBe('stale');
    expect(list.judge(tokenOf({ issuedAtMs: Date.now() - 60_000 }))).toBe('stale');
    expect(list.judge(tokenOf({ issuedAtMs: Date.now() + 60_000 }))).toBeNull();
  });

  test('forgets what no token can outlive', async () => {
    const list = await openList({ windowSeconds: -59.9 });
    const sessionId = newId();
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO revocations (session_id, kind, revoked_at) VALUES (${sessionId}, 'ended', now() + interval '1 hour')`);
    await list.catchUp();
    expect(list.judge(tokenOf({ sessionId }))).toBe('ended');
    const isForgotten = async (): Promise<boolean> => {
      await list.catchUp();
      return list.size === 0 && list.judge(tokenOf({ sessionId })) === null;
    };
    // While a suite beside this one holds an older transaction open, the row keeps coming.
    await eventually('forgotten', isForgotten, 45_000);
  });

  test('is not opened at all when the database cannot be read', async () => {
    const closed = await openTestPool(database.uri);
    await closed.end();
    await expect(openList({ db: closed })).rejects.toThrow();
  });
});

test('what was revoked, sealed or used long ago is pruned, and nothing younger', async () => {
  const [old, young] = [newId(), newId()];
  await database.db.query(sql.typeAlias('void')`
    INSERT INTO revocations (session_id, kind, revoked_at) VALUES (${old}, 'ended', now() - interval '3 days'), (${young}, 'ended', now())`);
  const { id } = await buildUser(database.db);
  const session = newId();
  await database.db.query(sql.typeAlias('void')`
    INSERT INTO sessions (id, user_id, kind, expires_at) VALUES (${session}, ${id}, 'api', now() + interval '1 day')`);
  await database.db.query(sql.typeAlias('void')`
    INSERT INTO session_tokens (token_hash, session_id, consumed_at, successor_sealed)
    VALUES ('ancient', ${session}, now() - interval '8 days', NULL), ('old', ${session}, now() - interval '1 hour', 'sealed'),
      ('young', ${session}, now(), 'sealed'), ('unused', ${session}, NULL, NULL)`);
  const worker = await openWorkerDeps({ databaseUri: database.uri, prefix: uniquePrefix() });
  try {
    await prune(worker);
  } finally {
    await worker.backend.close();
    await worker.db.end();
  }
  const kept = await database.db.anyFirst(sql.type(z.strictObject({ session_id: z.string() }))`
    SELECT session_id FROM revocations WHERE session_id IN (${old}, ${young})`);
  expect(kept).toEqual([young]);
  const tokens = await database.db.any(sql.type(z.strictObject({ token: z.string(), sealed: z.boolean() }))`
    SELECT convert_from(token_hash, 'UTF8') AS token, successor_sealed IS NOT NULL AS sealed
    FROM session_tokens WHERE session_id = ${session} ORDER BY 1`);
  expect(tokens).toEqual([
    { token: 'old', sealed: false },
    { token: 'unused', sealed: false },
    { token: 'young', sealed: true },
  ]);
});
