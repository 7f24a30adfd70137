import type { SerializableValue } from 'slonik';
import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { CHANNELS } from '../db/notifications.ts';
import { sql } from '../db/sql.ts';
import { storableJson } from '../db/storable-json.ts';

const ClaimedRunRow = z.strictObject({
  id: z.string(),
  kind: z.enum(['submission', 'verification']),
  reason: z.enum(['submitted', 'verification', 'regrade']),
  submission_id: z.string().nullable(),
  exercise_version_id: z.string(),
  crashes: z.number(),
  attempt_token: z.string(),
  /** The learner's code; null for a verification. */
  code: z.string().nullable(),
});
export type ClaimedRunRow = z.infer<typeof ClaimedRunRow>;

interface NewRun {
  id: string;
  kind: 'submission' | 'verification';
  submissionId: string | null;
  exerciseVersionId: string;
  priority: number;
}

export async function insertRun(tx: Database, run: NewRun): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    INSERT INTO grading_runs (id, kind, reason, submission_id, exercise_version_id, priority)
    VALUES (${run.id}, ${run.kind}, ${run.kind === 'submission' ? 'submitted' : 'verification'}, ${run.submissionId},
      ${run.exerciseVersionId}, ${run.priority})`);
}

/**
 * Takes an unfinished run under a fresh token; whoever held it before can write nothing more. A submission that is graded again keeps
 * its status meanwhile. A run found `running` was never handed back: its worker crashed, or lost its lock and is about to find itself fenced.
 *
 * @returns null when the run is finished, cancelled, or was dispatched anew since this job was made.
 */
export async function claimRun(
  db: Database,
  id: string,
  dispatch: number,
  token: string,
): Promise<ClaimedRunRow | null> {
  return db.maybeOne(sql.prepared('claim_run', ClaimedRunRow)`
    WITH claimed AS (
      UPDATE grading_runs
      SET attempt_token = ${token}, crashes = crashes + (status = 'running')::int, status = 'running', started_at = coalesce(started_at, now())
      WHERE id = ${id} AND dispatch = ${dispatch} AND status IN ('queued', 'running')
      RETURNING id, kind, reason, submission_id, exercise_version_id, crashes, attempt_token
    ), started AS (
      UPDATE submissions s SET status = 'running', started_at = coalesce(s.started_at, now())
      FROM claimed WHERE s.id = claimed.submission_id AND claimed.reason = 'submitted'
      RETURNING pg_notify(${CHANNELS.submissionChanged}, s.id::text)
    )
    SELECT claimed.id, claimed.kind, claimed.reason, claimed.submission_id, claimed.exercise_version_id, claimed.crashes, claimed.attempt_token,
      s.code
    FROM claimed LEFT JOIN submissions s ON s.id = claimed.submission_id`);
}

/** Hands a run back to be claimed again. Returns false when it is somebody else's by now. */
export async function releaseRun(tx: Database, id: string, token: string): Promise<boolean> {
  const released = await tx.query(sql.typeAlias('void')`
    UPDATE grading_runs SET status = 'queued', attempt_token = NULL WHERE id = ${id} AND attempt_token = ${token} AND status = 'running'`);
  return released.rowCount === 1;
}

/** Writes the result if the token still holds the run. Returns false when it does not: then nothing may be written at all. */
export async function completeRun(
  tx: Database,
  id: string,
  token: string,
  result: SerializableValue,
): Promise<boolean> {
  const completed = await tx.query(sql.typeAlias('void')`
    UPDATE grading_runs
    SET status = 'completed', result = outcome.result, verdict = outcome.result->>'verdict', score = (outcome.result->>'score')::int, completed_at = now()
    FROM (SELECT ${sql.json(storableJson(result))} AS result) outcome
    WHERE id = ${id} AND attempt_token = ${token} AND status = 'running'`);
  return completed.rowCount === 1;
}

/**
 * Takes back one counted crash: whoever held the run under this token is alive, it only lost its lock for a while.
 * Does nothing while the token still holds the run.
 */
export async function recantCrash(db: Database, id: string, token: string): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE grading_runs SET crashes = crashes - 1
    WHERE id = ${id} AND attempt_token IS DISTINCT FROM ${token} AND crashes > 0 AND status IN ('queued', 'running')`);
}

