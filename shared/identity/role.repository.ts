import { z } from 'zod';
import { Role } from '../contracts/auth.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

/** All admins, locked until the commit: of two who take the role from each other, the second sees what the first did. */
export async function lockAdmins(tx: Database): Promise<readonly string[]> {
  return tx.anyFirst(sql.type(z.strictObject({ id: z.string() }))`
    SELECT id FROM users WHERE roles <> '{learner}' AND 'admin' = ANY (roles) AND erasing_since IS NULL ORDER BY id FOR UPDATE`);
}

const RoleHolderRow = z.strictObject({ roles: z.array(Role), is_verified: z.boolean() });

/** The roles of an account and whether its email address is verified, locked until the commit; null when there is none. */
export async function lockRoles(tx: Database, id: string): Promise<z.infer<typeof RoleHolderRow> | null> {
  return tx.maybeOne(sql.type(RoleHolderRow)`
    SELECT roles, email_verified_at IS NOT NULL AS is_verified FROM users WHERE id = ${id} AND erasing_since IS NULL FOR UPDATE`);
}

export async function setRoles(tx: Database, id: string, roles: readonly Role[]): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE users SET roles = ${sql.array([...roles], 'text')}, updated_at = now() WHERE id = ${id}`);
}

const PrivilegedRow = z.strictObject({ id: z.string(), email: z.string(), roles: z.array(Role) });
export type PrivilegedRow = z.infer<typeof PrivilegedRow>;

/** Everybody who is more than a learner, by address. */
export async function listPrivileged(db: Database): Promise<readonly PrivilegedRow[]> {
  return db.any(sql.type(PrivilegedRow)`
    SELECT id, email, roles FROM users WHERE roles <> '{learner}' AND erasing_since IS NULL ORDER BY email_key`);
}
