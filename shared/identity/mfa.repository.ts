import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import type { OwnSession } from './session-proof.repository.ts';

const exists = z.strictObject({ exists: z.boolean() });
const sealed = z.strictObject({ secret_encrypted: z.instanceof(Buffer) });

/** Whether a user has a second factor in use. */
export async function hasSecondFactor(db: Database, userId: string): Promise<boolean> {
  return db.oneFirst(sql.type(exists)`SELECT EXISTS (SELECT FROM mfa_secrets WHERE user_id = ${userId})`);
}

/** Keeps the secret of an app that has not shown a code yet; one begun before, in whichever session, is forgotten. */
export async function putMfaSetup(
  db: Database,
  { userId, sessionId }: OwnSession,
  secretEncrypted: Buffer,
): Promise<void> {
  await db.query(sql.typeAlias('void')`
    INSERT INTO mfa_setups (user_id, session_id, secret_encrypted) VALUES (${userId}, ${sessionId}, ${sql.binary(secretEncrypted)})
    ON CONFLICT (user_id) DO UPDATE SET session_id = excluded.session_id, secret_encrypted = excluded.secret_encrypted, created_at = now()`);
}

/** The setup that was begun in a session at most `maxAgeSeconds` ago, locked. */
export async function lockMfaSetup(
  db: Database,
  { userId, sessionId }: OwnSession,
  maxAgeSeconds: number,
): Promise<Buffer | null> {
  const row = await db.maybeOne(sql.type(sealed)`
    SELECT secret_encrypted FROM mfa_setups
    WHERE user_id = ${userId} AND session_id = ${sessionId} AND created_at > now() - make_interval(secs => ${maxAgeSeconds})
    FOR UPDATE`);
  return row?.secret_encrypted ?? null;
}

/** Takes a secret into use, in place of another if there was one. The setup that it came from is over. */
export async function putMfaSecret(
  tx: Database,
  { userId, secretEncrypted, usedStep }: { userId: string; secretEncrypted: Buffer; usedStep: number },
): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    WITH setup AS (DELETE FROM mfa_setups WHERE user_id = ${userId})
    INSERT INTO mfa_secrets (user_id, secret_encrypted, activated_at, last_used_step)
    VALUES (${userId}, ${sql.binary(secretEncrypted)}, now(), ${usedStep})
    ON CONFLICT (user_id) DO UPDATE SET secret_encrypted = excluded.secret_encrypted, activated_at = excluded.activated_at,
      last_used_step = excluded.last_used_step`);
}

/** The sealed secret in use, locked; null without a second factor. */
export async function lockMfaSecret(tx: Database, userId: string): Promise<Buffer | null> {
  const row = await tx.maybeOne(sql.type(sealed)`
    SELECT secret_encrypted FROM mfa_secrets WHERE user_id = ${userId} FOR UPDATE`);
  return row?.secret_encrypted ?? null;
}

export async function resealMfaSecret(tx: Database, userId: string, secretEncrypted: Buffer): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE mfa_secrets SET secret_encrypted = ${sql.binary(secretEncrypted)} WHERE user_id = ${userId}`);
}

/** The next users by id whose sealed secret does not begin with this key's id. */
export async function listSealedByOtherKeys(
  db: Database,
  keyId: Buffer,
  { after, limit }: { after: string | null; limit: number },
): Promise<readonly string[]> {
  return db.anyFirst(sql.type(z.strictObject({ user_id: z.string() }))`
    SELECT user_id FROM mfa_secrets
    WHERE substring(secret_encrypted FOR ${keyId.length}) <> ${sql.binary(keyId)} AND (${after}::uuid IS NULL OR user_id > ${after})
    ORDER BY user_id LIMIT ${limit}`);
}

/** Uses up the code of a half minute. False when it, or a later one, was used before: each code works once. */
export async function useTotpStep(tx: Database, userId: string, step: number): Promise<boolean> {
  const used = await tx.query(sql.typeAlias('void')`
    UPDATE mfa_secrets SET last_used_step = ${step}
    WHERE user_id = ${userId} AND (last_used_step IS NULL OR last_used_step < ${step})`);
  return used.rowCount === 1;
}