/** The platform gives up on the run. Returns false when the token does not hold it any more. */
export async function failRun(tx: Database, id: string, token: string, failure: string): Promise<boolean> {
  const failed = await tx.query(sql.typeAlias('void')`
    UPDATE grading_runs SET status = 'failed', failure = ${failure}, completed_at = now()
    WHERE id = ${id} AND attempt_token = ${token} AND status = 'running'`);
  return failed.rowCount === 1;
}

const CancelledRunRow = z.strictObject({ id: z.string(), dispatch: z.number() });
type CancelledRunRow = z.infer<typeof CancelledRunRow>;

/**
 * Ends the unfinished run of an unfinished submission of the learner and tells the worker that may be at it. Its token holds no more,
 * so a result on its way is dropped. A finished submission's regrade is left alone.
 *
 * @returns null when there is no such run: it was finished in this very moment, or is not the learner's.
 */
export async function cancelRun(
  tx: Database,
  submissionId: string,
  learnerId: string,
): Promise<CancelledRunRow | null> {
  return tx.maybeOne(sql.type(CancelledRunRow)`
    WITH cancelled AS (
      UPDATE grading_runs g SET status = 'cancelled', attempt_token = NULL, completed_at = now()
      FROM submissions s
      WHERE g.submission_id = ${submissionId} AND g.status IN ('queued', 'running')
        AND s.id = g.submission_id AND s.learner_id = ${learnerId} AND s.status IN ('queued', 'running')
      RETURNING g.id, g.dispatch, pg_notify(${CHANNELS.runCancelled}, g.id::text)
    )
    SELECT id, dispatch FROM cancelled`);
}

/** Which of the runs were cancelled, for a worker that notifications do not reach. */
export async function listCancelledRuns(db: Database, ids: readonly string[]): Promise<readonly string[]> {
  return db.anyFirst(sql.type(z.strictObject({ id: z.string() }))`
    SELECT id FROM grading_runs WHERE id = ANY(${sql.array([...ids], 'uuid')}) AND status = 'cancelled'`);
}

const UnfinishedRunRow = z.strictObject({ id: z.string(), dispatch: z.number(), priority: z.number() });
export type UnfinishedRunRow = z.infer<typeof UnfinishedRunRow>;

/**
 * Unfinished runs whose job should have been in the queue for a while, oldest first, after the given one; those with an unsent job are
 * left out.
 */
export async function listUnfinishedRuns(
  db: Database,
  olderThanMs: number,
  afterId: string | null,
  limit: number,
): Promise<readonly UnfinishedRunRow[]> {
  return db.any(sql.type(UnfinishedRunRow)`
    SELECT id, dispatch, priority
    FROM grading_runs g
    WHERE status IN ('queued', 'running') AND dispatched_at < now() - make_interval(secs => ${olderThanMs / 1000})
      AND ${afterId === null ? sql.fragment`true` : sql.fragment`id > ${afterId}`}
      AND NOT EXISTS (SELECT FROM outbox o WHERE o.job_id = 'run-' || g.id || '-' || g.dispatch)
    ORDER BY id
    LIMIT ${limit}`);
}

/** Moves an unfinished run to its next dispatch, unless somebody did so already. The old job, should it turn up, claims nothing. */
export async function redispatchRun(tx: Database, run: UnfinishedRunRow): Promise<boolean> {
  const moved = await tx.query(sql.typeAlias('void')`
    UPDATE grading_runs SET dispatch = dispatch + 1, dispatched_at = now()
    WHERE id = ${run.id} AND dispatch = ${run.dispatch} AND status IN ('queued', 'running')`);
  return moved.rowCount === 1;
}
