import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { z } from 'zod';
import { JobError, type WorkerDeps } from '../../worker/processor.ts';
import { giveUpReview, handBackReview, settleReview } from '../../worker/review/settle-review.ts';
import { buildUser } from '../support/factories.ts';
import { openReviewBench, SPENT, type ReviewBench } from '../support/review-bench.ts';
import { modelAnswer, readReview, reviewDepsOf, scriptAi, unavailableAi } from '../support/reviews.ts';
import type { ClaimedReviewRow } from '../../shared/learning/review-work.repository.ts';
import type { StaticAnalysis } from '../../worker/review/static-analysis/static-analysis.ts';
import type { TestDatabase } from '../support/test-database.ts';

let bench: ReviewBench;
let database: TestDatabase;
let deps: WorkerDeps;
let analysis: StaticAnalysis;
let review: ReviewBench['review'];
let claim: ReviewBench['claim'];
let work: ReviewBench['work'];

beforeAll(async () => {
  bench = await openReviewBench();
  ({ database, deps, analysis, review, claim, work } = bench);
});
afterAll(() => bench.close());

describe('a worker that lost its review to another', () => {
  const outcome = (claimed: ClaimedReviewRow) => ({
    body: {
      scores: { codeSense: 1, efficiency: 1, edgeCases: 1, taste: 1, overall: 1 },
      summary: `by ${claimed.attempt_token}`,
      strengths: [],
      findings: [],
      followUps: [],
    },
    source: 'static' as const,
    degradedReason: null,
    provider: null,
    model: null,
    promptVersion: null,
    ...SPENT,
    contentHash: Buffer.alloc(32),
    verdict: 'accepted' as const,
    upgradeAfterMs: null,
  });
  test.each([
    ['completes it', 'complete'],
    ['gives it up', 'giveUp'],
    ['hands it back', 'handBack'],
  ] as const)('writes nothing when it %s, before the other is done and after', async (_name, act) => {
    const settleDeps = reviewDepsOf(deps, analysis, unavailableAi());
    const acts = {
      complete: (claimed: ClaimedReviewRow) => settleReview(settleDeps, claimed, outcome(claimed)),
      giveUp: (claimed: ClaimedReviewRow) => giveUpReview(settleDeps, claimed, 'no more'),
      handBack: (claimed: ClaimedReviewRow) => handBackReview(settleDeps, claimed, SPENT),
    };
    const { reviewId, submissionId } = await review();
    const stale = await claim(reviewId);
    const live = await claim(reviewId);
    expect(live.crashes).toBe(1);

    await acts[act](stale);
    // Its late result also proves that it had not crashed.
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'running',
      work: 'running',
      attempt_token: live.attempt_token,
      cost_micros: 0,
      crashes: 0,
    });
    await acts.complete(live);
    const settled = await readReview(database.db, submissionId);
    expect(settled).toMatchObject({
      status: 'completed',
      work: 'idle',
      summary: `by ${live.attempt_token}`,
      cost_micros: 5,
    });
    await acts[act](stale);
    expect(await readReview(database.db, submissionId)).toEqual(settled);
  });

  test('keeps nothing for others either', async () => {
    const { reviewId, submissionId } = await review();
    const ai = scriptAi(async () => {
      // Another worker takes the review over while this one waits for its answer, and is done first.
      if (ai.questions.length === 1)
        await work(
          reviewId,
          scriptAi(() => modelAnswer({ summary: 'The first to be done.' })),
        );
      return modelAnswer({ summary: 'The late one.' });
    });
    await work(reviewId, ai);
    expect(await readReview(database.db, submissionId)).toMatchObject({
      summary: 'The first to be done.',
      source: 'llm',
    });
    const { code } = await database.db.one(sql.type(z.strictObject({ code: z.string() }))`
      SELECT code FROM submissions WHERE id = ${submissionId}`);
    const again = await review({ code });
    await work(again.reviewId, unavailableAi());
    expect(await readReview(database.db, again.submissionId)).toMatchObject({
      summary: 'The first to be done.',
      source: 'cache',
    });
  });

  test('finds nothing to do in a job of an earlier dispatch, or of a review that is gone', async () => {
    const ai = scriptAi(() => modelAnswer());
    const { reviewId, submissionId } = await review();
    await work(reviewId, ai, { dispatch: 2 });
    await work(newId(), ai);
    expect(ai.questions).toEqual([]);
    expect((await readReview(database.db, submissionId)).status).toBe('pending');
  });
});

