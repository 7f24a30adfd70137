import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

export type SessionKind = 'api' | 'ops';

interface NewSession {
  id: string;
  userId: string;
  kind: SessionKind;
  ip: string | null;
  userAgent: string | null;
  lifetimeSeconds: number;
  secondFactor: boolean;
}

const PresentedTokenRow = z.strictObject({
  session_id: z.string(),
  user_id: z.string(),
  consumed: z.boolean(),
  ended: z.boolean(),
  /** Seconds since 1970. */
  authenticated_at: z.int(),
  second_factor: z.boolean(),
});
export type PresentedTokenRow = z.infer<typeof PresentedTokenRow>;

export async function insertSession(db: Database, session: NewSession): Promise<void> {
  await db.query(sql.typeAlias('void')`
    INSERT INTO sessions (id, user_id, kind, ip, user_agent, second_factor, expires_at)
    VALUES (${session.id}, ${session.userId}, ${session.kind}, ${session.ip}, ${session.userAgent}, ${session.secondFactor},
      now() + make_interval(secs => ${session.lifetimeSeconds}))`);
}

export async function insertSessionToken(db: Database, sessionId: string, tokenHash: Buffer): Promise<void> {
  await db.query(sql.typeAlias('void')`
    INSERT INTO session_tokens (token_hash, session_id) VALUES (${sql.binary(tokenHash)}, ${sessionId})`);
}

/** The token's row and session, locked: of two requests with one token, the second sees what the first did. */
export async function lockPresentedToken(
  db: Database,
  kind: SessionKind,
  tokenHash: Buffer,
): Promise<PresentedTokenRow | null> {
  return db.maybeOne(sql.type(PresentedTokenRow)`
    SELECT t.session_id, s.user_id, t.consumed_at IS NOT NULL AS consumed, (s.revoked_at IS NOT NULL OR s.expires_at <= now()) AS ended,
      floor(extract(epoch FROM s.authenticated_at))::int AS authenticated_at, s.second_factor
    FROM session_tokens t JOIN sessions s ON s.id = t.session_id
    WHERE t.token_hash = ${sql.binary(tokenHash)} AND s.kind = ${kind}
    FOR UPDATE`);
}

export async function consumeSessionToken(db: Database, tokenHash: Buffer): Promise<void> {
  await db.query(sql.typeAlias('void')`
    WITH used AS (UPDATE session_tokens SET consumed_at = now() WHERE token_hash = ${sql.binary(tokenHash)} RETURNING session_id)
    UPDATE sessions SET last_used_at = now() WHERE id = (SELECT session_id FROM used)`);
}

export async function revokeSession(db: Database, sessionId: string, reason: string): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE sessions SET revoked_at = now(), revoked_reason = ${reason} WHERE id = ${sessionId} AND revoked_at IS NULL`);
}

/** Notes that a browser session was used and tells whose it is; null when it is revoked, expired or idle for too long. */
export async function touchOpsSession(
  db: Database,
  tokenHash: Buffer,
  idleSeconds: number,
): Promise<{ sessionId: string; userId: string } | null> {
  const row = await db.maybeOne(sql.type(z.strictObject({ id: z.string(), user_id: z.string() }))`
    UPDATE sessions s SET last_used_at = now()
    FROM session_tokens t
    WHERE t.token_hash = ${sql.binary(tokenHash)} AND t.session_id = s.id AND s.kind = 'ops'
      AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_used_at > now() - make_interval(secs => ${idleSeconds})
    RETURNING s.id, s.user_id`);
  return row === null ? null : { sessionId: row.id, userId: row.user_id };
}

/** Sessions that ended more than `days` ago go, with their tokens. Returns how many went. */
export async function deleteEndedSessions(db: Database, days: number): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM sessions WHERE coalesce(revoked_at, expires_at) < now() - make_interval(days => ${days})`);
  return deleted.rowCount;
}
