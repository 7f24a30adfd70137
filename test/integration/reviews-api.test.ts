import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ReviewAgreement, ReviewView } from '../../shared/contracts/review.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { claimReview, completeReview, failReview } from '../../shared/learning/review-work.repository.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, type BuiltExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { buildGraded, buildReview, readReview, REVIEWED_SUM } from '../support/reviews.ts';
import { buildSubmission } from '../support/runs.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { isListening, watchersOf } from '../support/watching.ts';

let database: TestDatabase;
let api: InProcessApi;
let exercise: BuiltExercise;
let learner: Account;
let stranger: Account;
let author: Account;
let otherAuthor: Account;
let admin: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({
    databaseUri: database.uri,
    prefix: uniquePrefix(),
    extra: { REVIEWS_IN_FLIGHT_PER_LEARNER: '3' },
  });
  [stranger, author, otherAuthor, admin] = await Promise.all([
    openAccount(api),
    openAccount(api, 'instructor'),
    openAccount(api, 'instructor'),
    openAccount(api, 'admin'),
  ]);
  exercise = await ownExercise();
  await eventually('the api listens', () => isListening(api.deps.registry));
});
beforeEach(async () => {
  learner = await openAccount(api);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** An exercise in a course of the author's. */
async function ownExercise(): Promise<BuiltExercise> {
  const built = await buildExercise(database.db);
  await database.db.query(sql.typeAlias('void')`
    UPDATE courses SET owner_id = ${author.userId} WHERE id = ${built.courseId}`);
  return built;
}

const graded = (of = exercise) => buildGraded(database.db, of, REVIEWED_SUM, {}, learner.userId);
const pathOf = (submissionId: string) => `/api/v1/submissions/${submissionId}/review`;
const SCORES = { codeSense: 80, efficiency: 60, edgeCases: 70, taste: 90, overall: 75 };

/** Settles a review as a worker would. */
async function complete(reviewId: string, source: 'llm' | 'static' = 'llm', dispatch = 1): Promise<void> {
  const claimed = await claimReview(database.db, reviewId, dispatch, newId());
  if (claimed === null) throw new Error('nothing to claim');
  await completeReview(database.db, reviewId, claimed.attempt_token, {
    body: {
      scores: SCORES,
      summary: 'Short and right.',
      strengths: ['One task.'],
      findings: [
        {
          category: 'efficiency',
          severity: 'minor',
          startLine: 3,
          endLine: 3,
          quote: 'for (…)',
          explanation: 'It counts.',
          hint: 'Must it?',
          concept: 'loops',
        },
      ],
      followUps: ['What about negatives?'],
    },
    source,
    degradedReason: source === 'static' ? 'no_provider' : null,
    provider: source === 'llm' ? 'openai' : null,
    model: source === 'llm' ? 'a-model' : null,
    promptVersion: source === 'llm' ? 'review-1' : null,
    usage: { inputTokens: 1200, outputTokens: 300 },
    costMicros: 5_000_000_000,
    contentHash: Buffer.alloc(32),
    verdict: 'accepted',
    upgradeAfterMs: null,
  });
}

/** A completed review of the learner's. */
async function reviewed(of = exercise): Promise<{ submissionId: string; reviewId: string }> {
  const built = await buildReview(database.db, of, { learnerId: learner.userId });
  await complete(built.reviewId);
  return built;
}

describe('asking for a review', () => {
  test('is accepted with advice on where and when to look, and its job is requested', async () => {
    const { submissionId } = await graded();
    const answer = await learner.client.post(pathOf(submissionId));
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(pathOf(submissionId));
    expect(answer.headers.get('retry-after')).toBe('2');
    const review = ReviewView.parse(answer.body);
    expect(review).toMatchObject({
      submissionId,
      status: 'pending',
      source: null,
      scores: null,
      findings: [],
      costMicros: 0,
    });
    const job = await eventually('queued', () => api.deps.backend.queue('review').getJob(`review-${review.id}-1`));
    expect(job.data).toEqual({ reviewId: review.id, dispatch: 1 });
    expect((await learner.client.get(`/api/v1/submissions/${submissionId}`)).body).toMatchObject({
      review: { id: review.id, status: 'pending' },
    });
  });

  test('again answers with the same review, also from many requests at once', async () => {
    const { submissionId } = await graded();
    const answers = await Promise.all(Array.from({ length: 5 }, () => learner.client.post(pathOf(submissionId))));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    expect(new Set(answers.map(({ body }) => ReviewView.parse(body).id)).size).toBe(1);
    const { id } = await readReview(database.db, submissionId);
    await complete(id);
    const done = await learner.client.post(pathOf(submissionId));
    expect(done.status).toBe(200);
    expect(done.headers.get('retry-after')).toBeNull();
    expect(done.body).toMatchObject({ id, status: 'completed', scores: SCORES });
  });

  test('again makes a failed one anew', async () => {
    const { submissionId, reviewId } = await buildReview(database.db, exercise, { learnerId: learner.userId });
    const claimed = await claimReview(database.db, reviewId, 1, newId());
    await failReview(database.db, reviewId, claimed?.attempt_token ?? '', 'no luck');
    expect((await learner.client.get(pathOf(submissionId))).body).toMatchObject({ status: 'failed' });
    const answer = await learner.client.post(pathOf(submissionId));
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: reviewId, status: 'pending', completedAt: null });
    expect(await readReview(database.db, submissionId)).toMatchObject({
      dispatch: 2,
      reason: 'requested',
      failure: null,
    });
  });

  test('is for completed submissions only', async () => {
    const { submissionId } = await buildSubmission(database.db, exercise, REVIEWED_SUM, learner.userId);
    const answer = await learner.client.post(pathOf(submissionId));
    expectProblem(answer, 409, 'CONFLICT');
    expect(answer.text).toContain('queued');
    expect((await learner.client.post(`/api/v1/submissions/${submissionId}/cancel`)).status).toBe(200);
    expectProblem(await learner.client.post(pathOf(submissionId)), 409, 'CONFLICT');
  });

  test('is refused while too many of the learner are being made, and an existing one is still answered', async () => {
    const submissions = await Promise.all(Array.from({ length: 5 }, () => graded()));
    const answers = [];
    for (const { submissionId } of submissions) answers.push(await learner.client.post(pathOf(submissionId)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 429, 429]);
    const [, , , refused] = answers;
    if (refused === undefined) throw new Error('not asked');
    expectProblem(refused, 429, 'TOO_MANY_IN_FLIGHT');
    expect((await learner.client.post(pathOf(submissions[0]?.submissionId ?? ''))).status).toBe(202);
    expectProblem(await learner.client.get(pathOf(submissions[4]?.submissionId ?? '')), 404, 'NOT_FOUND');
  });

  test.each(['author', 'admin', 'stranger'] as const)(
    'is not for the %s of another learner’s submission',
    async (who) => {
      const { submissionId } = await graded();
      const { client } = { author, admin, stranger }[who];
      expectProblem(await client.post(pathOf(submissionId)), 404, 'NOT_FOUND');
      expectProblem(await client.post(pathOf(newId())), 404, 'NOT_FOUND');
    },
  );

  test('puts a learner’s second review behind everybody’s first', async () => {
    const priorities = [];
    for (const { submissionId } of [await graded(), await graded()]) {
      await learner.client.post(pathOf(submissionId));
      priorities.push(
        await database.db.oneFirst(sql.type(z.strictObject({ priority: z.number() }))`
          SELECT priority FROM reviews WHERE submission_id = ${submissionId}`),
      );
    }
    expect(priorities).toEqual([0, 1]);
  });
});

