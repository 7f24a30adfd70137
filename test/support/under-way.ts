import type { QuerySqlToken } from 'slonik';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { insertAccountRequest, issueAccountRequestToken } from '../../shared/identity/account-request.repository.ts';
import { hashOpaqueToken, newOpaqueToken } from '../../shared/identity/opaque-token.ts';
import { eventually } from './eventually.ts';

/**
 * Does `work` while a transaction of another connection holds what `lock` locks. What `work` begins and does not wait for, it returns in an
 * array.
 */
export async function whileLocked<Result>(
  db: Database,
  lock: QuerySqlToken,
  work: () => Promise<Result>,
): Promise<Result> {
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = db.transaction(async (tx) => {
    await tx.query(lock);
    locked.resolve();
    await release.promise;
  });
  await Promise.race([locked.promise, holding]);
  try {
    return await work();
  } finally {
    release.resolve();
    await holding;
  }
}

/** The same while a login of this user is under way: what changes the user waits until it is over, other logins join it. */
export const whileLoginLasts = <Begun extends unknown[]>(db: Database, userId: string, work: () => Promise<Begun>) =>
  whileLocked(db, sql.typeAlias('void')`SELECT FROM users WHERE id = ${userId} FOR SHARE`, work);

/** Waits until so many statements wait for locks in this database. */
export const untilWaiting = (db: Database, count: number): Promise<unknown> =>
  eventually(`${count} wait for a lock`, async () => {
    const waiting = await db.oneFirst(sql.type(z.strictObject({ waiting: z.int() }))`
      SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return waiting === count;
  });

/** The token of a link for another password, as if it had been mailed. */
export async function buildResetToken(db: Database, userId: string): Promise<string> {
  const id = newId();
  const token = newOpaqueToken();
  const email = 'whoever@example.com';
  await insertAccountRequest(db, { id, purpose: 'reset_password', userId, email, lifetimeSeconds: 60 });
  await issueAccountRequestToken(db, id, hashOpaqueToken(token));
  return token;
}
