import type { Verdict } from '../contracts/grade.contract.ts';
import { newId } from '../db/id.ts';
import type { Database } from '../db/pool.ts';
import { requestJob } from '../queues/outbox.ts';
import type { OutboxRow } from '../queues/outbox.repository.ts';
import { REVIEW_PRIORITY, reviewJobId, reviewQueue } from '../queues/review.queue.ts';
import { countUnfinishedReviews, insertReview } from './review.repository.ts';
import {
  reopenContradictedReview,
  reopenFailedReview,
  type ReviewDispatchRow,
  type ReviewReason,
} from './review-work.repository.ts';

interface Reviewable {
  submissionId: string;
  learnerId: string;
  exerciseId: string;
}

/**
 * Asks for a submission's review, in the transaction of whatever makes it due. One that exists is left as it is, unless it failed.
 *
 * @returns null when there is nothing to be done.
 */
export async function requestReview(
  tx: Database,
  { submissionId, learnerId, exerciseId }: Reviewable,
  reason: Extract<ReviewReason, 'graded' | 'requested'>,
): Promise<OutboxRow | null> {
  // A learner's n-th unfinished review waits behind everybody's first, so a flood delays only its author.
  const priority = Math.min(await countUnfinishedReviews(tx, learnerId), REVIEW_PRIORITY.regraded - 1);
  const review =
    (await insertReview(tx, { id: newId(), submissionId, learnerId, exerciseId, reason, priority })) ??
    (await reopenFailedReview(tx, submissionId, { reason, priority }));
  return review === null ? null : requestReviewJob(tx, review);
}

/** Asks for a review anew that speaks of a verdict which a regrade has changed. */
export async function requestReviewAfterRegrade(tx: Database, submissionId: string, verdict: Verdict): Promise<void> {
  const review = await reopenContradictedReview(tx, submissionId, verdict, {
    reason: 'regraded',
    priority: REVIEW_PRIORITY.regraded,
  });
  if (review !== null) await requestReviewJob(tx, review);
}

/** Asks for the job of a review that is to be made. */
export function requestReviewJob(tx: Database, review: ReviewDispatchRow): Promise<OutboxRow> {
  return requestJob(tx, {
    queue: reviewQueue.name,
    job: 'review',
    payload: { reviewId: review.id, dispatch: review.dispatch },
    jobId: reviewJobId(review),
    priority: review.priority,
  });
}