describe('a review', () => {
  test('is shown to its learner, the author of the course and admins, and to nobody else', async () => {
    const { submissionId } = await reviewed();
    const shown = await learner.client.get(pathOf(submissionId));
    expect(ReviewView.parse(shown.body)).toMatchObject({
      status: 'completed',
      source: 'llm',
      scores: SCORES,
      summary: 'Short and right.',
      provider: 'openai',
      usage: { inputTokens: 1200, outputTokens: 300 },
      costMicros: 5_000_000_000,
      feedback: null,
      override: null,
    });
    for (const { client } of [author, admin]) expect((await client.get(pathOf(submissionId))).body).toEqual(shown.body);
    for (const { client } of [stranger, otherAuthor])
      expectProblem(await client.get(pathOf(submissionId)), 404, 'NOT_FOUND');
    expectProblem(await api.client.get(pathOf(submissionId)), 401, 'UNAUTHENTICATED');
  });

  test('is not there before it is asked for', async () => {
    const { submissionId } = await graded();
    expectProblem(await learner.client.get(pathOf(submissionId)), 404, 'NOT_FOUND');
  });

  test('is answered to a waiting client once it is there', async () => {
    const { submissionId, reviewId } = await buildReview(database.db, exercise, { learnerId: learner.userId });
    const waiting = learner.client.get(`${pathOf(submissionId)}?wait=20`);
    await eventually('it waits', async () => (await watchersOf(api.deps.registry, 'wait')) === 1);
    await complete(reviewId);
    expect((await waiting).body).toMatchObject({ status: 'completed', scores: SCORES });
    expect((await learner.client.get(`${pathOf(submissionId)}?wait=20`)).body).toMatchObject({ status: 'completed' });
  });

  test('answers 304 to a client that has it', async () => {
    const { submissionId } = await reviewed();
    const etag = (await learner.client.get(pathOf(submissionId))).headers.get('etag') ?? '';
    expect((await learner.client.get(pathOf(submissionId), { 'If-None-Match': etag })).status).toBe(304);
  });
});

