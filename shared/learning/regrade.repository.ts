import { z } from 'zod';
import { Verdict } from '../contracts/grade.contract.ts';
import { RegradeReport, RegradeSelection, RegradeStatus } from '../contracts/regrade.contract.ts';
import { SubmissionStatus } from '../contracts/submission.contract.ts';
import { violatesForeignKey } from '../db/database-errors.ts';
import { CHANNELS } from '../db/notifications.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { accountGone } from '../errors.ts';

/** What submissions a regrade is about. Those that came after `lastSubmissionId` were not in its dry run and are left alone. */
export interface RegradeScope {
  exerciseId: string;
  submissionId: string | null;
  /** The number of the version to grade against; nothing is graded backwards, against an older version than it was. */
  version: number;
  selection: RegradeSelection;
  lastSubmissionId: string;
}

/** Finished submissions `s`, graded against the version `graded`, of which the selection holds. */
function isSelected({ exerciseId, submissionId, version, selection, lastSubmissionId }: RegradeScope) {
  const { onlyVersionsBefore = null, verdicts = null, status = null } = selection;
  return sql.fragment`
    s.exercise_id = ${exerciseId} AND s.id <= ${lastSubmissionId} AND s.status IN ('completed', 'failed') AND graded.version <= ${version}
    AND (${submissionId}::uuid IS NULL OR s.id = ${submissionId}::uuid)
    AND (${onlyVersionsBefore}::int IS NULL OR graded.version < ${onlyVersionsBefore}::int)
    AND (${verdicts === null} OR s.verdict = ANY(${sql.array(verdicts ?? [], 'text')}))
    AND (${status}::text IS NULL OR s.status = ${status}::text)`;
}

const CountRow = z.strictObject({
  verdict: z.union([Verdict, z.literal('failed')]),
  version: z.number(),
  count: z.number(),
  sample: z.array(z.string()),
});

/** How many submissions a regrade is about, by verdict and version, with the newest few of each. */
export async function countSelected(
  db: Database,
  scope: RegradeScope,
  samples: number,
): Promise<readonly z.infer<typeof CountRow>[]> {
  return db.any(sql.type(CountRow)`
    SELECT coalesce(s.verdict, 'failed') AS verdict, graded.version, count(*)::int AS count,
      (array_agg(s.id ORDER BY s.id DESC))[1:${samples}] AS sample
    FROM submissions s JOIN exercise_versions graded ON graded.id = s.exercise_version_id
    WHERE ${isSelected(scope)}
    GROUP BY 1, 2 ORDER BY 1, 2`);
}

