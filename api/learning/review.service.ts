import type { DatabasePool } from 'slonik';
import type { z } from 'zod';
import type {
  FeedbackRequest,
  OverrideRequest,
  ReviewAgreement,
  ReviewScores,
  ReviewView,
} from '../../shared/contracts/review.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { AppError, notFound } from '../../shared/errors.ts';
import { requestReview } from '../../shared/learning/request-review.ts';
import {
  countUnfinishedReviews,
  findReviewable,
  findReviewableOf,
  findReviewOfSubmission,
  getAgreement,
  isExerciseThereFor,
  insertOverride,
  lockReviewIntake,
  upsertFeedback,
  type ReviewRow,
} from '../../shared/learning/review.repository.ts';
import type { Dispatcher } from '../../shared/queues/outbox.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import { judgeOf, ownerOf, readerOf } from './review.policy.ts';
import { holdBack } from './submission-news.service.ts';
import type { SubmissionWatchers } from './submission-watchers.ts';

export interface ReviewDeps {
  db: DatabasePool;
  dispatcher: Dispatcher;
  watchers: SubmissionWatchers;
  reviewsInFlightPerLearner: number;
}

/** Whether a review is what it will be. One that is being made better meanwhile is what there is. */
export const isReviewOver = ({ status }: Pick<ReviewView, 'status'>): boolean =>
  status === 'completed' || status === 'failed';

/**
 * A submission's review, held back for at most `waitSeconds` until it is completed or failed.
 *
 * @throws AppError NOT_FOUND when there is none, or it is not for the actor to see.
 */
export async function waitForReview(
  deps: Pick<ReviewDeps, 'db' | 'watchers'>,
  actor: Actor,
  submissionId: string,
  waitSeconds: number,
  request: RequestFacts,
): Promise<ReviewView> {
  if ((await findReviewable(deps.db, submissionId, readerOf(actor))) === null) throw notFound('review');
  const read = (): Promise<ReviewView> => getReview(deps, submissionId);
  return holdBack(deps.watchers, { actor, submissionId, waitSeconds, request }, read, { isOver: isReviewOver });
}

/**
 * Asks for the review of an own submission. One that exists is answered; one that failed is made again.
 *
 * @throws AppError NOT_FOUND; CONFLICT when the submission is not completed; TOO_MANY_IN_FLIGHT.
 */
export async function askForReview(deps: ReviewDeps, actor: Actor, submissionId: string): Promise<ReviewView> {
  const submission = await findReviewable(deps.db, submissionId, ownerOf(actor));
  if (submission === null) throw notFound('submission');
  const { submission_status: status, exercise_id: exerciseId } = submission;
  if (status !== 'completed') {
    throw new AppError('CONFLICT', `This submission is ${status}; only a completed one can be reviewed.`);
  }
  const job = await deps.db.transaction(async (tx) => {
    await lockReviewIntake(tx, actor.id);
    const unfinished = await countUnfinishedReviews(tx, actor.id);
    const requested = await requestReview(tx, { submissionId, learnerId: actor.id, exerciseId }, 'requested');
    if (requested !== null && unfinished >= deps.reviewsInFlightPerLearner) throw tooMany(unfinished);
    return requested;
  });
  if (job !== null) deps.dispatcher.send(job);
  return getReview(deps, submissionId);
}

function tooMany(unfinished: number): AppError {
  return new AppError(
    'TOO_MANY_IN_FLIGHT',
    `${unfinished} of your reviews are still being made; wait for one to finish.`,
    { retryAfterSeconds: 5 },
  );
}

/** The learner's thumbs and comment on an own review; the newest count. @throws AppError NOT_FOUND; CONFLICT before it is completed. */
export async function giveFeedback(
  { db }: Pick<ReviewDeps, 'db'>,
  actor: Actor,
  reviewId: string,
  { helpful, comment }: z.output<typeof FeedbackRequest>,
): Promise<ReviewView> {
  const reviewed = await findReviewableOf(db, reviewId, ownerOf(actor));
  if (reviewed === null) throw notFound('review');
  if (!(await upsertFeedback(db, reviewId, { helpful, comment: comment ?? null }))) throw notCompleted();
  return getReview({ db }, reviewed.submission_id);
}

/**
 * An instructor's own judgement of a review: shown beside it, never in its place.
 *
 * @throws AppError NOT_FOUND when it is not for the actor to judge; CONFLICT before it is completed.
 */
export async function overrideReview(
  { db }: Pick<ReviewDeps, 'db'>,
  actor: Actor,
  reviewId: string,
  { scores, comment }: z.output<typeof OverrideRequest>,
  request: RequestFacts,
): Promise<ReviewView> {
  const reviewed = await findReviewableOf(db, reviewId, judgeOf(actor));
  if (reviewed === null) throw notFound('review');
  const override = {
    id: newId(),
    reviewId,
    authorId: actor.id,
    scores: scores === undefined ? null : withOverall(scores),
    comment,
  };
  await db.transaction(async (tx) => {
    if (!(await insertOverride(tx, override))) throw notCompleted();
    const details = { scores: override.scores };
    await recordAudit(tx, request, { action: 'review.override', actorId: actor.id, target: reviewId, details });
  });
  return getReview({ db }, reviewed.submission_id);
}

function withOverall(scores: Omit<ReviewScores, 'overall'>): ReviewScores {
  const { codeSense, efficiency, edgeCases, taste } = scores;
  return { ...scores, overall: Math.round((codeSense + efficiency + edgeCases + taste) / 4) };
}

/** How reviews of an exercise compare with what learners and instructors say. @throws AppError NOT_FOUND. */
export async function getReviewAgreement(
  { db }: Pick<ReviewDeps, 'db'>,
  actor: Actor,
  exerciseId: string,
): Promise<ReviewAgreement> {
  if (!(await isExerciseThereFor(db, exerciseId, judgeOf(actor)))) throw notFound('exercise');
  const row = await getAgreement(db, exerciseId);
  return {
    exerciseId,
    reviews: { llm: row.llm, cache: row.cache, static: row.static, unfinished: row.unfinished },
    feedback: { helpful: row.helpful, unhelpful: row.unhelpful },
    overrides: { total: row.overridden, withScores: row.compared },
    meanAbsoluteDifference: row.differences,
    withinTenPoints: row.compared === 0 ? null : row.within_ten_points / row.compared,
  };
}

const notCompleted = (): AppError => new AppError('CONFLICT', 'This review is not completed yet.');

async function getReview({ db }: Pick<ReviewDeps, 'db'>, submissionId: string): Promise<ReviewView> {
  const row = await findReviewOfSubmission(db, submissionId);
  if (row === null) throw notFound('review');
  return toView(row);
}

function toView(row: ReviewRow): ReviewView {
  const { body } = row;
  return {
    id: row.id,
    submissionId: row.submission_id,
    status: row.status,
    source: row.source,
    degradedReason: row.degraded_reason,
    scores: body?.scores ?? null,
    summary: body?.summary ?? null,
    strengths: body?.strengths ?? [],
    findings: body?.findings ?? [],
    followUps: body?.followUps ?? [],
    provider: row.provider,
    model: row.model,
    promptVersion: row.prompt_version,
    usage: { inputTokens: row.input_tokens, outputTokens: row.output_tokens },
    costMicros: row.cost_micros,
    feedback: row.helpful === null ? null : { helpful: row.helpful, comment: row.feedback_comment },
    override:
      row.override_comment === null || row.overridden_at === null
        ? null
        : { scores: row.override_scores, comment: row.override_comment, createdAt: row.overridden_at },
    createdAt: row.created_at,
    completedAt: row.completed_at,
  };
}