describe('feedback', () => {
  test('is the learner’s, and the newest counts', async () => {
    const { reviewId, submissionId } = await reviewed();
    const path = `/api/v1/reviews/${reviewId}/feedback`;
    const first = await learner.client.post(path, { helpful: false, comment: 'I do not see why.' });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ feedback: { helpful: false, comment: 'I do not see why.' } });
    await learner.client.post(path, { helpful: true });
    expect((await learner.client.get(pathOf(submissionId))).body).toMatchObject({
      feedback: { helpful: true, comment: null },
      scores: SCORES,
    });
    for (const { client } of [stranger, author, admin]) {
      expectProblem(await client.post(path, { helpful: true }), 404, 'NOT_FOUND');
    }
  });

  test('is validated, and comes after the review', async () => {
    const { reviewId } = await buildReview(database.db, exercise, { learnerId: learner.userId });
    const path = `/api/v1/reviews/${reviewId}/feedback`;
    expectProblem(await learner.client.post(path, { helpful: true }), 409, 'CONFLICT');
    for (const body of [
      {},
      { helpful: 'yes' },
      { helpful: true, comment: 'x'.repeat(2001) },
      { helpful: true, stars: 5 },
    ]) {
      expectProblem(await learner.client.post(path, body), 422, 'VALIDATION_FAILED');
    }
  });
});

