import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

/**
 * Makes one senior review. A job that has to wait for a provider is postponed, which costs no attempt and holds no slot.
 * Job id: the review and its dispatch number, since BullMQ ignores an id that it still remembers.
 */
export const reviewQueue = defineQueue({
  name: 'review',
  jobs: { review: z.strictObject({ reviewId: z.guid(), dispatch: z.int() }) },
  attempts: 5,
  backoff: { delayMs: 1000, jitter: 0.5 },
  deadlineMs: 90_000,
  concurrency: 8,
  retention: { completedMs: 10 * 60_000, failedMs: 7 * 86_400_000 },
  objectiveMs: 30_000,
});

/** BullMQ priorities: 0 is served first. A learner's n-th unfinished review waits behind everybody's first. */
export const REVIEW_PRIORITY = { regraded: 1000, upgrade: 2000 } as const;

export function reviewJobId(review: { id: string; dispatch: number }): string {
  return `review-${review.id}-${review.dispatch}`;
}
