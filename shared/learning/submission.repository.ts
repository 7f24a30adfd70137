import { z } from 'zod';
import { Fault, Grade, Verdict } from '../contracts/grade.contract.ts';
import { SubmissionStatus } from '../contracts/submission.contract.ts';
import type { Database } from '../db/pool.ts';
import { CHANNELS } from '../db/notifications.ts';
import { sql } from '../db/sql.ts';

const SubmissionSummaryRow = z.strictObject({
  id: z.string(),
  exercise_id: z.string(),
  status: SubmissionStatus,
  verdict: Verdict.nullable(),
  score: z.number().nullable(),
  fault: Fault.nullable(),
  attempt: z.number(),
  counts_as_attempt: z.boolean(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
});
export type SubmissionSummaryRow = z.infer<typeof SubmissionSummaryRow>;

const SubmissionRow = z.strictObject({
  ...SubmissionSummaryRow.shape,
  /** The newest completed run's grade. */
  result: Grade.nullable(),
  review_id: z.string().nullable(),
  review_status: z.enum(['pending', 'running', 'completed', 'failed']).nullable(),
});
export type SubmissionRow = z.infer<typeof SubmissionRow>;

interface NewSubmission {
  id: string;
  learnerId: string;
  exerciseId: string;
  exerciseVersionId: string;
  code: string;
}

/**
 * Serialises a learner's own submissions until the transaction ends, so that attempts are numbered and in-flight ones counted exactly.
 *
 * @returns the number of the next attempt at the exercise, and how many submissions of the learner are unfinished.
 */
export async function lockLearnerIntake(
  tx: Database,
  learnerId: string,
  exerciseId: string,
): Promise<{ attempt: number; inFlight: number }> {
  await tx.query(sql.typeAlias('void')`SELECT FROM pg_advisory_xact_lock(hashtext('intake'), hashtext(${learnerId}))`);
  const row = await tx.one(sql.type(z.strictObject({ attempts: z.number(), in_flight: z.number() }))`
    SELECT
      (SELECT coalesce(max(attempt), 0)::int FROM submissions WHERE learner_id = ${learnerId} AND exercise_id = ${exerciseId}) AS attempts,
      (SELECT count(*)::int FROM submissions WHERE learner_id = ${learnerId} AND status IN ('queued', 'running')) AS in_flight`);
  return { attempt: row.attempts + 1, inFlight: row.in_flight };
}

export async function insertSubmission(tx: Database, submission: NewSubmission, attempt: number): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    INSERT INTO submissions (id, learner_id, exercise_id, exercise_version_id, attempt, code, created_at)
    VALUES (${submission.id}, ${submission.learnerId}, ${submission.exerciseId}, ${submission.exerciseVersionId}, ${attempt},
      ${submission.code}, now())`);
}

/** A learner's own submission with its newest grade; null for anybody else's. */
export async function findOwnSubmission(db: Database, id: string, learnerId: string): Promise<SubmissionRow | null> {
  return db.maybeOne(sql.prepared('find_own_submission', SubmissionRow)`
    SELECT s.id, s.exercise_id, s.status, s.verdict, s.score, s.fault, s.attempt, s.counts_as_attempt,
      s.created_at, s.started_at, s.completed_at, run.result, r.id AS review_id, r.status AS review_status
    FROM submissions s
    LEFT JOIN LATERAL (
      SELECT g.result FROM grading_runs g WHERE g.submission_id = s.id AND g.status = 'completed' ORDER BY g.run_number DESC LIMIT 1
    ) run ON true
    LEFT JOIN reviews r ON r.submission_id = s.id
    WHERE s.id = ${id} AND s.learner_id = ${learnerId}`);
}

interface SubmissionPage {
  learnerId: string;
  exerciseId: string;
  /** Only those with it; absent: all. */
  status: SubmissionStatus | undefined;
  verdict: Verdict | undefined;
  beforeId: string | undefined;
  limit: number;
}

/** A learner's submissions to an exercise, newest first. */
export async function listOwnSubmissions(db: Database, page: SubmissionPage): Promise<readonly SubmissionSummaryRow[]> {
  return db.any(sql.type(SubmissionSummaryRow)`
    SELECT id, exercise_id, status, verdict, score, fault, attempt, counts_as_attempt, created_at, started_at, completed_at
    FROM submissions
    WHERE learner_id = ${page.learnerId} AND exercise_id = ${page.exerciseId}
      AND ${page.beforeId === undefined ? sql.fragment`true` : sql.fragment`id < ${page.beforeId}`}
      AND ${page.status === undefined ? sql.fragment`true` : sql.fragment`status = ${page.status}`}
      AND ${page.verdict === undefined ? sql.fragment`true` : sql.fragment`verdict = ${page.verdict}`}
    ORDER BY id DESC LIMIT ${page.limit}`);
}

/** Stands in the RETURNING of every statement that changes a submission's status: listeners hear of it once the transaction commits. */
const tellChange = sql.fragment`pg_notify(${CHANNELS.submissionChanged}, id::text)`;

export async function markSubmissionQueued(tx: Database, id: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    WITH changed AS (
      UPDATE submissions SET status = 'queued' WHERE id = ${id} AND status = 'running' RETURNING ${tellChange}
    )
    SELECT FROM changed`);
}

