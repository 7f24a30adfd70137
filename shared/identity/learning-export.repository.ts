import { z } from 'zod';
import { CourseKind, CourseStatus } from '../contracts/course.contract.ts';
import { Fault, Grade, Verdict } from '../contracts/grade.contract.ts';
import { DegradedReason, ReviewBody, ReviewScores, ReviewSource, ReviewStatus } from '../contracts/review.contract.ts';
import { SubmissionStatus } from '../contracts/submission.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

/** What one account learned and wrote, for its owner, page by page as in `export.repository.ts`. */

const CourseRow = z.strictObject({
  id: z.string(),
  kind: CourseKind,
  title: z.string(),
  description: z.string(),
  status: CourseStatus,
  createdAt: z.string(),
});
type CourseRow = z.infer<typeof CourseRow>;

export async function listExportedCourses(
  db: Database,
  userId: string,
  after: CourseRow | null,
  limit: number,
): Promise<readonly CourseRow[]> {
  return db.any(sql.type(CourseRow)`
    SELECT id, kind, title, description, status, created_at AS "createdAt" FROM courses
    WHERE owner_id = ${userId} AND (${after?.id ?? null}::uuid IS NULL OR id > ${after?.id ?? null}::uuid)
    ORDER BY id LIMIT ${limit}`);
}

const EnrollmentRow = z.strictObject({ courseId: z.string(), courseTitle: z.string(), enrolledAt: z.string() });
type EnrollmentRow = z.infer<typeof EnrollmentRow>;

export async function listExportedEnrollments(
  db: Database,
  userId: string,
  after: EnrollmentRow | null,
  limit: number,
): Promise<readonly EnrollmentRow[]> {
  return db.any(sql.type(EnrollmentRow)`
    SELECT e.course_id AS "courseId", c.title AS "courseTitle", e.enrolled_at AS "enrolledAt"
    FROM enrollments e JOIN courses c ON c.id = e.course_id
    WHERE e.learner_id = ${userId} AND (${after?.courseId ?? null}::uuid IS NULL OR e.course_id > ${after?.courseId ?? null}::uuid)
    ORDER BY e.course_id LIMIT ${limit}`);
}

const SolutionRow = z.strictObject({
  exerciseId: z.string(),
  exerciseTitle: z.string().nullable(),
  submissionId: z.string(),
  points: z.number(),
  solvedAt: z.string(),
});
type SolutionRow = z.infer<typeof SolutionRow>;

export async function listExportedSolutions(
  db: Database,
  userId: string,
  after: SolutionRow | null,
  limit: number,
): Promise<readonly SolutionRow[]> {
  return db.any(sql.type(SolutionRow)`
    SELECT d.exercise_id AS "exerciseId", v.title AS "exerciseTitle", d.submission_id AS "submissionId", d.points, d.solved_at AS "solvedAt"
    FROM solved_exercises d
    JOIN exercises x ON x.id = d.exercise_id
    LEFT JOIN exercise_versions v ON v.id = x.current_version_id
    WHERE d.learner_id = ${userId} AND (${after?.exerciseId ?? null}::uuid IS NULL OR d.exercise_id > ${after?.exerciseId ?? null}::uuid)
    ORDER BY d.exercise_id LIMIT ${limit}`);
}

const HintRow = z.strictObject({ exerciseId: z.string(), hintNumber: z.number(), usedAt: z.string() });
type HintRow = z.infer<typeof HintRow>;

export async function listExportedHints(
  db: Database,
  userId: string,
  after: HintRow | null,
  limit: number,
): Promise<readonly HintRow[]> {
  return db.any(sql.type(HintRow)`
    SELECT exercise_id AS "exerciseId", hint_number AS "hintNumber", used_at AS "usedAt" FROM hints_used
    WHERE learner_id = ${userId}
      AND (${after === null} OR (exercise_id, hint_number) > (${after?.exerciseId ?? null}::uuid, ${after?.hintNumber ?? null}::int))
    ORDER BY exercise_id, hint_number LIMIT ${limit}`);
}

const SubmissionRow = z.strictObject({
  id: z.string(),
  exercise_id: z.string(),
  exercise_title: z.string(),
  language: z.string(),
  attempt: z.number(),
  counts_as_attempt: z.boolean(),
  code: z.string(),
  status: SubmissionStatus,
  verdict: Verdict.nullable(),
  score: z.number().nullable(),
  fault: Fault.nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  /** The newest completed run's grade, with everything about hidden tests. */
  result: Grade.nullable(),
  review_id: z.string().nullable(),
  review_status: ReviewStatus.nullable(),
  review_source: ReviewSource.nullable(),
  review_degraded_reason: DegradedReason.nullable(),
  review_provider: z.string().nullable(),
  review_model: z.string().nullable(),
  review_body: ReviewBody.nullable(),
  review_created_at: z.string().nullable(),
  review_completed_at: z.string().nullable(),
  helpful: z.boolean().nullable(),
  feedback_comment: z.string().nullable(),
});
export type ExportedSubmissionRow = z.infer<typeof SubmissionRow>;

