import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { MAX_ACCESS_TOKEN_SECONDS } from './access-token-lifetime.ts';
import { tellRevocation } from './revocation.repository.ts';
import { UserRow } from './user.repository.ts';

export type SessionKind = 'api' | 'ops';

/** A browser session of the operators' pages that is not used for so long is over. */
export const OPS_SESSION_IDLE_SECONDS = 30 * 60;

interface NewSession {
  id: string;
  userId: string;
  kind: SessionKind;
  ip: string | null;
  userAgent: string | null;
  lifetimeSeconds: number;
  secondFactor: boolean;
}

const SessionOwnerRow = z.strictObject({
  ...UserRow.omit({ email_verified_at: true }).shape,
  /** Whether the password was set within the last minutes, longer than any login takes. */
  password_is_new: z.boolean(),
  /** Milliseconds since 1970, by the database's clock. */
  now_ms: z.number(),
});
export type SessionOwnerRow = z.infer<typeof SessionOwnerRow>;

const PresentedTokenRow = z.strictObject({
  session_id: z.string(),
  consumed: z.boolean(),
  /** What followed a token that was consumed only a moment ago; null from the moment on in which that is used. */
  successor_sealed: z.instanceof(Buffer).nullable(),
  ended: z.boolean(),
  /** Seconds since 1970. */
  authenticated_at: z.int(),
  second_factor: z.boolean(),
});
export type PresentedTokenRow = z.infer<typeof PresentedTokenRow>;

