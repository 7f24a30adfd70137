import { z } from 'zod';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';

const AccountColumn = z.strictObject({ table: z.string(), column: z.string() });
export type AccountColumn = z.infer<typeof AccountColumn>;

/**
 * The columns that may say whose something is: by a foreign key to users, or by what they are called. Asked of the database, so that suites
 * about everything that belongs to an account notice a table that is new.
 */
export async function listAccountColumns(db: Database): Promise<readonly AccountColumn[]> {
  return db.any(sql.type(AccountColumn)`
    SELECT c.relname AS table, a.attname AS column
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
      AND (a.attname ~ '(^|_)(user|learner|owner|author|actor|member|follower|followee|account|profile)_id$' OR a.attname ~ '_by$'
        OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.confrelid = 'users'::regclass AND a.attnum = ANY(k.conkey)))
    ORDER BY 1, 2`);
}

/** In how many rows a column names an account. */
export async function countMentions(db: Database, { table, column }: AccountColumn, userId: string): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM ${sql.identifier([table])} WHERE ${sql.identifier([column])} = ${userId}`);
}