export async function listExportedSubmissions(
  db: Database,
  userId: string,
  after: Pick<ExportedSubmissionRow, 'id' | 'exercise_id'> | null,
  limit: number,
): Promise<readonly ExportedSubmissionRow[]> {
  return db.any(sql.type(SubmissionRow)`
    WITH page AS (
      SELECT * FROM submissions
      WHERE learner_id = ${userId}
        AND (${after === null} OR (exercise_id, id) > (${after?.exercise_id ?? null}::uuid, ${after?.id ?? null}::uuid))
      ORDER BY exercise_id, id LIMIT ${limit}
    )
    SELECT s.id, s.exercise_id, v.title AS exercise_title, v.language, s.attempt, s.counts_as_attempt, s.code, s.status, s.verdict, s.score,
      s.fault, s.created_at, s.started_at, s.completed_at, run.result, r.id AS review_id, r.status AS review_status,
      r.source AS review_source, r.degraded_reason AS review_degraded_reason, r.provider AS review_provider, r.model AS review_model,
      r.body AS review_body, r.created_at AS review_created_at, r.completed_at AS review_completed_at, f.helpful,
      f.comment AS feedback_comment
    FROM page s
    JOIN exercise_versions v ON v.id = s.exercise_version_id
    LEFT JOIN LATERAL (
      SELECT g.result FROM grading_runs g WHERE g.submission_id = s.id AND g.status = 'completed' ORDER BY g.run_number DESC LIMIT 1
    ) run ON true
    LEFT JOIN reviews r ON r.submission_id = s.id
    LEFT JOIN review_feedback f ON f.review_id = r.id
    ORDER BY s.exercise_id, s.id`);
}

const OverrideRow = z.strictObject({
  id: z.string(),
  reviewId: z.string(),
  scores: ReviewScores.nullable(),
  comment: z.string(),
  createdAt: z.string(),
});
type OverrideRow = z.infer<typeof OverrideRow>;

export async function listExportedOverrides(
  db: Database,
  userId: string,
  after: OverrideRow | null,
  limit: number,
): Promise<readonly OverrideRow[]> {
  return db.any(sql.type(OverrideRow)`
    SELECT id, review_id AS "reviewId", scores, comment, created_at AS "createdAt" FROM review_overrides
    WHERE author_id = ${userId} AND (${after?.id ?? null}::uuid IS NULL OR id > ${after?.id ?? null}::uuid)
    ORDER BY id LIMIT ${limit}`);
}

const RegradeRow = z.strictObject({
  id: z.string(),
  exerciseId: z.string(),
  status: z.string(),
  createdAt: z.string(),
});
type RegradeRow = z.infer<typeof RegradeRow>;

export async function listExportedRegrades(
  db: Database,
  userId: string,
  after: RegradeRow | null,
  limit: number,
): Promise<readonly RegradeRow[]> {
  return db.any(sql.type(RegradeRow)`
    SELECT id, exercise_id AS "exerciseId", status, created_at AS "createdAt" FROM regrades
    WHERE requested_by = ${userId} AND (${after?.id ?? null}::uuid IS NULL OR id > ${after?.id ?? null}::uuid)
    ORDER BY id LIMIT ${limit}`);
}

const AiRequestRow = z.strictObject({
  id: z.string(),
  purpose: z.string(),
  provider: z.string(),
  model: z.string(),
  createdAt: z.string(),
  inputTokens: z.number().nullable(),
  outputTokens: z.number().nullable(),
  costMicros: z.number().nullable(),
});
type AiRequestRow = z.infer<typeof AiRequestRow>;

export async function listExportedAiRequests(
  db: Database,
  userId: string,
  after: AiRequestRow | null,
  limit: number,
): Promise<readonly AiRequestRow[]> {
  return db.any(sql.type(AiRequestRow)`
    SELECT id, purpose, provider, model, created_at AS "createdAt", input_tokens::float8 AS "inputTokens",
      output_tokens::float8 AS "outputTokens", cost_micros::float8 AS "costMicros"
    FROM ai_requests
    WHERE learner_id = ${userId} AND (${after?.id ?? null}::uuid IS NULL OR id > ${after?.id ?? null}::uuid)
    ORDER BY id LIMIT ${limit}`);
}