/** Uses up a recovery code. False when there is no such code, or it was used before. */
export async function useRecoveryCode(tx: Database, userId: string, codeHash: Buffer): Promise<boolean> {
  const used = await tx.query(sql.typeAlias('void')`
    UPDATE mfa_recovery_codes SET used_at = now()
    WHERE user_id = ${userId} AND code_hash = ${sql.binary(codeHash)} AND used_at IS NULL`);
  return used.rowCount === 1;
}

/** Puts new recovery codes in the place of all that a user had. */
export async function replaceRecoveryCodes(tx: Database, userId: string, hashes: readonly Buffer[]): Promise<void> {
  await tx.query(sql.typeAlias('void')`DELETE FROM mfa_recovery_codes WHERE user_id = ${userId}`);
  await tx.query(sql.typeAlias('void')`
    INSERT INTO mfa_recovery_codes (user_id, code_hash)
    SELECT ${userId}, decode(hash, 'hex') FROM ${sql.unnest(
      hashes.map((hash) => [hash.toString('hex')]),
      ['text'],
    )} AS codes (hash)`);
}

/** Removes a user's second factor and all that belongs to it. False when there was none. */
export async function deleteSecondFactor(tx: Database, userId: string): Promise<boolean> {
  await tx.query(sql.typeAlias('void')`
    WITH setups AS (DELETE FROM mfa_setups WHERE user_id = ${userId}), challenges AS (DELETE FROM mfa_challenges WHERE user_id = ${userId})
    DELETE FROM mfa_recovery_codes WHERE user_id = ${userId}`);
  const deleted = await tx.query(sql.typeAlias('void')`DELETE FROM mfa_secrets WHERE user_id = ${userId}`);
  return deleted.rowCount === 1;
}

/** Notes that a login waits for its second factor. */
export async function insertMfaChallenge(
  tx: Database,
  { tokenHash, userId, lifetimeSeconds }: { tokenHash: Buffer; userId: string; lifetimeSeconds: number },
): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    INSERT INTO mfa_challenges (token_hash, user_id, expires_at)
    VALUES (${sql.binary(tokenHash)}, ${userId}, now() + make_interval(secs => ${lifetimeSeconds}))`);
}

const isOpen = sql.fragment`c.expires_at > now() AND u.id = c.user_id AND u.erasing_since IS NULL AND u.password_changed_at <= c.created_at`;

/** Whose login waits for its second factor under this token; null once it expired, was finished, or the account's password changed. */
export async function findMfaChallenge(db: Database, tokenHash: Buffer): Promise<string | null> {
  return db.maybeOneFirst(sql.type(z.strictObject({ user_id: z.string() }))`
    SELECT c.user_id FROM mfa_challenges c JOIN users u ON ${isOpen} WHERE c.token_hash = ${sql.binary(tokenHash)}`);
}

/** Finishes a login that waits: false when another request did, or it is not to be finished any more. */
export async function takeMfaChallenge(tx: Database, tokenHash: Buffer): Promise<boolean> {
  const taken = await tx.query(sql.typeAlias('void')`
    DELETE FROM mfa_challenges c USING users u WHERE c.token_hash = ${sql.binary(tokenHash)} AND ${isOpen}`);
  return taken.rowCount === 1;
}

/** Ends the logins of a user that wait for their second factor. To be called under a lock on the user's row: logins begin under one, too. */
export async function deleteMfaChallenges(tx: Database, userId: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`DELETE FROM mfa_challenges WHERE user_id = ${userId}`);
}

/** Challenges that expired and setups that nobody finished for a day go. Returns how many went. */
export async function deleteUnfinishedMfa(db: Database): Promise<number> {
  const challenges = await db.query(sql.typeAlias('void')`DELETE FROM mfa_challenges WHERE expires_at <= now()`);
  const setups = await db.query(sql.typeAlias('void')`
    DELETE FROM mfa_setups WHERE created_at <= now() - interval '1 day'`);
  return challenges.rowCount + setups.rowCount;
}
