import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { z } from 'zod';
import { tendReviews } from '../../worker/maintenance/tend-reviews.ts';
import { gradeByHand } from '../support/hand-grading.ts';
import { openReviewBench, SPENT, type ReviewBench } from '../support/review-bench.ts';
import { buildGraded, modelAnswer, readReview, scriptAi, unavailableAi } from '../support/reviews.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import type { BuiltExercise } from '../support/factories.ts';
import type { TestDatabase } from '../support/test-database.ts';

let bench: ReviewBench;
let database: TestDatabase;
let exercise: BuiltExercise;
let deps: WorkerDeps;
let newCode: ReviewBench['newCode'];
let review: ReviewBench['review'];
let work: ReviewBench['work'];

beforeAll(async () => {
  bench = await openReviewBench();
  ({ database, exercise, deps, newCode, review, work } = bench);
});
afterAll(() => bench.close());

describe('a static review that was to be more', () => {
  const hasten = (reviewId: string) =>
    database.db.query(sql.typeAlias('void')`UPDATE reviews SET upgrade_after = now() WHERE id = ${reviewId}`);

  const degraded = async () => {
    const built = await review();
    await work(built.reviewId, unavailableAi());
    await hasten(built.reviewId);
    await tendReviews(deps);
    return built;
  };

  test('is asked for again behind all others, stays readable meanwhile, and becomes what it was to be', async () => {
    const { reviewId, submissionId } = await degraded();
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      source: 'static',
      work: 'queued',
      reason: 'upgrade',
      dispatch: 2,
    });
    const { priority } = await database.db.one(sql.type(z.strictObject({ priority: z.number() }))`
      SELECT priority FROM outbox WHERE payload->>'reviewId' = ${reviewId}`);
    expect(priority).toBe(2000);

    const ai = scriptAi(async () => {
      expect(await readReview(database.db, submissionId)).toMatchObject({ status: 'completed', source: 'static' });
      return modelAnswer();
    });
    await work(reviewId, ai, { dispatch: 2 });
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      work: 'idle',
      source: 'llm',
      degraded_reason: null,
      may_be_upgraded: false,
    });
  });

  test('stays what it is, to be tried again later, when the provider is still away; nobody waits in a slot for that', async () => {
    const { reviewId, submissionId } = await degraded();
    const before = await readReview(database.db, submissionId);
    await work(reviewId, unavailableAi({ retryAfterMs: 1000, ...SPENT }), { dispatch: 2 });
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      work: 'idle',
      source: 'static',
      summary: before.summary,
      may_be_upgraded: true,
      cost_micros: before.cost_micros + 5,
    });
    await tendReviews(deps);
    expect(await readReview(database.db, submissionId)).toMatchObject({ work: 'idle', dispatch: 2 });
  });

  test('stays what it is when it is older than the window', async () => {
    const built = await review();
    await work(built.reviewId, unavailableAi());
    await database.db.query(sql.typeAlias('void')`
      UPDATE reviews SET completed_at = now() - interval '7 hours', upgrade_after = now() WHERE id = ${built.reviewId}`);
    await tendReviews(deps);
    expect(await readReview(database.db, built.submissionId)).toMatchObject({ work: 'idle', may_be_upgraded: false });
  });

  test('does not crowd out others: at most twenty are tried at once', async () => {
    await database.db.query(sql.typeAlias('void')`UPDATE reviews SET work = 'idle', upgrade_after = NULL`);
    const built = await Promise.all(Array.from({ length: 25 }, () => review()));
    await database.db.query(sql.typeAlias('void')`
      UPDATE reviews SET work = 'idle', status = 'completed', source = 'static', completed_at = now(), upgrade_after = now()
      WHERE id = ANY(${sql.array(
        built.map(({ reviewId }) => reviewId),
        'uuid',
      )})`);
    const inFlight = () =>
      database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
        SELECT count(*)::int AS count FROM reviews WHERE work = 'queued' AND reason = 'upgrade'`);
    await tendReviews(deps);
    expect(await inFlight()).toBe(20);
    await tendReviews(deps);
    expect(await inFlight()).toBe(20);
    await database.db.query(sql.typeAlias('void')`UPDATE reviews SET work = 'idle', upgrade_after = NULL`);
  });
});

describe('a regrade', () => {
  test('has the review made again when it changes the verdict, and leaves it alone when it does not', async () => {
    const { reviewId, submissionId } = await review();
    await work(
      reviewId,
      scriptAi(() => modelAnswer()),
    );
    const hand = gradeByHand(deps);
    await regrade(submissionId);
    await hand.grade(submissionId);
    expect(await readReview(database.db, submissionId)).toMatchObject({ work: 'idle', dispatch: 1 });

    await regrade(submissionId);
    await hand.grade(submissionId, { verdict: 'wrong_answer', score: 0, fault: 'learner' });
    expect(await readReview(database.db, submissionId)).toMatchObject({
      status: 'completed',
      work: 'queued',
      reason: 'regraded',
      dispatch: 2,
      verdict: 'accepted',
    });
    await work(reviewId, unavailableAi(), { dispatch: 2 });
    expect(await readReview(database.db, submissionId)).toMatchObject({
      work: 'idle',
      source: 'static',
      verdict: 'wrong_answer',
    });
  });

  test('that ends while a review is being made has it made again', async () => {
    const { reviewId, submissionId } = await review();
    const ai = scriptAi(async () => {
      await regrade(submissionId);
      await gradeByHand(deps).grade(submissionId, { verdict: 'wrong_answer', score: 0, fault: 'learner' });
      return modelAnswer();
    });
    await work(reviewId, ai);
    expect(await readReview(database.db, submissionId)).toMatchObject({
      work: 'queued',
      reason: 'regraded',
      dispatch: 2,
    });
  });

  test('asks for no review where there was none', async () => {
    const { submissionId } = await buildGraded(database.db, exercise, newCode(), {
      verdict: 'wrong_answer',
      score: 0,
      fault: 'learner',
    });
    await regrade(submissionId);
    await gradeByHand(deps).grade(submissionId);
    expect(
      await database.db.exists(sql.type(z.strictObject({}))`SELECT FROM reviews WHERE submission_id = ${submissionId}`),
    ).toBe(false);
  });

  /** Another run of a graded submission, as a regrade asks for it. */
  const regrade = (submissionId: string) =>
    database.db.query(sql.typeAlias('void')`
      INSERT INTO grading_runs (id, kind, reason, submission_id, exercise_version_id, run_number)
      SELECT ${newId()}, 'submission', 'regrade', submission_id, exercise_version_id, run_number + 1
      FROM grading_runs WHERE submission_id = ${submissionId} ORDER BY run_number DESC LIMIT 1`);
});
