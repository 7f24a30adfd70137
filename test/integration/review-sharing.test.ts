import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { z } from 'zod';
import {
  claimCacheEntry,
  fillCacheEntry,
  findCachedReview,
  pruneReviewCache,
} from '../../shared/learning/review-cache.repository.ts';
import { NoAnswer } from '../../worker/ai/ai-client.ts';
import { JobPostponed } from '../../worker/processor.ts';
import { openReviewBench, SPENT, type ReviewBench } from '../support/review-bench.ts';
import { modelAnswer, readReview, scriptAi, unavailableAi } from '../support/reviews.ts';
import type { TestDatabase } from '../support/test-database.ts';

let bench: ReviewBench;
let database: TestDatabase;
let newCode: ReviewBench['newCode'];
let review: ReviewBench['review'];
let work: ReviewBench['work'];

beforeAll(async () => {
  bench = await openReviewBench();
  ({ database, newCode, review, work } = bench);
});
afterAll(() => bench.close());

describe('reviews of the same code', () => {
  test('share one question: the others wait for it, and are served whoever asks them to be', async () => {
    const code = newCode();
    const reviews = await Promise.all(Array.from({ length: 10 }, () => review({ code })));
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const ai = scriptAi(async () => {
      asked.resolve();
      await answer.promise;
      return modelAnswer();
    });
    const [first, ...others] = reviews;
    const asking = work(first?.reviewId ?? '', ai);
    await asked.promise;
    const waiting = await Promise.all(
      others.map(({ reviewId }) => work(reviewId, ai).catch((error: unknown) => error)),
    );
    for (const outcome of waiting) expect(outcome).toBeInstanceOf(JobPostponed);
    answer.resolve();
    await asking;
    await Promise.all(others.map(({ reviewId }) => work(reviewId, ai)));

    expect(ai.questions.length).toBe(1);
    const made = await Promise.all(reviews.map(({ submissionId }) => readReview(database.db, submissionId)));
    expect(made.map(({ source }) => String(source)).sort()).toEqual([
      ...Array.from({ length: 9 }, () => 'cache'),
      'llm',
    ]);
    expect(made.reduce((sum, { cost_micros: cost }) => sum + cost, 0)).toBe(700);
    expect(new Set(made.map(({ summary }) => summary)).size).toBe(1);
  });

  test('ask for themselves when the one that asked for all of them got no answer', async () => {
    const code = newCode();
    const [first, second] = [await review({ code }), await review({ code })];
    await work(first.reviewId, unavailableAi());
    await work(
      second.reviewId,
      scriptAi(() => modelAnswer()),
    );
    expect(await readReview(database.db, first.submissionId)).toMatchObject({ source: 'static' });
    expect(await readReview(database.db, second.submissionId)).toMatchObject({ source: 'llm' });
  });

  test('do not wait for one whose worker died: it is asked for again, and takes its own claim over', async () => {
    const { reviewId, submissionId } = await review();
    const died = scriptAi(() => new Promise<never>(() => undefined));
    void work(reviewId, died).catch(() => undefined);
    while (died.questions.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await work(
      reviewId,
      scriptAi(() => modelAnswer()),
    );
    expect(await readReview(database.db, submissionId)).toMatchObject({ source: 'llm', crashes: 1 });
  });

  test.each([
    ['another verdict of a test', { tests: [] }],
    ['another verdict', { verdict: 'partial' as const, score: 50 }],
  ])('are not the same with %s', async (_name, grade) => {
    const code = newCode();
    await work(
      (await review({ code })).reviewId,
      scriptAi(() => modelAnswer()),
    );
    const other = await review({ code, grade });
    const ai = scriptAi(() => modelAnswer());
    await work(other.reviewId, ai);
    expect(ai.questions.length).toBe(1);
  });

  test('are the same when learners left different secrets of one length in them', async () => {
    const code = newCode();
    const withKey = (key: string) => `${code}const apiKey = '${key}';\n`;
    await work(
      (await review({ code: withKey('sk-abcdefghijklmnopqrstuvwx') })).reviewId,
      scriptAi(() => modelAnswer()),
    );
    const other = await review({ code: withKey('sk-zyxwvutsrqponmlkjihgfedc') });
    const ai = unavailableAi();
    await work(other.reviewId, ai);
    expect(ai.questions).toEqual([]);
    expect(await readReview(database.db, other.submissionId)).toMatchObject({ source: 'cache' });
  });
});

describe('an answer that gives the solution away', () => {
  const leaking = { hint: 'Write: export function sum(a, b) { return a + b; }' };
  const [remark] = modelAnswer().findings;
  const withHint = (hint: string) => modelAnswer({ findings: remark === undefined ? [] : [{ ...remark, hint }] });

  test('is asked for once more, and both answers are paid for', async () => {
    const { reviewId, submissionId } = await review();
    const ai = scriptAi((index) => (index === 0 ? withHint(leaking.hint) : withHint('Think of addition.')));
    await work(reviewId, ai);
    expect(ai.questions.length).toBe(2);
    expect(ai.questions[1]?.user).toContain('findings.0.hint');
    expect(await hintsOf(submissionId)).toEqual(['Think of addition.']);
    expect(await readReview(database.db, submissionId)).toMatchObject({ source: 'llm', cost_micros: 1400 });
  });

  test.each([
    ['the second does as well', () => withHint(leaking.hint), 1400],
    ['there is no second', () => Promise.reject(new NoAnswer('provider_unavailable', SPENT)), 705],
  ])('is reduced to the concept when %s', async (_name, second, cost) => {
    const { reviewId, submissionId } = await review();
    await work(
      reviewId,
      scriptAi((index) => (index === 0 ? withHint(leaking.hint) : second())),
    );
    const [hint] = await hintsOf(submissionId);
    expect(hint).toContain('cost of an operation');
    expect(hint).not.toContain('a + b');
    expect(await readReview(database.db, submissionId)).toMatchObject({ source: 'llm', cost_micros: cost });
  });

  const hintsOf = async (submissionId: string) => {
    const hints = await database.db.oneFirst(sql.type(z.strictObject({ hints: z.array(z.string()) }))`
      SELECT jsonb_path_query_array(body, '$.findings[*].hint') AS hints FROM reviews WHERE submission_id = ${submissionId}`);
    return hints;
  };
});

describe('what models said of code', () => {
  const DAY_MS = 86_400_000;
  const keep = { keepMs: 30 * DAY_MS };
  const body = {
    scores: { codeSense: 1, efficiency: 1, edgeCases: 1, taste: 1, overall: 1 },
    summary: 'Said before.',
    strengths: [],
    findings: [],
    followUps: [],
  };
  const said = async (name: string, daysAgo: number): Promise<Buffer> => {
    const hash = Buffer.from(name.padEnd(32));
    await claimCacheEntry(database.db, hash, newId(), { ...keep, holdMs: 60_000 });
    const holder = await holderOf(hash);
    await fillCacheEntry(database.db, hash, holder, { body, provider: 'openai', model: 'm' });
    await database.db.query(sql.typeAlias('void')`
      UPDATE review_cache SET last_used_at = now() - make_interval(days => ${daysAgo}) WHERE content_hash = ${sql.binary(hash)}`);
    return hash;
  };
  const holderOf = (hash: Buffer) =>
    database.db.oneFirst(sql.type(z.strictObject({ holder: z.string() }))`
      SELECT holder_review_id AS holder FROM review_cache WHERE content_hash = ${sql.binary(hash)}`);
  const entries = async () => {
    const names = await database.db.anyFirst(sql.type(z.strictObject({ name: z.string() }))`
      SELECT trim(convert_from(content_hash, 'UTF8')) AS name FROM review_cache ORDER BY 1`);
    return names;
  };

  test('is forgotten when it was not used for long, or there is too much of it', async () => {
    await database.db.query(sql.typeAlias('void')`TRUNCATE review_cache`);
    for (const days of [0, 1, 2, 3]) await said(`used ${days} days ago`, days);
    const old = await said('old', 31);
    expect(await findCachedReview(database.db, old, keep)).toBeNull();
    expect(await pruneReviewCache(database.db, { ...keep, maxEntries: 3, batch: 100 })).toBe(2);
    expect(await entries()).toEqual(['used 0 days ago', 'used 1 days ago', 'used 2 days ago']);
  });

  test('stays when it is used', async () => {
    const hash = await said('in use', 29);
    expect(await findCachedReview(database.db, hash, keep)).toMatchObject({ body, provider: 'openai' });
    expect(await findCachedReview(database.db, hash, { keepMs: DAY_MS })).not.toBeNull();
  });

  test('may be asked for anew when it is too old, and by one only', async () => {
    const hash = await said('too old', 31);
    const claims = await Promise.all(
      Array.from({ length: 5 }, () => claimCacheEntry(database.db, hash, newId(), { ...keep, holdMs: 60_000 })),
    );
    expect(claims.filter(Boolean).length).toBe(1);
  });
});
