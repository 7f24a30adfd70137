import { createHash } from 'node:crypto';
import { z } from 'zod';
import { accountGone, AppError } from '../errors.ts';
import { violatesForeignKey } from './database-errors.ts';
import { newId } from './id.ts';
import type { Database } from './pool.ts';
import { sql } from './sql.ts';

interface IdempotencyClaim {
  userId: string;
  key: string;
  /** SHA-256 over what the request asks for. */
  requestHash: Buffer;
  /** The id that the new resource will have. */
  resourceId: string;
}

const ClaimRow = z.strictObject({ resource_id: z.string(), same_request: z.boolean() });

/**
 * Binds an Idempotency-Key to the resource about to be made, in the transaction that makes it.
 * A concurrent request with the same key waits for that transaction.
 *
 * @returns the id of the resource that the key stands for: the given one when it is new, else the one made before.
 * @throws AppError IDEMPOTENCY_KEY_REUSED when the key came with another request before; UNAUTHENTICATED when the account is gone.
 */
export async function claimIdempotencyKey(tx: Database, claim: IdempotencyClaim): Promise<string> {
  const claimed = tx.one(sql.type(ClaimRow)`
    INSERT INTO idempotency_keys AS k (user_id, key, request_hash, resource_id)
    VALUES (${claim.userId}, ${claim.key}, ${sql.binary(claim.requestHash)}, ${claim.resourceId})
    ON CONFLICT (user_id, key) DO UPDATE SET key = k.key
    RETURNING resource_id, request_hash = ${sql.binary(claim.requestHash)} AS same_request`);
  const row = await claimed.catch((error: unknown) => {
    throw violatesForeignKey(error, 'idempotency_keys_user_id_fkey') ? accountGone(error) : error;
  });
  if (!row.same_request) {
    throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for a different request before.');
  }
  return row.resource_id;
}

interface OnceRequest {
  userId: string;
  /** Null when the client sent no Idempotency-Key. */
  key: string | null;
  /** Everything that makes the request what it is: what is made, where, and from which input. */
  asks: readonly unknown[];
}

/**
 * Makes a resource under a new id, unless an earlier request with the same Idempotency-Key made it already.
 *
 * @returns the resource's id, and what `create` returned; null in its place when nothing was made now.
 * @throws AppError IDEMPOTENCY_KEY_REUSED; UNAUTHENTICATED; what `create` throws.
 */
export async function createOnce<Created>(
  tx: Database,
  { userId, key, asks }: OnceRequest,
  create: (id: string) => Promise<Created>,
): Promise<{ id: string; created: Created | null }> {
  const id = newId();
  if (key !== null) {
    const requestHash = createHash('sha256').update(JSON.stringify(asks)).digest();
    const resourceId = await claimIdempotencyKey(tx, { userId, key, requestHash, resourceId: id });
    if (resourceId !== id) return { id: resourceId, created: null };
  }
  return { id, created: await create(id) };
}

/** Keys older than `days` may be used anew. Returns how many were forgotten. */
export async function deleteOldIdempotencyKeys(db: Database, days: number): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(days => ${days})`);
  return deleted.rowCount;
}
