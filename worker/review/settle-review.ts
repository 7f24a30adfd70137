import type { Database } from '../../shared/db/pool.ts';
import { fillCacheEntry } from '../../shared/learning/review-cache.repository.ts';
import { requestReviewAfterRegrade } from '../../shared/learning/request-review.ts';
import {
  completeReview,
  failReview,
  keepReview,
  recantReviewCrash,
  releaseReview,
  type ClaimedReviewRow,
  type ReviewOutcome,
} from '../../shared/learning/review-work.repository.ts';
import { lockSubmissionVerdict } from '../../shared/learning/submission.repository.ts';
import type { ReviewResult } from '../../shared/observability/review.metrics.ts';
import { persist } from '../persist.ts';
import type { ReviewDeps } from './review-deps.ts';
import type { Spent } from './spent.ts';

type SettleDeps = Pick<ReviewDeps, 'db' | 'log' | 'reviewMetrics'>;

/**
 * Every function here writes in one transaction behind the fence: when the review's token is not ours any more,
 * somebody else settles the review and nothing is written.
 */

/** Writes a review, and for others what a model said of the same code. One that was to be made better, and is not, stays as it was. */
export async function settleReview(deps: SettleDeps, review: ClaimedReviewRow, outcome: ReviewOutcome): Promise<void> {
  const isKept = review.reason === 'upgrade' && outcome.source === 'static';
  const settled = await writeFenced(deps, review, async (tx) => {
    // Locked before the review, as grading does, so that a regrade comes before all of this or after it.
    const verdict = await lockSubmissionVerdict(tx, review.submission_id);
    if (isKept) return keepReview(tx, review.id, review.attempt_token, outcome);
    if (!(await completeReview(tx, review.id, review.attempt_token, outcome))) return false;
    await keepForOthers(tx, review, outcome);
    if (verdict !== null && verdict !== outcome.verdict)
      await requestReviewAfterRegrade(tx, review.submission_id, verdict);
    return true;
  });
  const result = isKept ? 'kept' : review.reason === 'upgrade' ? 'upgraded' : 'completed';
  report(deps, review, settled, result, outcome);
}

async function keepForOthers(
  tx: Database,
  review: ClaimedReviewRow,
  { source, contentHash, body, provider, model }: ReviewOutcome,
): Promise<void> {
  if (source !== 'llm' || provider === null || model === null) return;
  await fillCacheEntry(tx, contentHash, review.id, { body, provider, model });
}

/** Lets the review be claimed again, by a retry or another worker. */
export async function handBackReview(deps: SettleDeps, review: ClaimedReviewRow, spent: Spent): Promise<void> {
  await writeFenced(deps, review, (tx) => releaseReview(tx, review.id, review.attempt_token, spent));
}

/** Ends the review as the platform's failure. The grade is not touched by it. */
export async function giveUpReview(deps: SettleDeps, review: ClaimedReviewRow, failure: string): Promise<void> {
  const settled = await writeFenced(deps, review, (tx) => failReview(tx, review.id, review.attempt_token, failure));
  report(deps, review, settled, 'failed', null, failure);
}

/**
 * Runs `write` in a transaction; it answers whether the review's token was still ours. Finding that it is not also proves
 * that we did not crash, as whoever took the review over had to assume.
 */
async function writeFenced(
  deps: SettleDeps,
  review: ClaimedReviewRow,
  write: (tx: Database) => Promise<boolean>,
): Promise<boolean> {
  const written = await persist(deps, (db) => db.transaction(write));
  if (!written) await persist(deps, (db) => recantReviewCrash(db, review.id, review.attempt_token));
  return written;
}

function report(
  { log, reviewMetrics }: SettleDeps,
  review: ClaimedReviewRow,
  settled: boolean,
  result: ReviewResult,
  outcome: ReviewOutcome | null,
  failure?: string,
): void {
  const line = {
    review_id: review.id,
    submission_id: review.submission_id,
    reason: review.reason,
    result,
    source: outcome?.source,
    degraded_reason: outcome?.degradedReason,
    provider: outcome?.provider,
    cost_micros: outcome?.costMicros,
    failure,
  };
  if (!settled) {
    log.warn(line, 'review was settled by another worker, or is gone; this result is dropped');
    return;
  }
  log.info(line, 'review settled');
  reviewMetrics.made(outcome?.source ?? 'none', result);
  const degradedReason = outcome?.degradedReason ?? null;
  if (degradedReason !== null) reviewMetrics.degraded(degradedReason);
}
