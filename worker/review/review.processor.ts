import { newId } from '../../shared/db/id.ts';
import { ExerciseDefinitions } from '../../shared/learning/exercise-definitions.ts';
import { claimReview, hastenUpgrades, type ClaimedReviewRow } from '../../shared/learning/review-work.repository.ts';
import { createReviewMetrics } from '../../shared/observability/review.metrics.ts';
import { JobError, JobPostponed, type OpenProcessorFor, type Process, type ReceivedJob } from '../processor.ts';
import { openAiClient } from '../ai/open-ai-client.ts';
import { loadSubject } from './load-subject.ts';
import { lastResort, makeReview, ReviewPostponed } from './make-review.ts';
import type { ReviewDeps } from './review-deps.ts';
import { giveUpReview, handBackReview, settleReview } from './settle-review.ts';
import { NOTHING_SPENT } from './spent.ts';
import { openStaticAnalysis } from './static-analysis/static-analysis.ts';

/** A review over which so many workers died is not analysed and asked for again. */
const MAX_CRASHES = 3;

/** Makes senior reviews: what a language model says, checked against the code, or a static one in its place. */
export const openReview: OpenProcessorFor<'review'> = async (deps) => {
  const analysis = openStaticAnalysis({ log: deps.log, registry: deps.registry });
  const ai = openAiClient(deps, {
    onRecovery: () => {
      hastenUpgrades(deps.db).then(
        (reviews) => deps.log.info({ reviews }, 'a provider answers again; static reviews will be made better'),
        (error: unknown) => deps.log.warn({ err: error }, 'upgrades of static reviews were not hastened'),
      );
    },
  });
  const definitions = new ExerciseDefinitions(deps.db);
  const reviewMetrics = createReviewMetrics(deps.registry);
  return {
    process: createReviewProcess({ ...deps, ai, analysis, definitions, reviewMetrics }),
    checks: [],
    close: () => analysis.close(),
  };
};

export function createReviewProcess(deps: ReviewDeps): Process<'review'> {
  return async (job, signal) => {
    const review = await claimReview(deps.db, job.payload.reviewId, job.payload.dispatch, newId());
    if (review === null) return;
    try {
      await reviewAndSettle(deps, review, signal);
    } catch (error) {
      await letGo(deps, review, job, signal, error);
      throw error;
    }
  };
}

async function reviewAndSettle(deps: ReviewDeps, review: ClaimedReviewRow, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const subject = await loadSubject(deps, review);
  const outcome =
    review.crashes >= MAX_CRASHES ? lastResort(deps, subject) : await makeReview(deps, review, subject, signal);
  await settleReview(deps, review, outcome);
  const workedMs = performance.now() - startedAt;
  deps.reviewMetrics.worked(outcome.source, workedMs / 1000);
  deps.reviewMetrics.answered(outcome.source, (review.age_ms + workedMs) / 1000);
}

/** What becomes of a review whose making ended without one. */
async function letGo(
  deps: ReviewDeps,
  review: ClaimedReviewRow,
  job: ReceivedJob<'review'>,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  if (error instanceof JobPostponed) {
    deps.reviewMetrics.made('none', 'postponed');
    await handBackReview(deps, review, error instanceof ReviewPostponed ? error.spent : NOTHING_SPENT);
    return;
  }
  const isHopeless = error instanceof JobError && !error.retryable;
  const mayBeRetried = !isHopeless && (!job.isLastAttempt || wasInterrupted(signal));
  if (mayBeRetried) await handBackReview(deps, review, NOTHING_SPENT);
  else await settleLastResort(deps, review, error);
}

/** A review that the platform failed at is a static one, where that much is possible. */
async function settleLastResort(deps: ReviewDeps, review: ClaimedReviewRow, cause: unknown): Promise<void> {
  try {
    await settleReview(deps, review, lastResort(deps, await loadSubject(deps, review)));
  } catch (error) {
    deps.log.error({ err: error, review_id: review.id }, 'not even a static review could be made');
    await giveUpReview(deps, review, cause instanceof Error ? cause.message : 'Making the review failed.');
  }
}

/** Whether the work was taken from us, by a shutdown or a lost lock. */
function wasInterrupted(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof JobError;
}
