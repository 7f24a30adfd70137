import { newId } from '../../shared/db/id.ts';
import { claimReview, type ClaimedReviewRow } from '../../shared/learning/review-work.repository.ts';
import type { AiClient } from '../../worker/ai/ai-client.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { createReviewProcess } from '../../worker/review/review.processor.ts';
import { openStaticAnalysis, type StaticAnalysis } from '../../worker/review/static-analysis/static-analysis.ts';
import { uniquePrefix } from './backends.ts';
import { buildExercise, type BuiltExercise } from './factories.ts';
import { openWorkerDeps } from './in-process.ts';
import { buildReview, receivedReviewJob, reviewDepsOf, REVIEWED_SUM, type BuiltReview } from './reviews.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const never = new AbortController().signal;

/** What a failed question cost. */
export const SPENT = { usage: { inputTokens: 10, outputTokens: 1 }, costMicros: 5 };

type WorkOptions = NonNullable<Parameters<typeof receivedReviewJob>[1]> & { signal?: AbortSignal };

/** Makes reviews step by step, without a queue and with clients in the place of providers, so that a test decides what happens when. */
export interface ReviewBench {
  database: TestDatabase;
  exercise: BuiltExercise;
  deps: WorkerDeps;
  analysis: StaticAnalysis;
  /** Code that no other test reviews, so that none is served what was said in another. */
  newCode: () => string;
  /** A review that waits to be made, of new code unless told otherwise. */
  review: (options?: Parameters<typeof buildReview>[2]) => Promise<BuiltReview>;
  claim: (reviewId: string) => Promise<ClaimedReviewRow>;
  /** Does a review's job with that client, as a worker of its own would. */
  work: (reviewId: string, ai: AiClient, options?: WorkOptions) => Promise<void>;
  close: () => Promise<void>;
}

export async function openReviewBench(): Promise<ReviewBench> {
  const database = await createTestDatabase();
  const exercise = await buildExercise(database.db);
  const deps = await openWorkerDeps({ databaseUri: database.uri, redisUrl: undefined, prefix: uniquePrefix() });
  const analysis = openStaticAnalysis({ log: deps.log });
  let programs = 0;
  const newCode = (): string => `${REVIEWED_SUM}// ${(programs += 1)}\n`;
  return {
    database,
    exercise,
    deps,
    analysis,
    newCode,
    review: (options = {}) => buildReview(database.db, exercise, { code: newCode(), ...options }),
    claim: async (reviewId) => {
      const claimed = await claimReview(database.db, reviewId, 1, newId());
      if (claimed === null) throw new Error(`The review ${reviewId} cannot be claimed.`);
      return claimed;
    },
    work: async (reviewId, ai, { signal = never, ...job } = {}) => {
      const reviewDeps = reviewDepsOf(deps, analysis, ai);
      await createReviewProcess(reviewDeps)(receivedReviewJob(reviewId, job), signal);
    },
    close: async () => {
      await analysis.close();
      await deps.dispatcher.close();
      await deps.backend.close();
      await deps.db.end();
      await database.drop();
    },
  };
}