describe('a review whose submission goes away meanwhile', () => {
  test('is dropped without a trace', async () => {
    const { reviewId, submissionId } = await review();
    const ai = scriptAi(async () => {
      await database.db.query(sql.typeAlias('void')`DELETE FROM submissions WHERE id = ${submissionId}`);
      return modelAnswer();
    });
    await work(reviewId, ai);
    expect(await database.db.exists(sql.type(z.strictObject({}))`SELECT FROM reviews WHERE id = ${reviewId}`)).toBe(
      false,
    );
  });

  test('goes with the account of its learner', async () => {
    const learner = await buildUser(database.db);
    const { reviewId } = await review({ learnerId: learner.id });
    await database.db.query(sql.typeAlias('void')`DELETE FROM users WHERE id = ${learner.id}`);
    expect(await database.db.exists(sql.type(z.strictObject({}))`SELECT FROM reviews WHERE id = ${reviewId}`)).toBe(
      false,
    );
  });
});

describe('a worker that fails at a review', () => {
  const broken = () => scriptAi(() => Promise.reject(new Error('infrastructure')));

  test('hands it back while a retry is left, and ends it as a static one when none is', async () => {
    const { reviewId, submissionId } = await review();
    await expect(work(reviewId, broken())).rejects.toThrow('infrastructure');
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'pending',
      work: 'queued',
      attempt_token: null,
      crashes: 0,
    });
    await expect(work(reviewId, broken(), { isLastAttempt: true })).rejects.toThrow('infrastructure');
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      source: 'static',
      degraded_reason: 'platform_fault',
      may_be_upgraded: false,
    });
  });

  test('ends it as failed when not even a static one can be made, and it can be asked for again', async () => {
    const { reviewId, submissionId } = await review();
    await database.db.query(sql.typeAlias('void')`DELETE FROM grading_runs WHERE submission_id = ${submissionId}`);
    await expect(work(reviewId, broken())).rejects.toThrow('no grade to review');
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'failed',
      work: 'idle',
      failure: 'The submission has no grade to review.',
    });
  });

  test.each([
    [
      'is shut down',
      new JobError('The worker is shutting down.', { retryable: true }),
      { status: 'pending', work: 'queued' },
    ],
    [
      'runs out of time',
      new DOMException('too long', 'TimeoutError'),
      { status: 'completed', degraded_reason: 'deadline' },
    ],
  ])('does what is right when it %s in its last attempt', async (_name, reason, expected) => {
    const { reviewId, submissionId } = await review();
    const abort = new AbortController();
    const ai = scriptAi((_index, signal) => {
      abort.abort(reason);
      return Promise.reject(signal.reason as Error);
    });
    const done = work(reviewId, ai, { isLastAttempt: true, signal: abort.signal });
    await (reason instanceof JobError ? expect(done).rejects.toBe(reason) : done);
    expect(await readReview(database.db, submissionId)).toMatchObject(expected);
  });

  test('neither analyses nor asks once three workers died over it', async () => {
    const { reviewId, submissionId } = await review();
    for (let crash = 0; crash < 3; crash += 1) await claim(reviewId);
    const ai = scriptAi(() => modelAnswer());
    await work(reviewId, ai);
    expect(ai.questions).toEqual([]);
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      source: 'static',
      degraded_reason: 'platform_fault',
      crashes: 3,
    });
  });
});