describe('an override', () => {
  const scores = { codeSense: 90, efficiency: 50, edgeCases: 70, taste: 91 };

  test('is kept beside the review, which stays as it was; older ones are its history; it is audited', async () => {
    const { reviewId, submissionId } = await reviewed();
    const path = `/api/v1/reviews/${reviewId}/override`;
    const answer = await author.client.post(path, { scores, comment: 'Counting is fine here.' });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      scores: SCORES,
      override: { scores: { ...scores, overall: 75 }, comment: 'Counting is fine here.' },
    });
    expect((await admin.client.post(path, { comment: 'I agree with the review.' })).status).toBe(201);
    expect((await learner.client.get(pathOf(submissionId))).body).toMatchObject({
      scores: SCORES,
      override: { scores: null, comment: 'I agree with the review.' },
    });
    const history = await database.db.any(
      sql.type(z.strictObject({ author_id: z.string(), comment: z.string(), reviewed_scores: z.unknown() }))`
        SELECT author_id, comment, reviewed_scores FROM review_overrides WHERE review_id = ${reviewId} ORDER BY id`,
    );
    expect(history).toEqual([
      { author_id: author.userId, comment: 'Counting is fine here.', reviewed_scores: SCORES },
      { author_id: admin.userId, comment: 'I agree with the review.', reviewed_scores: SCORES },
    ]);
    const audited = await database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
      SELECT count(*)::int AS count FROM audit_log WHERE action = 'review.override' AND target = ${reviewId}`);
    expect(audited).toBe(2);
  });

  test('is for whoever may judge the course, once the review is there', async () => {
    const { reviewId } = await reviewed();
    const path = `/api/v1/reviews/${reviewId}/override`;
    expectProblem(await otherAuthor.client.post(path, { comment: 'No.' }), 404, 'NOT_FOUND');
    expectProblem(await learner.client.post(path, { comment: 'No.' }), 403, 'FORBIDDEN');
    expectProblem(
      await author.client.post(`/api/v1/reviews/${newId()}/override`, { comment: 'No.' }),
      404,
      'NOT_FOUND',
    );
    const pending = await buildReview(database.db, exercise, { learnerId: learner.userId });
    expectProblem(
      await author.client.post(`/api/v1/reviews/${pending.reviewId}/override`, { comment: 'Wait.' }),
      409,
      'CONFLICT',
    );
    const bad = { comment: 'Too much.', scores: { ...scores, taste: 101 } };
    expectProblem(await author.client.post(path, bad), 422, 'VALIDATION_FAILED');
  });
});

describe('agreement', () => {
  test('counts reviews by source, feedback and overrides, and compares scores', async () => {
    const own = await ownExercise();
    const path = `/api/v1/exercises/${own.exerciseId}/review-agreement`;
    expect(ReviewAgreement.parse((await author.client.get(path)).body)).toEqual({
      exerciseId: own.exerciseId,
      reviews: { llm: 0, cache: 0, static: 0, unfinished: 0 },
      feedback: { helpful: 0, unhelpful: 0 },
      overrides: { total: 0, withScores: 0 },
      meanAbsoluteDifference: { codeSense: null, efficiency: null, edgeCases: null, taste: null, overall: null },
      withinTenPoints: null,
    });

    const [close, far, unscored] = [await reviewed(own), await reviewed(own), await reviewed(own)];
    await buildReview(database.db, own, { learnerId: learner.userId });
    const staticOne = await buildReview(database.db, own, { learnerId: learner.userId });
    await complete(staticOne.reviewId, 'static');
    const override = (reviewId: string, body: object) =>
      author.client.post(`/api/v1/reviews/${reviewId}/override`, { comment: 'Mine.', ...body });
    const { overall: _overall, ...same } = SCORES;
    await override(close.reviewId, { scores: { ...same, codeSense: 0 } });
    await override(close.reviewId, { scores: same });
    await override(far.reviewId, { scores: { codeSense: 40, efficiency: 40, edgeCases: 40, taste: 40 } });
    await override(unscored.reviewId, {});
    await learner.client.post(`/api/v1/reviews/${close.reviewId}/feedback`, { helpful: true });
    await learner.client.post(`/api/v1/reviews/${far.reviewId}/feedback`, { helpful: false });

    const expected = {
      exerciseId: own.exerciseId,
      reviews: { llm: 3, cache: 0, static: 1, unfinished: 1 },
      feedback: { helpful: 1, unhelpful: 1 },
      overrides: { total: 3, withScores: 2 },
      meanAbsoluteDifference: { codeSense: 20, efficiency: 10, edgeCases: 15, taste: 25, overall: 17.5 },
      withinTenPoints: 0.5,
    };
    expect((await author.client.get(path)).body).toEqual(expected);
    expect((await admin.client.get(path)).body).toEqual(expected);
    expectProblem(await otherAuthor.client.get(path), 404, 'NOT_FOUND');
    expectProblem(await learner.client.get(path), 403, 'FORBIDDEN');
  });
});
