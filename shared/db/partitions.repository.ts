import { z } from 'zod';
import type { Database } from './pool.ts';
import { sql } from './sql.ts';

/** Makes the missing monthly partitions of this month and the `monthsAhead` after it. Returns how many were made. */
export async function ensureMonthPartitions(db: Database, monthsAhead: number): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ made: z.number() }))`
    SELECT ensure_month_partitions('submissions', now(), ${monthsAhead}) + ensure_month_partitions('grading_runs', now(), ${monthsAhead}) AS made`);
}
