import { z } from 'zod';
import { violatesForeignKey } from '../db/database-errors.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { accountGone } from '../errors.ts';

const AiSwitchRow = z.strictObject({
  enabled: z.boolean(),
  reason: z.string(),
  changed_by: z.string().nullable(),
  changed_at: z.string().nullable(),
  /** What the platform has spent since the full hour, costs that nobody knows at their worst. */
  spent_this_hour_micros: z.number(),
});
export type AiSwitchRow = z.infer<typeof AiSwitchRow>;

/** Whether language models may be asked at all, since when and why. */
export async function getAiSwitch(db: Database): Promise<AiSwitchRow> {
  return db.one(sql.type(AiSwitchRow)`
    SELECT enabled, reason, changed_by, changed_at,
      coalesce((SELECT micros FROM ai_spending WHERE hour = date_trunc('hour', now(), 'UTC')), 0)::float8 AS spent_this_hour_micros
    FROM ai_switch`);
}

/** Holds for the very next request of every process. @throws AppError UNAUTHENTICATED when the account of `changedBy` is gone. */
export async function setAiSwitch(
  db: Database,
  { enabled, reason, changedBy }: { enabled: boolean; reason: string; changedBy: string },
): Promise<void> {
  const changed = db.query(sql.typeAlias('void')`
    UPDATE ai_switch SET enabled = ${enabled}, reason = ${reason}, changed_by = ${changedBy}, changed_at = clock_timestamp()`);
  await changed.catch((error: unknown) => {
    throw violatesForeignKey(error, 'ai_switch_changed_by_fkey') ? accountGone(error) : error;
  });
}
