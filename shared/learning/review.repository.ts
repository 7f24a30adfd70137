import { z } from 'zod';
import { Grade } from '../contracts/grade.contract.ts';
import {
  DegradedReason,
  ReviewBody,
  ReviewCategory,
  ReviewScores,
  ReviewSource,
  ReviewStatus,
} from '../contracts/review.contract.ts';
import { SubmissionStatus } from '../contracts/submission.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import type { ReviewDispatchRow, ReviewReason } from './review-work.repository.ts';
import { courseIsThereFor, submissionIsThereFor, type Viewer } from './viewer.repository.ts';

/** What there is to know of reviews. How they are made is in `review-work.repository.ts`. */

interface NewReview {
  id: string;
  submissionId: string;
  learnerId: string;
  exerciseId: string;
  reason: ReviewReason;
  priority: number;
}

/** Returns null when the submission has a review already. */
export async function insertReview(tx: Database, review: NewReview): Promise<ReviewDispatchRow | null> {
  const inserted = await tx.query(sql.typeAlias('void')`
    INSERT INTO reviews (id, submission_id, learner_id, exercise_id, reason, priority)
    VALUES (${review.id}, ${review.submissionId}, ${review.learnerId}, ${review.exerciseId}, ${review.reason}, ${review.priority})
    ON CONFLICT ON CONSTRAINT reviews_submission_unique DO NOTHING`);
  return inserted.rowCount === 1 ? { id: review.id, dispatch: 1, priority: review.priority } : null;
}

/** How many reviews of a learner are being made. */
export async function countUnfinishedReviews(db: Database, learnerId: string): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM reviews WHERE learner_id = ${learnerId} AND work IN ('queued', 'running')`);
}

/** Serialises a learner's requests for reviews until the transaction ends, so that unfinished ones are counted exactly. */
export async function lockReviewIntake(tx: Database, learnerId: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    SELECT FROM pg_advisory_xact_lock(hashtext('review intake'), hashtext(${learnerId}))`);
}

const ReviewedSubmissionRow = z.strictObject({
  code: z.string(),
  exercise_version_id: z.string(),
  /** The newest grade; null while there is none. */
  result: Grade.nullable(),
});

/** What a review is about. Null when the submission is gone. */
export async function findReviewedSubmission(
  db: Database,
  submissionId: string,
): Promise<z.infer<typeof ReviewedSubmissionRow> | null> {
  return db.maybeOne(sql.prepared('find_reviewed_submission', ReviewedSubmissionRow)`
    SELECT s.code, s.exercise_version_id, run.result
    FROM submissions s
    LEFT JOIN LATERAL (
      SELECT g.result FROM grading_runs g WHERE g.submission_id = s.id AND g.status = 'completed' ORDER BY g.run_number DESC LIMIT 1
    ) run ON true
    WHERE s.id = ${submissionId}`);
}

const ReviewableRow = z.strictObject({
  submission_id: z.string(),
  exercise_id: z.string(),
  submission_status: SubmissionStatus,
});
export type ReviewableRow = z.infer<typeof ReviewableRow>;

const reviewableColumns = sql.fragment`
  SELECT s.id AS submission_id, s.exercise_id, s.status AS submission_status
  FROM submissions s
  JOIN exercises x ON x.id = s.exercise_id
  JOIN modules m ON m.id = x.module_id
  JOIN courses c ON c.id = m.course_id`;

/** A submission that is there for the viewer. */
export async function findReviewable(
  db: Database,
  submissionId: string,
  viewer: Viewer,
): Promise<ReviewableRow | null> {
  return db.maybeOne(sql.prepared('find_reviewable', ReviewableRow)`
    ${reviewableColumns} WHERE s.id = ${submissionId} AND ${submissionIsThereFor(viewer)}`);
}

/** The submission that a review is of, when it is there for the viewer. */
export async function findReviewableOf(db: Database, reviewId: string, viewer: Viewer): Promise<ReviewableRow | null> {
  return db.maybeOne(sql.type(ReviewableRow)`
    ${reviewableColumns} WHERE s.id = (SELECT submission_id FROM reviews WHERE id = ${reviewId}) AND ${submissionIsThereFor(viewer)}`);
}

/** Whether there is such an exercise, and what was done there is there for the viewer. */
export async function isExerciseThereFor(db: Database, exerciseId: string, viewer: Viewer): Promise<boolean> {
  return db.exists(sql.typeAlias('void')`
    SELECT FROM exercises x JOIN modules m ON m.id = x.module_id JOIN courses c ON c.id = m.course_id
    WHERE x.id = ${exerciseId} AND ${courseIsThereFor(viewer)}`);
}