/**
 * Writes the outcome of a run to its submission and tells whose it is and what it answers. One that was completed before, and has now been
 * graded again, keeps the time at which its learner first had an answer.
 */
export async function completeSubmission(
  tx: Database,
  id: string,
  exerciseVersionId: string,
  grade: Grade,
): Promise<{ learnerId: string; exerciseId: string }> {
  const row = await tx.one(sql.type(z.strictObject({ learner_id: z.string(), exercise_id: z.string() }))`
    WITH changed AS (
      UPDATE submissions SET status = 'completed', verdict = ${grade.verdict}, score = ${grade.score}, fault = ${grade.fault},
        exercise_version_id = ${exerciseVersionId}, completed_at = CASE WHEN status = 'completed' THEN completed_at ELSE now() END
      WHERE id = ${id}
      RETURNING learner_id, exercise_id, ${tellChange}
    )
    SELECT learner_id, exercise_id FROM changed`);
  return { learnerId: row.learner_id, exerciseId: row.exercise_id };
}

/** The submission's verdict, which nobody changes until the transaction ends. Null when it has none, or is gone. */
export async function lockSubmissionVerdict(tx: Database, id: string): Promise<Verdict | null> {
  return tx.maybeOneFirst(sql.type(z.strictObject({ verdict: Verdict.nullable() }))`
    SELECT verdict FROM submissions WHERE id = ${id} FOR SHARE`);
}

/** The platform gave up: the attempt is not charged to the learner. */
export async function failSubmission(tx: Database, id: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    WITH changed AS (
      UPDATE submissions SET status = 'failed', fault = 'platform', counts_as_attempt = false, completed_at = now()
      WHERE id = ${id} AND status IN ('queued', 'running')
      RETURNING ${tellChange}
    )
    SELECT FROM changed`);
}

/** The learner withdraws a submission that is not finished. Returns false when it is, or is not theirs. Cancel its run first. */
export async function cancelSubmission(tx: Database, id: string, learnerId: string): Promise<boolean> {
  const cancelled = await tx.query(sql.typeAlias('void')`
    WITH changed AS (
      UPDATE submissions SET status = 'cancelled', counts_as_attempt = false, completed_at = now()
      WHERE id = ${id} AND learner_id = ${learnerId} AND status IN ('queued', 'running')
      RETURNING ${tellChange}
    )
    SELECT FROM changed`);
  return cancelled.rowCount === 1;
}

const SubmissionVersionRow = z.strictObject({ id: z.string(), version: z.string() });

/** What tells one state of each submission, and of its review, from its next, for noticing changes without notifications. */
export async function listSubmissionVersions(
  db: Database,
  ids: readonly string[],
): Promise<readonly z.infer<typeof SubmissionVersionRow>[]> {
  return db.any(sql.type(SubmissionVersionRow)`
    SELECT s.id, concat_ws(' ', s.status, s.score, s.started_at, s.completed_at, r.status, r.completed_at) AS version
    FROM submissions s LEFT JOIN reviews r ON r.submission_id = s.id
    WHERE s.id = ANY(${sql.array([...ids], 'uuid')})`);
}

/** Records that the learner solved the exercise; only the first time counts. Returns whether it is the first. */
export async function insertSolved(
  tx: Database,
  solved: { learnerId: string; exerciseId: string; submissionId: string; exerciseVersionId: string },
): Promise<boolean> {
  const inserted = await tx.query(sql.typeAlias('void')`
    INSERT INTO solved_exercises (learner_id, exercise_id, submission_id, points)
    SELECT ${solved.learnerId}, ${solved.exerciseId}, ${solved.submissionId}, v.points
    FROM exercise_versions v WHERE v.id = ${solved.exerciseVersionId}
    ON CONFLICT DO NOTHING`);
  return inserted.rowCount === 1;
}

const StandingRow = z.strictObject({
  exercise_id: z.string(),
  attempts: z.number(),
  best_score: z.number().nullable(),
});

/** How a learner stands with exercises: attempts that count, and the best score of them. Exercises never tried are left out. */
export async function listStandings(
  db: Database,
  learnerId: string,
  exerciseIds: readonly string[],
): Promise<readonly z.infer<typeof StandingRow>[]> {
  return db.any(sql.type(StandingRow)`
    SELECT exercise_id, count(*)::int AS attempts, max(score) AS best_score
    FROM submissions
    WHERE learner_id = ${learnerId} AND exercise_id = ANY(${sql.array([...exerciseIds], 'uuid')}) AND counts_as_attempt
    GROUP BY exercise_id`);
}
