import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

export type GuardScope = 'account' | 'account_network' | 'account_spent' | 'device' | 'network' | 'second_factor';

/** What failures are counted of. */
export interface GuardSubject {
  scope: GuardScope;
  /** SHA-256. */
  key: Buffer;
  /** SHA-256 of the account that is tried; null when failures are not about one. */
  accountKey: Buffer | null;
}

const GuardRow = z.strictObject({
  scope: z.string(),
  failures: z.number(),
  /** Since the last failure. */
  idle_seconds: z.number(),
  /** Until an attempt is looked at again; not above 0 when one is now. */
  wait_seconds: z.number(),
});
export type GuardRow = z.infer<typeof GuardRow>;

const guardColumns = sql.fragment`scope, failures, extract(epoch FROM clock_timestamp() - last_failure_at)::float8 AS idle_seconds,
  extract(epoch FROM blocked_until - clock_timestamp())::float8 AS wait_seconds`;

/** The rows that there are of these subjects. */
export async function readGuards(db: Database, subjects: readonly GuardSubject[]): Promise<readonly GuardRow[]> {
  return db.any(sql.type(GuardRow)`SELECT ${guardColumns} FROM login_guards WHERE key = ANY(${keysOf(subjects)})`);
}

/** The rows of these subjects, made where there are none, locked in one order for everybody. */
export async function lockGuards(tx: Database, subjects: readonly GuardSubject[]): Promise<readonly GuardRow[]> {
  const columns = subjects.map(({ key, scope, accountKey }) => [key, scope, accountKey]);
  await tx.query(sql.typeAlias('void')`
    INSERT INTO login_guards (key, scope, account_key, failures, last_failure_at, blocked_until)
    SELECT key, scope, account_key, 0, clock_timestamp(), clock_timestamp()
    FROM ${sql.unnest(columns, ['bytea', 'text', 'bytea'])} AS subject (key, scope, account_key)
    ORDER BY key
    ON CONFLICT (key) DO NOTHING`);
  return tx.any(sql.type(GuardRow)`
    SELECT ${guardColumns} FROM login_guards WHERE key = ANY(${keysOf(subjects)}) ORDER BY key FOR UPDATE`);
}

/** What is counted of a locked subject from now on, and how long attempts wait. */
interface GuardUpdate {
  key: Buffer;
  failures: number;
  delaySeconds: number;
}

export async function updateGuards(tx: Database, updates: readonly GuardUpdate[]): Promise<void> {
  const columns = updates.map(({ key, failures, delaySeconds }) => [key, failures, delaySeconds]);
  await tx.query(sql.typeAlias('void')`
    UPDATE login_guards g SET failures = counted.failures, last_failure_at = clock_timestamp(),
      blocked_until = clock_timestamp() + make_interval(secs => counted.delay_seconds)
    FROM ${sql.unnest(columns, ['bytea', 'float8', 'float8'])} AS counted (key, failures, delay_seconds)
    WHERE g.key = counted.key`);
}

/** Takes back one counted attempt of each, which was no failure; what waited for its outcome may go on. */
export async function takeBackFailure(db: Database, subjects: readonly GuardSubject[]): Promise<void> {
  await db.query(sql.typeAlias('void')`
    WITH locked AS (SELECT key FROM login_guards WHERE key = ANY(${keysOf(subjects)}) ORDER BY key FOR UPDATE)
    UPDATE login_guards g SET failures = greatest(0, failures - 1), blocked_until = last_failure_at
    FROM locked WHERE g.key = locked.key`);
}

export async function deleteGuards(db: Database, subjects: readonly GuardSubject[]): Promise<void> {
  await db.query(sql.typeAlias('void')`DELETE FROM login_guards WHERE key = ANY(${keysOf(subjects)})`);
}

/** Forgives whatever was counted of an account's password, wherever it was tried. */
export async function deleteGuardsOfAccount(db: Database, accountKey: Buffer): Promise<void> {
  // In the order in which attempts lock them: somebody may be guessing at this moment.
  await db.query(sql.typeAlias('void')`
    WITH locked AS (SELECT key FROM login_guards WHERE account_key = ${sql.binary(accountKey)} ORDER BY key FOR UPDATE)
    DELETE FROM login_guards g USING locked WHERE g.key = locked.key`);
}

/** Returns how many went. */
export async function deleteIdleGuards(db: Database, days: number): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM login_guards WHERE last_failure_at < now() - make_interval(days => ${days})`);
  return deleted.rowCount;
}

const keysOf = (subjects: readonly GuardSubject[]) =>
  sql.array(
    subjects.map(({ key }) => key),
    'bytea',
  );
