import { z } from 'zod';
import { CHANNELS } from '../db/notifications.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { MAX_ACCESS_TOKEN_SECONDS } from './access-token-lifetime.ts';

/** What becomes of access tokens that have not expired: `ended`, log in again; `stale`, refresh them, the roles have changed. */
export const RevocationKind = z.enum(['ended', 'stale']);
export type RevocationKind = z.infer<typeof RevocationKind>;

const RevocationRow = z.strictObject({
  session_id: z.string().nullable(),
  user_id: z.string().nullable(),
  kind: RevocationKind,
  /** Milliseconds since 1970, by the database's clock. */
  revoked_at_ms: z.number(),
});
export type RevocationRow = z.infer<typeof RevocationRow>;

/** Stands in the RETURNING of every statement that writes a revocation: the api processes hear of it once the transaction commits. */
export const tellRevocation = sql.fragment`pg_notify(${CHANNELS.tokensRevoked}, '')`;

/**
 * Revokes the access tokens that a user got before this moment; their sessions stay, see `revokeSessionsOf` for those. To be called in the
 * transaction that changes the user, after the user's row was written: tokens are made under a lock on it.
 */
export async function revokeUserTokens(tx: Database, userId: string, kind: RevocationKind): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    WITH told AS (
      INSERT INTO revocations (user_id, kind) VALUES (${userId}, ${kind}) RETURNING ${tellRevocation}
    )
    SELECT FROM told`);
}

const RevocationsAnswer = z.strictObject({ horizon: z.string(), revocations: z.array(RevocationRow) });

/**
 * The revocations of the last `windowSeconds` that may be news to who has asked before: those of transactions that were not over then, when
 * the `horizon` of that answer is given. Rows may come again; none is left out, in whatever order they are committed.
 */
export async function listRevocations(
  db: Database,
  windowSeconds: number,
  since: string | null,
): Promise<z.infer<typeof RevocationsAnswer>> {
  return db.one(sql.type(RevocationsAnswer)`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, coalesce(jsonb_agg(jsonb_build_object(
      'session_id', session_id, 'user_id', user_id, 'kind', kind, 'revoked_at_ms', extract(epoch FROM revoked_at) * 1000)), '[]') AS revocations
    FROM revocations
    WHERE revoked_at > now() - make_interval(secs => ${windowSeconds})
      AND ${since === null ? sql.fragment`true` : sql.fragment`written_by >= ${since}::xid8`}`);
}

/** Revocations whose tokens have long expired go. Returns how many went. */
export async function deleteOldRevocations(db: Database): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM revocations WHERE revoked_at < now() - make_interval(secs => ${2 * MAX_ACCESS_TOKEN_SECONDS})`);
  return deleted.rowCount;
}
