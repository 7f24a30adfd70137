import { z } from 'zod';
import { Fault, Verdict } from '../contracts/grade.contract.ts';
import { SubmissionStatus } from '../contracts/submission.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { submissionIsThereFor, type Viewer } from './viewer.repository.ts';

const RunStatus = z.enum(['queued', 'running', 'completed', 'cancelled', 'failed']);

/** How many runs of regrades are unfinished, of all regrades together. */
export async function countRegradeRunsInFlight(db: Database): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM grading_runs WHERE status IN ('queued', 'running') AND reason = 'regrade'`);
}

const RunCountRow = z.strictObject({
  status: RunStatus,
  replaced_verdict: Verdict.nullable(),
  verdict: Verdict.nullable(),
  count: z.number(),
});

/** The runs of a regrade, counted by how far they are and how the verdict changed. */
export async function countRegradeRuns(
  db: Database,
  regradeId: string,
): Promise<readonly z.infer<typeof RunCountRow>[]> {
  return db.any(sql.type(RunCountRow)`
    SELECT status, replaced_verdict, verdict, count(*)::int AS count
    FROM grading_runs WHERE regrade_id = ${regradeId}
    GROUP BY status, replaced_verdict, verdict ORDER BY status, replaced_verdict, verdict`);
}

const RunRow = z.strictObject({
  id: z.string(),
  run_number: z.number(),
  reason: z.enum(['submitted', 'regrade']),
  status: RunStatus,
  verdict: Verdict.nullable(),
  score: z.number().nullable(),
  fault: Fault.nullable(),
  version: z.number(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
});
export type RunRow = z.infer<typeof RunRow>;

interface RunPage {
  submissionId: string;
  beforeId: string | undefined;
  limit: number;
}

/** The runs of a submission, newest first. */
export async function listRuns(db: Database, { submissionId, beforeId, limit }: RunPage): Promise<readonly RunRow[]> {
  return db.any(sql.type(RunRow)`
    SELECT g.id, g.run_number, g.reason, g.status, g.verdict, g.score, g.result->>'fault' AS fault, v.version,
      g.created_at, g.started_at, g.completed_at
    FROM grading_runs g JOIN exercise_versions v ON v.id = g.exercise_version_id
    WHERE g.submission_id = ${submissionId} AND ${beforeId === undefined ? sql.fragment`true` : sql.fragment`g.id < ${beforeId}`}
    ORDER BY g.id DESC LIMIT ${limit}`);
}

const TargetRow = z.strictObject({ version_id: z.string().nullable(), version: z.number().nullable() });

/** The version that learners meet, of any exercise, or with an owner of theirs only; null when there is no such exercise. */
export async function findRegradeTarget(
  db: Database,
  exerciseId: string,
  ownerId: string | null,
): Promise<z.infer<typeof TargetRow> | null> {
  return db.maybeOne(sql.type(TargetRow)`
    SELECT v.id AS version_id, v.version
    FROM exercises x
    JOIN modules m ON m.id = x.module_id
    JOIN courses c ON c.id = m.course_id
    LEFT JOIN exercise_versions v ON v.id = x.current_version_id
    WHERE x.id = ${exerciseId} AND (${ownerId}::uuid IS NULL OR (c.owner_id = ${ownerId}::uuid AND c.kind = 'authored'))`);
}

const RegradableRow = z.strictObject({ exercise_id: z.string(), status: SubmissionStatus });

/** A submission that is there for the viewer: what it is to, and how far it is. */
export async function findRegradable(
  db: Database,
  id: string,
  viewer: Viewer,
): Promise<z.infer<typeof RegradableRow> | null> {
  return db.maybeOne(sql.type(RegradableRow)`
    SELECT s.exercise_id, s.status
    FROM submissions s
    JOIN exercises x ON x.id = s.exercise_id
    JOIN modules m ON m.id = x.module_id
    JOIN courses c ON c.id = m.course_id
    WHERE s.id = ${id} AND ${submissionIsThereFor(viewer)}`);
}