const ReviewRow = z.strictObject({
  id: z.string(),
  submission_id: z.string(),
  status: ReviewStatus,
  source: ReviewSource.nullable(),
  degraded_reason: DegradedReason.nullable(),
  body: ReviewBody.nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  prompt_version: z.string().nullable(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost_micros: z.number(),
  created_at: z.string(),
  completed_at: z.string().nullable(),
  helpful: z.boolean().nullable(),
  feedback_comment: z.string().nullable(),
  override_scores: ReviewScores.nullable(),
  override_comment: z.string().nullable(),
  overridden_at: z.string().nullable(),
});
export type ReviewRow = z.infer<typeof ReviewRow>;

/** A submission's review with what its learner and an instructor made of it. */
export async function findReviewOfSubmission(db: Database, submissionId: string): Promise<ReviewRow | null> {
  return db.maybeOne(sql.prepared('find_review_of_submission', ReviewRow)`
    SELECT r.id, r.submission_id, r.status, r.source, r.degraded_reason, r.body, r.provider, r.model, r.prompt_version, r.input_tokens,
      r.output_tokens, r.cost_micros::float8 AS cost_micros, r.created_at, r.completed_at, f.helpful, f.comment AS feedback_comment,
      o.scores AS override_scores, o.comment AS override_comment, o.created_at AS overridden_at
    FROM reviews r
    LEFT JOIN review_feedback f ON f.review_id = r.id
    LEFT JOIN LATERAL (
      SELECT scores, comment, created_at FROM review_overrides WHERE review_id = r.id ORDER BY id DESC LIMIT 1
    ) o ON true
    WHERE r.submission_id = ${submissionId}`);
}

/** The learner's thumbs and comment; the newest count. Returns false when the review is not completed. */
export async function upsertFeedback(
  tx: Database,
  reviewId: string,
  feedback: { helpful: boolean; comment: string | null },
): Promise<boolean> {
  const written = await tx.query(sql.typeAlias('void')`
    INSERT INTO review_feedback (review_id, helpful, comment)
    SELECT id, ${feedback.helpful}, ${feedback.comment} FROM reviews WHERE id = ${reviewId} AND status = 'completed'
    ON CONFLICT (review_id) DO UPDATE SET helpful = excluded.helpful, comment = excluded.comment, updated_at = now()`);
  return written.rowCount === 1;
}

interface NewOverride {
  id: string;
  reviewId: string;
  authorId: string;
  scores: ReviewScores | null;
  comment: string;
}

/** An instructor's judgement, with what it was about. Returns false when the review is not completed. */
export async function insertOverride(tx: Database, override: NewOverride): Promise<boolean> {
  const inserted = await tx.query(sql.typeAlias('void')`
    INSERT INTO review_overrides (id, review_id, author_id, scores, comment, reviewed_source, reviewed_scores)
    SELECT ${override.id}, id, ${override.authorId}, ${override.scores === null ? null : sql.jsonb(override.scores)}, ${override.comment},
      source, body->'scores'
    FROM reviews WHERE id = ${override.reviewId} AND status = 'completed'`);
  return inserted.rowCount === 1;
}

const AgreementRow = z.strictObject({
  llm: z.number(),
  cache: z.number(),
  static: z.number(),
  unfinished: z.number(),
  helpful: z.number(),
  unhelpful: z.number(),
  overridden: z.number(),
  compared: z.number(),
  within_ten_points: z.number(),
  differences: z.record(z.enum([...ReviewCategory.options, 'overall']), z.number().nullable()),
});
export type AgreementRow = z.infer<typeof AgreementRow>;

/** How reviews of an exercise compare with what instructors (their newest judgement of each, where it has scores) and learners say. */
export async function getAgreement(db: Database, exerciseId: string): Promise<AgreementRow> {
  const difference = (category: string) => sql.fragment`
    avg(abs((o.scores->>${category})::int - (o.reviewed_scores->>${category})::int))::float8`;
  return db.one(sql.type(AgreementRow)`
    SELECT
      (count(*) FILTER (WHERE r.source = 'llm'))::int AS llm,
      (count(*) FILTER (WHERE r.source = 'cache'))::int AS cache,
      (count(*) FILTER (WHERE r.source = 'static'))::int AS static,
      (count(*) FILTER (WHERE r.status <> 'completed'))::int AS unfinished,
      (count(*) FILTER (WHERE f.helpful))::int AS helpful,
      (count(*) FILTER (WHERE NOT f.helpful))::int AS unhelpful,
      count(o.id)::int AS overridden,
      count(o.scores)::int AS compared,
      (count(*) FILTER (WHERE abs((o.scores->>'overall')::int - (o.reviewed_scores->>'overall')::int) <= 10))::int AS within_ten_points,
      jsonb_build_object('codeSense', ${difference('codeSense')}, 'efficiency', ${difference('efficiency')},
        'edgeCases', ${difference('edgeCases')}, 'taste', ${difference('taste')}, 'overall', ${difference('overall')}) AS differences
    FROM reviews r
    LEFT JOIN review_feedback f ON f.review_id = r.id
    LEFT JOIN LATERAL (
      SELECT id, scores, reviewed_scores FROM review_overrides WHERE review_id = r.id ORDER BY id DESC LIMIT 1
    ) o ON true
    WHERE r.exercise_id = ${exerciseId}`);
}
