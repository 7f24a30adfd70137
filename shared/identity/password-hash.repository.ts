import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

/** Stores the same password hashed anew, unless it was changed meanwhile. */
export async function renewPasswordHash(db: Database, userId: string, oldHash: string, newHash: string): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE users SET password_hash = ${newHash}, updated_at = now() WHERE id = ${userId} AND password_hash = ${oldHash}`);
}

/** One stored hash for each set of parameters that accounts' passwords were hashed with. It jumps from set to set, however many accounts there are. */
export async function findHashExamples(db: Database): Promise<readonly string[]> {
  return db.anyFirst(sql.type(z.strictObject({ example: z.string() }))`
    WITH RECURSIVE sets AS (
      (SELECT split_part(password_hash, '$', 4) AS parameters, password_hash AS example FROM users
        ORDER BY split_part(password_hash, '$', 4) LIMIT 1)
      UNION ALL
      SELECT next.* FROM sets CROSS JOIN LATERAL (
        SELECT split_part(password_hash, '$', 4), password_hash FROM users
        WHERE split_part(password_hash, '$', 4) > sets.parameters ORDER BY split_part(password_hash, '$', 4) LIMIT 1
      ) AS next (parameters, example)
    )
    SELECT example FROM sets`);
}
