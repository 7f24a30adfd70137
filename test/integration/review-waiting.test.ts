import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { z } from 'zod';
import { claimReview } from '../../shared/learning/review-work.repository.ts';
import { NoAnswer } from '../../worker/ai/ai-client.ts';
import { Reconciler } from '../../worker/maintenance/reconciler.ts';
import { tendReviews } from '../../worker/maintenance/tend-reviews.ts';
import { JobPostponed, type WorkerDeps } from '../../worker/processor.ts';
import { openReviewBench, SPENT, type ReviewBench } from '../support/review-bench.ts';
import { ageReview, modelAnswer, readReview, scriptAi, unavailableAi } from '../support/reviews.ts';
import type { TestDatabase } from '../support/test-database.ts';

let bench: ReviewBench;
let database: TestDatabase;
let deps: WorkerDeps;
let review: ReviewBench['review'];
let work: ReviewBench['work'];

beforeAll(async () => {
  bench = await openReviewBench();
  ({ database, deps, review, work } = bench);
});
afterAll(() => bench.close());

describe('waiting for a provider', () => {
  test('postpones the job, hands the review back and forgets nothing that was spent', async () => {
    const { reviewId, submissionId } = await review();
    const ai = unavailableAi({ retryAfterMs: 30_000, ...SPENT });
    const postponed = await work(reviewId, ai).catch((error: unknown) => error);
    expect(postponed).toBeInstanceOf(JobPostponed);
    const { delayMs } = postponed as JobPostponed;
    expect(delayMs).toBeGreaterThanOrEqual(30_000);
    expect(delayMs).toBeLessThanOrEqual(36_000);
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'pending',
      work: 'queued',
      crashes: 0,
      cost_micros: 5,
    });
    await work(
      reviewId,
      scriptAi(() => modelAnswer()),
    );
    expect(await readReview(database.db, submissionId)).toMatchObject({
      source: 'llm',
      cost_micros: 705,
      input_tokens: 1010,
    });
  });

  test.each([
    ['the wait would outlast most of the deadline', { retryAfterMs: 421_000 }, 'provider_unavailable'],
    ['there is nothing to wait for', {}, 'provider_unavailable'],
  ])('gives a static review at once where %s', async (_name, details, degradedReason) => {
    const { reviewId, submissionId } = await review();
    await work(reviewId, unavailableAi({ ...details, ...SPENT }));
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      source: 'static',
      degraded_reason: degradedReason,
      cost_micros: 5,
      may_be_upgraded: true,
    });
  });

  test.each([
    ['budget_learner', false],
    ['budget_platform', true],
    ['switched_off', true],
    ['no_provider', false],
    ['provider_refused', false],
    ['invalid_answer', false],
  ] as const)('does not wait for what waiting does not change: %s', async (reason, isUpgradable) => {
    const { reviewId, submissionId } = await review();
    await work(
      reviewId,
      scriptAi(() => Promise.reject(new NoAnswer(reason, { retryAfterMs: 1000 }))),
    );
    expect(await readReview(database.db, submissionId)).toMatchObject({
      source: 'static',
      degraded_reason: reason,
      may_be_upgraded: isUpgradable,
    });
  });

  test('asks nobody once most of the deadline has passed', async () => {
    const { reviewId, submissionId } = await review();
    await ageReview(database.db, reviewId, 421);
    const ai = scriptAi(() => modelAnswer());
    await work(reviewId, ai);
    expect(ai.questions).toEqual([]);
    expect(await readReview(database.db, submissionId)).toMatchObject({
      source: 'static',
      degraded_reason: 'deadline',
    });
  });
});

describe('a review behind many others of its learner', () => {
  test('comes to the front before its deadline, under a new dispatch', async () => {
    const { learnerId } = await review();
    const late = await review({ learnerId });
    const early = await review({ learnerId });
    await ageReview(database.db, late.reviewId, 430);
    await tendReviews(deps);
    const requested = await database.db.any(sql.type(z.strictObject({ job_id: z.string(), priority: z.number() }))`
      SELECT job_id, priority FROM outbox WHERE payload->>'reviewId' IN (${late.reviewId}, ${early.reviewId})`);
    expect(requested).toEqual([{ job_id: `review-${late.reviewId}-2`, priority: 0 }]);
    await work(
      late.reviewId,
      scriptAi(() => modelAnswer()),
      { dispatch: 2 },
    );
    expect(await readReview(database.db, late.submissionId)).toMatchObject({
      source: 'static',
      degraded_reason: 'deadline',
    });
  });
});

describe('a review whose job got lost', () => {
  test('is requested again by reconciliation, and the old job claims nothing more', async () => {
    const { reviewId, submissionId } = await review();
    await ageReview(database.db, reviewId, 60);
    await new Reconciler(deps).run();
    expect(await readReview(database.db, submissionId)).toMatchObject({ work: 'queued', dispatch: 2 });
    const requested = await database.db.one(sql.type(z.strictObject({ job_id: z.string(), queue: z.string() }))`
      SELECT job_id, queue FROM outbox WHERE payload->>'reviewId' = ${reviewId}`);
    expect(requested).toEqual({ queue: 'review', job_id: `review-${reviewId}-2` });
    await new Reconciler(deps).run();
    expect((await readReview(database.db, submissionId)).dispatch).toBe(2);
    expect(await claimReview(database.db, reviewId, 1, newId())).toBeNull();
    expect(await claimReview(database.db, reviewId, 2, newId())).not.toBeNull();
  });

  test('is left alone while its job waits in the queue, postponed or not', async () => {
    const [waiting, delayed] = [await review(), await review()];
    const queue = deps.backend.queue('review');
    const add = ({ reviewId }: { reviewId: string }, delay: number) =>
      queue.add('review', { reviewId, dispatch: 1 }, { jobId: `review-${reviewId}-1`, delay });
    await add(waiting, 0);
    await add(delayed, 60_000);
    for (const { reviewId } of [waiting, delayed]) await ageReview(database.db, reviewId, 60);
    await new Reconciler(deps).run();
    for (const { submissionId } of [waiting, delayed]) {
      expect((await readReview(database.db, submissionId)).dispatch).toBe(1);
    }
  });
});