const SessionRow = z.strictObject({
  id: z.string(),
  kind: z.enum(['api', 'ops']),
  created_at: z.string(),
  last_used_at: z.string(),
  expires_at: z.string(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  second_factor: z.boolean(),
});
export type SessionRow = z.infer<typeof SessionRow>;

const ownerColumns = sql.fragment`u.id, u.email, u.name, u.roles, u.password_hash,
  u.password_changed_at > now() - interval '10 minutes' AS password_is_new, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`;

/**
 * Whose session is to begin, as they are until the transaction ends: roles and password do not change meanwhile. Null when the account is
 * gone. In every transaction the user's row is locked before the sessions'.
 */
export async function lockSessionOwner(tx: Database, userId: string): Promise<SessionOwnerRow | null> {
  return tx.maybeOne(sql.type(SessionOwnerRow)`
    SELECT ${ownerColumns} FROM users u WHERE u.id = ${userId} AND u.erasing_since IS NULL FOR SHARE`);
}

/** Whose API refresh token this is. Of several requests with tokens of one user, each sees from here on what the one before it did. */
export async function lockTokenOwner(tx: Database, tokenHash: Buffer): Promise<SessionOwnerRow | null> {
  return tx.maybeOne(sql.type(SessionOwnerRow)`
    SELECT ${ownerColumns} FROM users u
    WHERE u.erasing_since IS NULL AND u.id = (
      SELECT s.user_id FROM session_tokens t JOIN sessions s ON s.id = t.session_id
      WHERE t.token_hash = ${sql.binary(tokenHash)} AND s.kind = 'api')
    FOR NO KEY UPDATE`);
}

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

/** A token of the API and its session, to be read under the lock of `lockTokenOwner`. */
export async function findPresentedToken(
  tx: Database,
  tokenHash: Buffer,
  graceSeconds: number,
): Promise<PresentedTokenRow | null> {
  return tx.maybeOne(sql.type(PresentedTokenRow)`
    SELECT t.session_id, t.consumed_at IS NOT NULL AS consumed,
      CASE WHEN t.consumed_at > clock_timestamp() - make_interval(secs => ${graceSeconds}) THEN t.successor_sealed END AS successor_sealed,
      (s.revoked_at IS NOT NULL OR s.expires_at <= now()) AS ended,
      floor(extract(epoch FROM s.authenticated_at))::int AS authenticated_at, s.second_factor
    FROM session_tokens t JOIN sessions s ON s.id = t.session_id
    WHERE t.token_hash = ${sql.binary(tokenHash)} AND s.kind = 'api'`);
}

/** Consumes a token in favour of its successor. That the token was used also means that its own sealed copy is needed no more. */
export async function rotateSessionToken(
  tx: Database,
  sessionId: string,
  presentedHash: Buffer,
  successor: { tokenHash: Buffer; sealed: Buffer | null },
): Promise<void> {
  const sealed = successor.sealed === null ? sql.fragment`NULL` : sql.binary(successor.sealed);
  await tx.query(sql.typeAlias('void')`
    WITH erased AS (
      UPDATE session_tokens SET successor_sealed = NULL
      WHERE session_id = ${sessionId} AND successor_sealed IS NOT NULL AND token_hash <> ${sql.binary(presentedHash)}
    ), consumed AS (
      UPDATE session_tokens SET consumed_at = clock_timestamp(), successor_sealed = ${sealed} WHERE token_hash = ${sql.binary(presentedHash)}
    ), made AS (
      INSERT INTO session_tokens (token_hash, session_id) VALUES (${sql.binary(successor.tokenHash)}, ${sessionId})
    )
    UPDATE sessions SET last_used_at = now() WHERE id = ${sessionId}`);
}

/** A user's sessions that are in force, those used last first. */
export async function listLiveSessions(db: Database, userId: string, limit: number): Promise<readonly SessionRow[]> {
  return db.any(sql.type(SessionRow)`
    SELECT id, kind, created_at, last_used_at, expires_at, host(ip) AS ip, user_agent, second_factor
    FROM sessions
    WHERE user_id = ${userId} AND revoked_at IS NULL AND expires_at > now()
      AND (kind = 'api' OR last_used_at > now() - make_interval(secs => ${OPS_SESSION_IDLE_SECONDS}))
    ORDER BY last_used_at DESC, id DESC LIMIT ${limit}`);
}

/** Ends a session and what it was given. Returns false when it was over already, or is not one of `userId` where that is said. */
export async function revokeSession(
  db: Database,
  sessionId: string,
  reason: string,
  { userId }: { userId?: string } = {},
): Promise<boolean> {
  const ended = await db.query(
    endSessions(
      sql.fragment`SELECT id FROM sessions
      WHERE id = ${sessionId} AND ${userId === undefined ? sql.fragment`true` : sql.fragment`user_id = ${userId}`} AND ${isNotEnded}
      FOR UPDATE`,
      reason,
    ),
  );
  return ended.rowCount > 0;
}

/**
 * Ends all sessions of a user, of the API and of the operators' pages, and the access tokens that they were given. To be called in the
 * transaction that changes the user, after the user's row was written: sessions begin under a lock on it, so none slips through.
 * Returns how many ended.
 */
export async function revokeSessionsOf(
  tx: Database,
  userId: string,
  reason: string,
  exceptSessionId?: string,
): Promise<number> {
  const ended = await tx.query(
    endSessions(
      sql.fragment`SELECT id FROM sessions
      WHERE user_id = ${userId} AND id IS DISTINCT FROM ${exceptSessionId ?? null}::uuid AND ${isNotEnded}
      ORDER BY id FOR UPDATE`,
      reason,
    ),
  );
  return ended.rowCount;
}

/** Of each kind of session an account has at most `most` at a time: those that were used last stay. Returns how many ended. */
export async function revokeSessionsBeyond(
  tx: Database,
  userId: string,
  kind: SessionKind,
  most: number,
): Promise<number> {
  const ended = await tx.query(
    endSessions(
      sql.fragment`SELECT id FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE user_id = ${userId} AND kind = ${kind} AND revoked_at IS NULL AND expires_at > now()
        ORDER BY last_used_at DESC, id DESC OFFSET ${most})
      ORDER BY id FOR UPDATE`,
      'too many sessions',
    ),
  );
  return ended.rowCount;
}

/** A session that expired a moment ago may have given an access token that has not. */
const isNotEnded = sql.fragment`revoked_at IS NULL AND expires_at > now() - make_interval(secs => ${MAX_ACCESS_TOKEN_SECONDS})`;

/** The only statement that ends sessions: what ends is revoked and told in the same moment. */
function endSessions(chosen: FragmentSqlToken, reason: string) {
  return sql.typeAlias('void')`
    WITH chosen AS (${chosen}), ended AS (
      UPDATE sessions SET revoked_at = now(), revoked_reason = ${reason} FROM chosen WHERE sessions.id = chosen.id RETURNING sessions.id
    ), told AS (
      INSERT INTO revocations (session_id, kind) SELECT id, 'ended' FROM ended RETURNING ${tellRevocation}
    )
    SELECT FROM told`;
}

const OpsSessionRow = z.strictObject({
  id: z.string(),
  user_id: z.string(),
  authenticated_at: z.int(),
  second_factor: z.boolean(),
});

interface OpsSession {
  sessionId: string;
  userId: string;
  /** Seconds since 1970. */
  authenticatedAt: number;
  secondFactor: boolean;
}

/** Whose browser session this is; null when it is revoked, expired or idle for too long. Looking is no use of it. */
export async function findOpsSession(db: Database, tokenHash: Buffer, idleSeconds: number): Promise<OpsSession | null> {
  const row = await db.maybeOne(sql.type(OpsSessionRow)`
    SELECT ${opsSessionColumns} FROM sessions s, session_tokens t WHERE ${isLiveOpsSession(tokenHash, idleSeconds)}`);
  return row === null ? null : toOpsSession(row);
}

/** As `findOpsSession`, and notes that the session was used: only from now on it counts as idle. */
export async function touchOpsSession(
  db: Database,
  tokenHash: Buffer,
  idleSeconds: number,
): Promise<OpsSession | null> {
  const row = await db.maybeOne(sql.type(OpsSessionRow)`
    UPDATE sessions s SET last_used_at = now()
    FROM session_tokens t WHERE ${isLiveOpsSession(tokenHash, idleSeconds)}
    RETURNING ${opsSessionColumns}`);
  return row === null ? null : toOpsSession(row);
}

const opsSessionColumns = sql.fragment`s.id, s.user_id, floor(extract(epoch FROM s.authenticated_at))::int AS authenticated_at, s.second_factor`;

const isLiveOpsSession = (tokenHash: Buffer, idleSeconds: number) => sql.fragment`
  t.token_hash = ${sql.binary(tokenHash)} AND t.session_id = s.id AND s.kind = 'ops'
    AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_used_at > now() - make_interval(secs => ${idleSeconds})`;

function toOpsSession(row: z.infer<typeof OpsSessionRow>): OpsSession {
  return {
    sessionId: row.id,
    userId: row.user_id,
    authenticatedAt: row.authenticated_at,
    secondFactor: row.second_factor,
  };
}

/** Sessions that ended more than `days` ago go, with their tokens. Returns how many went. */
export async function deleteEndedSessions(db: Database, days: number): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM sessions WHERE revoked_at < now() - make_interval(days => ${days}) OR expires_at < now() - make_interval(days => ${days})`);
  return deleted.rowCount;
}

/** Erases sealed refresh tokens that are older than any grace. Returns how many. */
export async function eraseSealedSuccessors(db: Database, olderThanSeconds: number): Promise<number> {
  const erased = await db.query(sql.typeAlias('void')`
    UPDATE session_tokens SET successor_sealed = NULL
    WHERE successor_sealed IS NOT NULL AND consumed_at < now() - make_interval(secs => ${olderThanSeconds})`);
  return erased.rowCount;
}

/**
 * Forgets tokens that were used more than `days` ago, at most `limit` of them. Presented again they are refused as unknown; it is only no alarm any more.
 * Returns how many went.
 */
export async function deleteUsedTokens(db: Database, days: number, limit: number): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM session_tokens WHERE token_hash IN (
      SELECT token_hash FROM session_tokens WHERE consumed_at < now() - make_interval(days => ${days}) LIMIT ${limit})`);
  return deleted.rowCount;
}
