import { z } from 'zod';
import { violatesForeignKey } from '../db/database-errors.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { accountGone } from '../errors.ts';

/** What somebody may finish with a token that was mailed to them. The token is made when the mail is sent; only its SHA-256 is kept. */

export type AccountRequestPurpose = 'register' | 'verify_email' | 'reset_password';

interface NewAccountRequest {
  id: string;
  purpose: AccountRequestPurpose;
  /** Null for a registration: the account is made when the address is confirmed. */
  userId: string | null;
  email: string;
  /** Of a registration only, and then required; likewise `passwordHash`. */
  name?: string;
  passwordHash?: string;
  lifetimeSeconds: number;
}

const AccountRequestRow = z.strictObject({
  id: z.string(),
  user_id: z.string().nullable(),
  email: z.string(),
  name: z.string().nullable(),
  password_hash: z.string().nullable(),
});
export type AccountRequestRow = z.infer<typeof AccountRequestRow>;

/** @throws AppError UNAUTHENTICATED when the account is gone. */
export async function insertAccountRequest(tx: Database, request: NewAccountRequest): Promise<void> {
  try {
    await tx.query(sql.typeAlias('void')`
      INSERT INTO account_requests (id, purpose, user_id, email, name, password_hash, expires_at)
      VALUES (${request.id}, ${request.purpose}, ${request.userId}, ${request.email}, ${request.name ?? null},
        ${request.passwordHash ?? null}, now() + make_interval(secs => ${request.lifetimeSeconds}))`);
  } catch (error) {
    throw violatesForeignKey(error, 'account_requests_user_id_fkey') ? accountGone(error) : error;
  }
}

/**
 * Gives a request the token that is about to be mailed. One that it had before stops working, and its lifetime begins anew: a mail that took
 * an hour to be sent is not to bring a link that has run out.
 *
 * @returns false when the request was used, taken back or has expired: no token works any more.
 */
export async function issueAccountRequestToken(db: Database, id: string, tokenHash: Buffer): Promise<boolean> {
  const issued = await db.query(sql.typeAlias('void')`
    UPDATE account_requests SET token_hash = ${sql.binary(tokenHash)}, created_at = now(), expires_at = now() + (expires_at - created_at)
    WHERE id = ${id} AND used_at IS NULL AND expires_at > now()`);
  return issued.rowCount === 1;
}

/**
 * Uses up the request of a token: of two at once with the same one, the second gets nothing.
 *
 * @returns null when the token is unknown, made for another purpose, used, taken back or expired.
 */
export async function takeAccountRequest(
  tx: Database,
  purpose: AccountRequestPurpose,
  tokenHash: Buffer,
): Promise<AccountRequestRow | null> {
  return tx.maybeOne(sql.type(AccountRequestRow)`
    UPDATE account_requests SET used_at = now()
    WHERE token_hash = ${sql.binary(tokenHash)} AND purpose = ${purpose} AND used_at IS NULL AND expires_at > now()
    RETURNING id, user_id, email, name, password_hash`);
}

/** What `takeAccountRequest` would use up. Nothing is promised: the other may come first. */
export async function findAccountRequest(
  db: Database,
  purpose: AccountRequestPurpose,
  tokenHash: Buffer,
): Promise<AccountRequestRow | null> {
  return db.maybeOne(sql.type(AccountRequestRow)`
    SELECT id, user_id, email, name, password_hash FROM account_requests
    WHERE token_hash = ${sql.binary(tokenHash)} AND purpose = ${purpose} AND used_at IS NULL AND expires_at > now()`);
}

/** Takes back what a user was mailed for a purpose: the links stop working. */
export async function cancelAccountRequests(
  tx: Database,
  userId: string,
  purpose: AccountRequestPurpose,
): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE account_requests SET used_at = now() WHERE user_id = ${userId} AND purpose = ${purpose} AND used_at IS NULL`);
}

/**
 * Requests that were used more than `usedDays` ago, or expired more than `expiredDays` ago, go, with their mails. Returns how many went.
 * A used registration still holds the name and the hash that the account began with: it is not kept for long.
 */
export async function deleteEndedAccountRequests(
  db: Database,
  { usedDays, expiredDays }: { usedDays: number; expiredDays: number },
): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM account_requests
    WHERE expires_at < now() - make_interval(days => ${expiredDays}) OR used_at < now() - make_interval(days => ${usedDays})`);
  return deleted.rowCount;
}
