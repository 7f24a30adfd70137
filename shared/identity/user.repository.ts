import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { Role } from '../contracts/auth.contract.ts';
import { violatesUnique } from '../db/database-errors.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { AppError } from '../errors.ts';

export const UserRow = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  password_hash: z.string(),
  roles: z.array(Role),
  email_verified_at: z.string().nullable(),
});
export type UserRow = z.infer<typeof UserRow>;

/** Code points that nobody sees, such as the zero-width space. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * What makes two addresses the same account: Unicode compatibility form without what cannot be seen, in lower case, the domain as DNS knows it.
 * A domain that looks like another is thus told apart from it, and each has one spelling. Of an ASCII address it is the lower case.
 */
export function emailKey(email: string): string {
  const key = email.normalize('NFKC').replaceAll(INVISIBLE, '').trim().toLowerCase();
  const at = key.lastIndexOf('@');
  const domain = key.slice(at + 1);
  // Empty for what is no domain: then it stays as it was typed, and nobody's.
  return key.slice(0, at + 1) + (domainToASCII(domain) || domain);
}

/** @throws AppError EMAIL_TAKEN when the address belongs to an account already. */
export async function insertUser(db: Database, user: UserRow): Promise<void> {
  try {
    await db.query(sql.typeAlias('void')`
      INSERT INTO users (id, email, email_key, name, password_hash, roles, email_verified_at)
      VALUES (${user.id}, ${user.email}, ${emailKey(user.email)}, ${user.name}, ${user.password_hash}, ${sql.array(user.roles, 'text')},
        ${user.email_verified_at})`);
  } catch (error) {
    if (violatesUnique(error, 'users_email_key_unique')) {
      throw new AppError('EMAIL_TAKEN', 'An account with this email address exists already.', { cause: error });
    }
    throw error;
  }
}

export async function findUserByEmail(db: Database, email: string): Promise<UserRow | null> {
  return db.maybeOne(sql.prepared('find_user_by_email', UserRow)`
    SELECT id, email, name, password_hash, roles, email_verified_at FROM users WHERE erasing_since IS NULL AND email_key = ${emailKey(email)}`);
}

export async function findUser(db: Database, id: string): Promise<UserRow | null> {
  return db.maybeOne(sql.prepared('find_user', UserRow)`
    SELECT id, email, name, password_hash, roles, email_verified_at FROM users WHERE erasing_since IS NULL AND id = ${id}`);
}

const OwnAccountRow = z.strictObject({
  ...UserRow.omit({ password_hash: true }).shape,
  second_factor_active: z.boolean(),
  created_at: z.string(),
});
export type OwnAccountRow = z.infer<typeof OwnAccountRow>;

/** An account with what its owner is told of it. */
export async function findOwnAccount(db: Database, id: string): Promise<OwnAccountRow | null> {
  return db.maybeOne(sql.prepared('find_own_account', OwnAccountRow)`
    SELECT u.id, u.email, u.name, u.roles, u.email_verified_at, u.created_at, m.user_id IS NOT NULL AS second_factor_active
    FROM users u LEFT JOIN mfa_secrets m ON m.user_id = u.id
    WHERE u.erasing_since IS NULL AND u.id = ${id}`);
}

/** Replaces the password that was verified by another. Returns false when it was replaced meanwhile, or the account is gone. */
export async function changePassword(
  tx: Database,
  { id, password_hash: passwordHash }: Pick<UserRow, 'id' | 'password_hash'>,
  newHash: string,
): Promise<boolean> {
  const changed = await tx.query(sql.typeAlias('void')`
    UPDATE users SET password_hash = ${newHash}, password_changed_at = now(), updated_at = now()
    WHERE id = ${id} AND password_hash = ${passwordHash} AND erasing_since IS NULL`);
  return changed.rowCount === 1;
}

/** Of an account whose owner has not chosen a name. */
const NEUTRAL_NAME = 'Learner';

/**
 * Sets the password of an account whose mailbox was proved, which also verifies the address. A name from before that may be a stranger's, and
 * is not to be mailed to the owner in ours. Returns false when the account is gone.
 */
export async function resetPassword(tx: Database, id: string, newHash: string): Promise<boolean> {
  const reset = await tx.query(sql.typeAlias('void')`
    UPDATE users SET password_hash = ${newHash}, password_changed_at = now(), email_verified_at = coalesce(email_verified_at, now()),
      name = CASE WHEN email_verified_at IS NULL THEN ${NEUTRAL_NAME} ELSE name END, updated_at = now()
    WHERE id = ${id} AND erasing_since IS NULL`);
  return reset.rowCount === 1;
}

/** Returns false when the account is gone. */
export async function verifyEmail(tx: Database, id: string): Promise<boolean> {
  const verified = await tx.query(sql.typeAlias('void')`
    UPDATE users SET email_verified_at = coalesce(email_verified_at, now()), updated_at = now() WHERE id = ${id} AND erasing_since IS NULL`);
  return verified.rowCount === 1;
}

/** Returns false when the account is gone. */
export async function renameUser(tx: Database, id: string, name: string): Promise<boolean> {
  const renamed = await tx.query(sql.typeAlias('void')`
    UPDATE users SET name = ${name}, updated_at = now() WHERE id = ${id} AND erasing_since IS NULL`);
  return renamed.rowCount === 1;
}

/** Makes an account what whoever set up this machine wants of it; nobody has to prove that the address is theirs. */
export async function setUpAccount(db: Database, id: string, passwordHash: string, roles: Role[]): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE users SET password_hash = ${passwordHash}, password_changed_at = now(), roles = ${sql.array(roles, 'text')},
      email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
    WHERE id = ${id}`);
}
