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

/** What makes two addresses the same account: Unicode compatibility form, case folded. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').toLowerCase();
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

export async function updateCredentials(db: Database, id: string, passwordHash: string, roles: Role[]): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE users SET password_hash = ${passwordHash}, roles = ${sql.array(roles, 'text')}, updated_at = now() WHERE id = ${id}`);
}