const RegradeRow = z.strictObject({
  id: z.string(),
  exercise_id: z.string(),
  submission_id: z.string().nullable(),
  exercise_version_id: z.string(),
  version: z.number(),
  status: RegradeStatus,
  selection: RegradeSelection,
  report: RegradeReport,
  confirm_before: z.string(),
  cursor_id: z.string(),
  last_submission_id: z.string(),
  looked_at: z.number(),
  skipped: z.number(),
  exhausted: z.boolean(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
});
export type RegradeRow = z.infer<typeof RegradeRow>;

const regradeColumns = sql.fragment`
  r.id, r.exercise_id, r.submission_id, r.exercise_version_id, v.version, r.status, r.selection, r.report, r.confirm_before, r.cursor_id,
  r.last_submission_id, r.looked_at, r.skipped, r.exhausted, r.created_at, r.started_at, r.completed_at`;

interface NewRegrade {
  id: string;
  exerciseVersionId: string;
  requestedBy: string;
  scope: RegradeScope;
  report: RegradeReport;
  confirmHash: Buffer;
  confirmWithinSeconds: number;
}

/** Keeps what a dry run found, to be confirmed. @throws AppError UNAUTHENTICATED when the requester's account is gone. */
export async function insertRegrade(db: Database, regrade: NewRegrade): Promise<void> {
  const { scope } = regrade;
  const inserted = db.query(sql.typeAlias('void')`
    INSERT INTO regrades (id, exercise_id, submission_id, exercise_version_id, requested_by, selection, report, confirm_hash, confirm_before,
      last_submission_id)
    VALUES (${regrade.id}, ${scope.exerciseId}, ${scope.submissionId}, ${regrade.exerciseVersionId}, ${regrade.requestedBy},
      ${sql.jsonb(scope.selection)}, ${sql.jsonb(regrade.report)}, ${sql.binary(regrade.confirmHash)},
      now() + make_interval(secs => ${regrade.confirmWithinSeconds}), ${scope.lastSubmissionId})`);
  await inserted.catch((error: unknown) => {
    throw violatesForeignKey(error, 'regrades_requested_by_fkey') ? accountGone(error) : error;
  });
}

const ProposalRow = z.strictObject({ ...RegradeRow.shape, expired: z.boolean(), is_current: z.boolean() });

/** The requester's regrade that a token confirms, locked; `is_current`: whether its version is still the one that learners meet. */
export async function lockProposal(
  tx: Database,
  confirmHash: Buffer,
  requestedBy: string,
): Promise<z.infer<typeof ProposalRow> | null> {
  return tx.maybeOne(sql.type(ProposalRow)`
    SELECT ${regradeColumns}, r.confirm_before < now() AS expired, x.current_version_id = r.exercise_version_id AS is_current
    FROM regrades r
    JOIN exercise_versions v ON v.id = r.exercise_version_id
    JOIN exercises x ON x.id = r.exercise_id
    WHERE r.confirm_hash = ${sql.binary(confirmHash)} AND r.requested_by = ${requestedBy}
    FOR UPDATE OF r`);
}

/** Starts a proposed regrade. One of a whole exercise takes over from those of it that still run. */
export async function startRegrade(
  tx: Database,
  regrade: Pick<RegradeRow, 'id' | 'exercise_id' | 'submission_id'>,
): Promise<void> {
  if (regrade.submission_id === null) {
    await tx.query(sql.typeAlias('void')`
      UPDATE regrades SET status = 'superseded', completed_at = now()
      WHERE exercise_id = ${regrade.exercise_id} AND submission_id IS NULL AND status = 'running'`);
  }
  await tx.query(sql.typeAlias('void')`
    UPDATE regrades SET status = 'running', started_at = now() WHERE id = ${regrade.id} AND status = 'proposed'`);
}

/** A regrade, for operators or for who owns its course; null for others. */
export async function findRegrade(db: Database, id: string, ownerId: string | null): Promise<RegradeRow | null> {
  return db.maybeOne(sql.type(RegradeRow)`
    SELECT ${regradeColumns}
    FROM regrades r
    JOIN exercise_versions v ON v.id = r.exercise_version_id
    JOIN exercises x ON x.id = r.exercise_id
    JOIN modules m ON m.id = x.module_id
    JOIN courses c ON c.id = m.course_id
    WHERE r.id = ${id} AND (${ownerId}::uuid IS NULL OR (c.owner_id = ${ownerId}::uuid AND c.kind = 'authored'))`);
}

/** Takes the role of the one who continues regrades until the transaction ends. Returns false when another has it. */
export async function tryLeadRegrades(tx: Database): Promise<boolean> {
  return tx.oneFirst(sql.type(z.strictObject({ leads: z.boolean() }))`
    SELECT pg_try_advisory_xact_lock(hashtext('continue-regrades')) AS leads`);
}

/** The running regrades: those of one submission first, else the oldest first, so that each has its turn to the end. */
export async function lockRunningRegrades(tx: Database): Promise<readonly RegradeRow[]> {
  return tx.any(sql.type(RegradeRow)`
    SELECT ${regradeColumns}
    FROM regrades r JOIN exercise_versions v ON v.id = r.exercise_version_id
    WHERE r.status = 'running' ORDER BY r.submission_id IS NULL, r.id FOR UPDATE OF r`);
}

const BatchRow = z.strictObject({
  id: z.string(),
  status: SubmissionStatus,
  verdict: Verdict.nullable(),
  run_number: z.number(),
  /** The version that an unfinished run of the submission grades against already. */
  unfinished_version: z.number().nullable(),
});
export type BatchRow = z.infer<typeof BatchRow>;

/** The next submissions of a regrade, locked so that nobody else makes a run of them meanwhile. */
export async function lockNextSelected(
  tx: Database,
  scope: RegradeScope,
  afterId: string,
  limit: number,
): Promise<readonly BatchRow[]> {
  return tx.any(sql.type(BatchRow)`
    WITH batch AS (
      SELECT s.id, s.status, s.verdict
      FROM submissions s JOIN exercise_versions graded ON graded.id = s.exercise_version_id
      WHERE ${isSelected(scope)} AND s.id > ${afterId}
      ORDER BY s.id LIMIT ${limit}
      FOR NO KEY UPDATE OF s
    )
    SELECT batch.id, batch.status, batch.verdict, runs.run_number, runs.unfinished_version
    FROM batch CROSS JOIN LATERAL (
      SELECT coalesce(max(g.run_number), 0) AS run_number, max(v.version) FILTER (WHERE g.status IN ('queued', 'running')) AS unfinished_version
      FROM grading_runs g JOIN exercise_versions v ON v.id = g.exercise_version_id
      WHERE g.submission_id = batch.id
    ) runs
    ORDER BY batch.id`);
}

/**
 * Ends regrade runs that a regrade against a newer version makes pointless, and tells the workers that may be at them. One that is being
 * settled in this moment is left: it takes its locks in the other order, and its outcome is replaced soon.
 */
export async function cancelRegradeRuns(tx: Database, submissionIds: readonly string[]): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    WITH pointless AS (
      SELECT id FROM grading_runs
      WHERE submission_id = ANY(${sql.array([...submissionIds], 'uuid')}) AND reason = 'regrade' AND status IN ('queued', 'running')
      FOR UPDATE SKIP LOCKED
    ), cancelled AS (
      UPDATE grading_runs g SET status = 'cancelled', attempt_token = NULL, completed_at = now()
      FROM pointless WHERE g.id = pointless.id
      RETURNING pg_notify(${CHANNELS.runCancelled}, g.id::text)
    )
    SELECT FROM cancelled`);
}

interface NewRegradeRun {
  id: string;
  submission: BatchRow;
}

export async function insertRegradeRuns(
  tx: Database,
  regrade: Pick<RegradeRow, 'id' | 'exercise_version_id'>,
  priority: number,
  runs: readonly NewRegradeRun[],
): Promise<void> {
  const rows = runs.map(({ id, submission }) => [id, submission.id, submission.run_number + 1, submission.verdict]);
  await tx.query(sql.typeAlias('void')`
    INSERT INTO grading_runs (id, kind, reason, submission_id, exercise_version_id, run_number, priority, regrade_id, replaced_verdict)
    SELECT run.id, 'submission', 'regrade', run.submission_id, ${regrade.exercise_version_id}, run.run_number, ${priority}, ${regrade.id},
      run.verdict
    FROM ${sql.unnest(rows, ['uuid', 'uuid', 'int4', 'text'])} AS run (id, submission_id, run_number, verdict)`);
}

interface Advance {
  cursorId: string;
  lookedAt: number;
  skipped: number;
  exhausted: boolean;
}

/** Remembers how far a regrade has come. */
export async function advanceRegrade(tx: Database, id: string, by: Advance): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE regrades SET cursor_id = ${by.cursorId}, looked_at = looked_at + ${by.lookedAt}, skipped = skipped + ${by.skipped},
      exhausted = ${by.exhausted}
    WHERE id = ${id}`);
}

/** Completes the regrades all of whose runs have ended. Returns how many. */
export async function completeRegrades(tx: Database): Promise<number> {
  const completed = await tx.query(sql.typeAlias('void')`
    UPDATE regrades r SET status = 'completed', completed_at = now()
    WHERE r.status = 'running' AND r.exhausted
      AND NOT EXISTS (SELECT FROM grading_runs g WHERE g.regrade_id = r.id AND g.status IN ('queued', 'running'))`);
  return completed.rowCount;
}

/** Dry runs that nobody confirmed in time. Returns how many were forgotten. */
export async function deleteExpiredProposals(db: Database): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM regrades WHERE status = 'proposed' AND confirm_before < now() - interval '1 day'`);
  return deleted.rowCount;
}
