import { z } from 'zod';
import { SubmissionStatus } from '../contracts/submission.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

const WaitingRunRow = z.strictObject({
  status: SubmissionStatus,
  /** The submission's unfinished run; null when there is none. */
  run_id: z.string().nullable(),
  dispatch: z.number().nullable(),
  priority: z.number().nullable(),
  /** Whether a worker had it before and gave it back. */
  was_started: z.boolean(),
  waited_ms: z.number().nullable(),
});
export type WaitingRunRow = z.infer<typeof WaitingRunRow>;

/** A learner's own submission and the run that it waits for; null for anybody else's. */
export async function findWaitingRun(db: Database, id: string, learnerId: string): Promise<WaitingRunRow | null> {
  return db.maybeOne(sql.type(WaitingRunRow)`
    SELECT s.status, g.id AS run_id, g.dispatch, g.priority, g.started_at IS NOT NULL AS was_started,
      (1000 * extract(epoch FROM now() - g.dispatched_at))::float8 AS waited_ms
    FROM submissions s
    LEFT JOIN LATERAL (
      SELECT r.id, r.dispatch, r.priority, r.started_at, r.dispatched_at
      FROM grading_runs r
      WHERE r.submission_id = s.id AND r.status IN ('queued', 'running')
      ORDER BY r.run_number DESC LIMIT 1
    ) g ON true
    WHERE s.id = ${id} AND s.learner_id = ${learnerId}`);
}

const AheadRow = z.strictObject({ ahead: z.number(), own_earlier: z.number() });

/** How many waiting runs are served before this one, counted to `limit` at most; and how many earlier submissions of the learner are unfinished. */
export async function countAhead(
  db: Database,
  run: { id: string; priority: number; submissionId: string; learnerId: string },
  limit: number,
): Promise<z.infer<typeof AheadRow>> {
  return db.one(sql.type(AheadRow)`
    SELECT
      (SELECT count(*)::int FROM (
        SELECT FROM grading_runs WHERE status = 'queued' AND (priority, id) < (${run.priority}::int, ${run.id}::uuid) LIMIT ${limit}
      ) served_before) AS ahead,
      (SELECT count(*)::int FROM submissions
        WHERE learner_id = ${run.learnerId} AND status IN ('queued', 'running') AND id < ${run.submissionId}) AS own_earlier`);
}

const ThroughputRow = z.strictObject({ finished: z.number(), span_ms: z.number() });

/** How many runs of any kind ended in the last `windowMs`, at most `limit` of them, and how long ago the first of these was, in ms. */
export async function measureThroughput(
  db: Database,
  windowMs: number,
  limit: number,
): Promise<z.infer<typeof ThroughputRow>> {
  return db.one(sql.type(ThroughputRow)`
    SELECT count(*)::int AS finished,
      (1000 * coalesce(extract(epoch FROM now() - min(completed_at)), 0))::float8 AS span_ms
    FROM (
      SELECT completed_at FROM grading_runs
      WHERE completed_at > now() - make_interval(secs => ${windowMs / 1000})
      ORDER BY completed_at DESC LIMIT ${limit}
    ) latest`);
}
