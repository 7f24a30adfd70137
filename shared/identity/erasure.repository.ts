import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { emailKey } from './user.repository.ts';

/** The end of an account (ADR 14): first nobody can use or recognise it any more, then what belongs to it goes in batches, then its row. */

/**
 * Closes an account whose password was verified: its address is free again, nothing in its row tells whose it was. Returns false when it is
 * closed already, or its password was changed meanwhile.
 */
export async function closeAccount(
  tx: Database,
  { id, password_hash: passwordHash }: { id: string; password_hash: string },
): Promise<boolean> {
  const closed = await tx.query(sql.typeAlias('void')`
    UPDATE users SET erasing_since = now(), email = '', email_key = 'erased ' || id, name = '', password_hash = '', roles = '{learner}',
      email_verified_at = NULL, updated_at = now()
    WHERE id = ${id} AND password_hash = ${passwordHash} AND erasing_since IS NULL`);
  return closed.rowCount === 1;
}

/** Removes what was mailed to an account or its address, and what the links in it were for. */
export async function deleteCorrespondence(tx: Database, userId: string, email: string): Promise<void> {
  const key = emailKey(email);
  // Registrations of the address that were never confirmed, too. Mails go with the request that they are about.
  await tx.query(sql.typeAlias('void')`
    DELETE FROM account_requests
    WHERE user_id = ${userId} OR id IN (SELECT account_request_id FROM mails WHERE recipient_key = ${key})`);
  await tx.query(sql.typeAlias('void')`DELETE FROM mails WHERE user_id = ${userId} OR recipient_key = ${key}`);
}

/** Accounts whose erasure began more than `olderThanSeconds` ago, the oldest first. */
export async function listClosedAccounts(
  db: Database,
  olderThanSeconds: number,
  limit: number,
): Promise<readonly string[]> {
  return db.anyFirst(sql.type(z.strictObject({ id: z.string() }))`
    SELECT id FROM users WHERE erasing_since < now() - make_interval(secs => ${olderThanSeconds}) ORDER BY erasing_since LIMIT ${limit}`);
}

/** Whether this account is to be erased: locked so that one worker is at it at a time. False also while another is. */
export async function tryLockClosedAccount(tx: Database, userId: string): Promise<boolean> {
  const locked = await tx.maybeOne(sql.type(z.strictObject({ id: z.string() }))`
    SELECT id FROM users WHERE id = ${userId} AND erasing_since IS NOT NULL FOR NO KEY UPDATE SKIP LOCKED`);
  return locked !== null;
}

/**
 * Removes up to `limit` submissions of a learner with their runs and reviews, in the order in which others lock them: regrades, runs,
 * submissions, cached reviews. What a language model said of the code goes as well, though others with the same code could have been served it.
 *
 * @returns how many submissions went.
 */
export async function deleteSubmissions(tx: Database, learnerId: string, limit: number): Promise<number> {
  const ids = await tx.anyFirst(sql.type(z.strictObject({ id: z.string() }))`
    SELECT id FROM submissions WHERE learner_id = ${learnerId} ORDER BY exercise_id, id LIMIT ${limit}`);
  if (ids.length === 0) return 0;
  const batch = sql.array([...ids], 'uuid');
  await tx.query(sql.typeAlias('void')`DELETE FROM regrades WHERE submission_id = ANY(${batch})`);
  await tx.query(sql.typeAlias('void')`DELETE FROM grading_runs WHERE submission_id = ANY(${batch})`);
  // A review that is settled in this moment comes before this, and is deleted, or finds nothing to settle.
  await tx.query(sql.typeAlias('void')`SELECT FROM submissions WHERE id = ANY(${batch}) ORDER BY id FOR UPDATE`);
  const contentHashes = await tx.anyFirst(sql.type(z.strictObject({ content_hash: z.instanceof(Buffer).nullable() }))`
    DELETE FROM reviews WHERE submission_id = ANY(${batch}) RETURNING content_hash`);
  await tx.query(sql.typeAlias('void')`DELETE FROM submissions WHERE id = ANY(${batch})`);
  await tx.query(sql.typeAlias('void')`
    DELETE FROM review_cache WHERE body IS NOT NULL AND content_hash = ANY(${sql.array(
      contentHashes.filter((hash) => hash !== null),
      'bytea',
    )})`);
  return ids.length;
}

/** Takes a learner's id off the record of what language models cost. Returns how many records were changed. */
export async function anonymiseAiRequests(tx: Database, learnerId: string, limit: number): Promise<number> {
  const changed = await tx.query(sql.typeAlias('void')`
    UPDATE ai_requests SET learner_id = NULL
    WHERE id IN (SELECT id FROM ai_requests WHERE learner_id = ${learnerId} LIMIT ${limit})`);
  return changed.rowCount;
}

/**
 * The same for what a worker that was at it asked for while the account went: the record has no foreign key, since it outlives whom it was for.
 * To be called again and again; the last few minutes are looked at. Returns how many records were changed.
 */
export async function anonymiseOrphanedAiRequests(db: Database): Promise<number> {
  const changed = await db.query(sql.typeAlias('void')`
    UPDATE ai_requests r SET learner_id = NULL
    WHERE r.learner_id IS NOT NULL AND r.created_at > now() - interval '30 minutes'
      AND NOT EXISTS (SELECT FROM users u WHERE u.id = r.learner_id)`);
  return changed.rowCount;
}

/** Courses that nobody else was ever let into: those made for this learner, and drafts. Published ones lose their owner with the account. */
export async function deleteOwnCourses(tx: Database, ownerId: string, limit: number): Promise<number> {
  const deleted = await tx.query(sql.typeAlias('void')`
    DELETE FROM courses WHERE id IN (
      SELECT id FROM courses WHERE owner_id = ${ownerId} AND (kind = 'generated' OR status = 'draft') LIMIT ${limit})`);
  return deleted.rowCount;
}

/** Removes up to `limit` of an account's sessions, with their tokens. Returns how many went. */
export async function deleteSessions(tx: Database, userId: string, limit: number): Promise<number> {
  const deleted = await tx.query(sql.typeAlias('void')`
    DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = ${userId} LIMIT ${limit})`);
  return deleted.rowCount;
}

/** The account's row, and with it the rest: enrolments, solved exercises, hints, the archetype, idempotency keys. */
export async function deleteClosedAccount(tx: Database, userId: string): Promise<boolean> {
  const deleted = await tx.query(sql.typeAlias('void')`
    DELETE FROM users WHERE id = ${userId} AND erasing_since IS NOT NULL`);
  return deleted.rowCount === 1;
}
