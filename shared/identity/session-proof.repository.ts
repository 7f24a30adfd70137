import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

export interface OwnSession {
  sessionId: string;
  userId: string;
}

const Proof = z.strictObject({ authenticated_at: z.int() });

/**
 * Keeps a user's sessions from beginning until this transaction is over, and waits for those that are beginning. For what changes how
 * somebody has to prove who they are: a session begun meanwhile would have been begun the old way.
 */
export async function lockUserAgainstSessions(tx: Database, userId: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`SELECT FROM users WHERE id = ${userId} FOR NO KEY UPDATE`);
}

const isLive = ({ sessionId, userId }: OwnSession) =>
  sql.fragment`id = ${sessionId} AND user_id = ${userId} AND revoked_at IS NULL AND expires_at > now()`;

/** Whether a session is in force, and keeps it so until the transaction ends. To be called once its user is locked. */
export async function lockLiveSession(tx: Database, session: OwnSession): Promise<boolean> {
  const locked = await tx.query(sql.typeAlias('void')`SELECT FROM sessions WHERE ${isLive(session)} FOR NO KEY UPDATE`);
  return locked.rowCount === 1;
}

/** Notes that the session's user has just proved who they are. Returns when, in seconds since 1970; null when the session is over. */
export async function renewSessionProof(
  tx: Database,
  session: OwnSession,
  proof: { secondFactor: boolean },
): Promise<number | null> {
  return tx.maybeOneFirst(sql.type(Proof)`
    UPDATE sessions SET authenticated_at = now(), second_factor = ${proof.secondFactor}, last_used_at = now() WHERE ${isLive(session)}
    RETURNING floor(extract(epoch FROM authenticated_at))::int AS authenticated_at`);
}

/** Notes whether a second factor stands behind the session, as of its last proof. Returns when that was; null when the session is over. */
export async function setSessionFactor(
  tx: Database,
  session: OwnSession,
  proof: { secondFactor: boolean },
): Promise<number | null> {
  return tx.maybeOneFirst(sql.type(Proof)`
    UPDATE sessions SET second_factor = ${proof.secondFactor} WHERE ${isLive(session)}
    RETURNING floor(extract(epoch FROM authenticated_at))::int AS authenticated_at`);
}
