import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { DatabasePool } from 'slonik';
import { deleteOldAiRequests, getSubjectCost, settleAiRequest } from '../../shared/ai/ai-request.repository.ts';
import type { Environment } from '../../shared/config/env.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { NoAnswer, type Answer } from '../../worker/ai/ai-client.ts';
import { after, answers, breaksOff, stalls, USAGE } from '../support/ai-behaviours.ts';
import {
  API_KEY,
  awaitRoomInHour,
  clearLedger,
  GOOD,
  openAsking,
  question,
  readLedger,
  type Asking,
  type Verdict,
} from '../support/ai-asking.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { eventually } from '../support/eventually.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/test-database.ts';

type Outcome = Answer<Verdict> | NoAnswer;

let database: TestDatabase;
/** What a second worker process has. */
let otherPool: DatabasePool;
let peer: AiPeer;

beforeAll(async () => {
  database = await createTestDatabase();
  otherPool = await openTestPool(database.uri);
  peer = await startAiPeer();
});
afterAll(async () => {
  await peer.close();
  await otherPool.end();
  await database.drop();
});
afterEach(async () => {
  const refused = [...peer.refused];
  peer.reset();
  await clearLedger(database.db);
  expect(refused).toEqual([]);
});

/** 500 tokens of output are 4,000 micro-dollars, the overhead of 1,000 tokens of input 2,000. */
const settings = (): Environment => ({
  AI_API_KEY: API_KEY,
  AI_BASE_URL: peer.openaiUrl,
  AI_MODEL: 'model-a',
  AI_PRICES: JSON.stringify({ 'model-a': { input: 2, output: 8 } }),
});
const RESERVED = (1000 + Math.ceil((question().system.length + question().user.length) / 3)) * 2 + 500 * 8;
const COST = USAGE.inputTokens * 2 + USAGE.outputTokens * 8;

/** Two worker processes. */
function openTwo(environment: Environment): [Asking, Asking] {
  const all = { ...settings(), ...environment };
  return [openAsking(database.db, all), openAsking(otherPool, all)];
}

const refusals = (outcomes: readonly Outcome[]): NoAnswer[] =>
  outcomes.filter((outcome) => outcome instanceof NoAnswer);

/** As if all that is recorded had happened so much earlier. */
async function letTimePass(seconds: number): Promise<void> {
  await database.db.query(sql.typeAlias('void')`
    UPDATE ai_requests SET created_at = created_at - make_interval(secs => ${seconds}),
      expires_at = expires_at - make_interval(secs => ${seconds})`);
  await database.db.query(sql.typeAlias('void')`
    UPDATE ai_spending SET hour = hour - make_interval(hours => ${Math.floor(seconds / 3600)})`);
}

describe('over all worker processes', () => {
  test('no more requests are under way than the limit allows', async () => {
    const [one, other] = openTwo({ AI_CONCURRENCY: '3' });
    const gate = Promise.withResolvers<void>();
    peer.always(after(gate.promise, answers(GOOD)));
    const asked = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one : other).ask());
    await eventually('three requests on the wire', () => peer.requests.length === 3);
    const refused = await firstToEnd(asked, 7);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: 'provider_unavailable', retryAfterMs: 1000, costMicros: 0 });
    }
    gate.resolve();
    expect(refusals(await Promise.all(asked))).toHaveLength(7);
    expect(peer.requests).toHaveLength(3);
    expect(await one.ask()).toMatchObject({ value: GOOD });
  });

  test('no more requests are sent in a minute', async () => {
    const [one, other] = openTwo({ AI_REQUESTS_PER_MINUTE: '4' });
    peer.always(answers(GOOD));
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one : other).ask()));
    expect([refusals(outcomes).length, peer.requests.length]).toEqual([6, 4]);
    for (const { reason, retryAfterMs } of refusals(outcomes)) {
      expect(reason).toBe('provider_unavailable');
      expect(retryAfterMs).toBeGreaterThan(0);
      expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    }
    await letTimePass(60);
    expect(await other.ask()).toMatchObject({ value: GOOD });
  });

  test('no more tokens are used in a minute, reserved ones first and then the real ones', async () => {
    // Estimated at 1,515 each and counted as 1,200.
    const [one, other] = openTwo({ AI_TOKENS_PER_MINUTE: '4000' });
    peer.always(answers(GOOD));
    expect(await one.ask()).toMatchObject({ value: GOOD });
    expect(await other.ask()).toMatchObject({ value: GOOD });
    expect(await one.ask()).toMatchObject({ value: GOOD });
    expect(await other.ask()).toMatchObject({ reason: 'provider_unavailable' });
    expect(peer.requests).toHaveLength(3);
  });

  test('a request larger than the limit on tokens goes when there is no other', async () => {
    const [one, other] = openTwo({ AI_TOKENS_PER_MINUTE: '10' });
    peer.always(answers(GOOD));
    expect(await one.ask()).toMatchObject({ value: GOOD });
    expect(await other.ask()).toMatchObject({ reason: 'provider_unavailable' });
  });

  test('a place held by a process that died is free after a while', async () => {
    const [one, other] = openTwo({ AI_CONCURRENCY: '1', AI_REQUEST_TIMEOUT_MS: '30000' });
    peer.next(stalls());
    peer.always(answers(GOOD));
    const abandoned = new AbortController();
    const purpose = { kind: 'review', learnerId: null, subjectId: 'abandoned' } as const;
    const asked = one.client.ask(question(), purpose, abandoned.signal);
    await eventually('a request on the wire', () => peer.requests.length === 1);
    expect(await other.ask()).toMatchObject({ retryAfterMs: 1000 });
    // The lease is the longest request and a margin.
    await letTimePass(46);
    expect(await other.ask()).toMatchObject({ value: GOOD });
    abandoned.abort(new Error('dead'));
    await expect(asked).rejects.toThrow('dead');
  });
});

describe('the budget of a learner', () => {
  beforeEach(() => awaitRoomInHour(database.db));

  const BUDGET = String(2 * RESERVED);

  test('is kept under any number of questions at once', async () => {
    const [one, other] = openTwo({ AI_BUDGET_LEARNER_PER_DAY_MICROS: BUDGET });
    const gate = Promise.withResolvers<void>();
    peer.always(after(gate.promise, answers(GOOD)));
    const learnerId = newId();
    const asked = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one : other).ask({ learnerId }));
    const refused = await firstToEnd(asked, 8);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: 'budget_learner', retryAfterMs: null });
    // Somebody else's is not touched by it.
    const elses = one.ask();
    gate.resolve();
    expect(await elses).toMatchObject({ value: GOOD });
    await Promise.all(asked);
    expect(peer.requests).toHaveLength(3);
    expect(await one.metrics()).toMatch(/^ai_refusals_total\{reason="budget_learner",.*\} \d$/m);
  });

  test('counts what requests really cost', async () => {
    const [one] = openTwo({ AI_BUDGET_LEARNER_PER_DAY_MICROS: BUDGET });
    const learnerId = newId();
    peer.always(answers(GOOD));
    // What is left after two real costs is room for a third reservation only if the reservations are given back.
    expect(2 * RESERVED - 2 * COST).toBeLessThan(RESERVED);
    expect(await one.ask({ learnerId })).toMatchObject({ costMicros: COST });
    expect(await one.ask({ learnerId })).toMatchObject({ costMicros: COST });
    expect(await one.ask({ learnerId })).toMatchObject({ reason: 'budget_learner' });
    await letTimePass(86_400);
    expect(await one.ask({ learnerId })).toMatchObject({ costMicros: COST });
  });

  test('is exceeded by a bill ten times the estimate, and closed by it', async () => {
    const [one, other] = openTwo({ AI_BUDGET_LEARNER_PER_DAY_MICROS: BUDGET });
    const learnerId = newId();
    peer.always(answers(GOOD, { usage: { inputTokens: 20_000, outputTokens: 5000 } }));
    expect(await one.ask({ learnerId })).toMatchObject({ costMicros: 80_000 });
    expect(await other.ask({ learnerId })).toMatchObject({ reason: 'budget_learner' });
  });

  test('is not charged for answers that got lost, which the platform is', async () => {
    const [one] = openTwo({ AI_BUDGET_LEARNER_PER_DAY_MICROS: String(RESERVED) });
    const learnerId = newId();
    peer.always(breaksOff());
    expect(await one.ask({ learnerId })).toMatchObject({ reason: 'provider_unavailable', costMicros: 0 });
    peer.always(answers(GOOD));
    expect(await one.ask({ learnerId })).toMatchObject({ value: GOOD });
    const [poor] = openTwo({ AI_BUDGET_PLATFORM_PER_HOUR_MICROS: String(3 * RESERVED + COST) });
    expect(await poor.ask({ learnerId })).toMatchObject({ reason: 'budget_platform' });
  });

  test('of nothing leaves models that cost nothing', async () => {
    const free = JSON.stringify({ 'model-a': { input: 0, output: 0 } });
    const none = { AI_BUDGET_LEARNER_PER_DAY_MICROS: '0', AI_BUDGET_PLATFORM_PER_HOUR_MICROS: '0' };
    peer.always(answers(GOOD));
    expect(await openTwo(none)[0].ask()).toMatchObject({ reason: 'budget_learner' });
    expect(await openTwo({ ...none, AI_PRICES: free })[0].ask()).toMatchObject({ value: GOOD, costMicros: 0 });
  });
});

describe('the budget of the platform', () => {
  beforeEach(() => awaitRoomInHour(database.db));

  test('is kept under any number of questions at once, whoever asks', async () => {
    const [one, other] = openTwo({ AI_BUDGET_PLATFORM_PER_HOUR_MICROS: String(3 * RESERVED) });
    const gate = Promise.withResolvers<void>();
    peer.always(after(gate.promise, answers(GOOD)));
    const asked = Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? one : other).ask(index === 0 ? { learnerId: null } : {}),
    );
    const refused = await firstToEnd(asked, 7);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: 'budget_platform' });
    gate.resolve();
    await Promise.all(asked);
    expect(peer.requests).toHaveLength(3);
    // Room for one more is made by what the three cost in the end, and then for none.
    expect(await one.ask()).toMatchObject({ value: GOOD });
    expect(await one.ask()).toMatchObject({ reason: 'budget_platform' });
    await letTimePass(3600);
    expect(await one.ask()).toMatchObject({ value: GOOD });
  });
});

describe('nothing is charged twice', () => {
  test('when the database goes away between the answer and its record, and comes back', async () => {
    const proxy = await startTcpProxy(database.uri);
    const pool = await openTestPool(proxy.through(database.uri));
    try {
      const asking = openAsking(pool, settings());
      peer.always(async (request, response) => {
        await proxy.cut();
        await answers(GOOD)(request, response);
      });
      const asked = asking.ask();
      await eventually('the request', () => peer.requests.length === 1);
      await proxy.restore();
      expect(await asked).toMatchObject({ value: GOOD, costMicros: COST });
      expect(peer.requests).toHaveLength(1);
      expect(await readLedger(database.db)).toMatchObject([{ outcome: 'answered', cost_micros: COST }]);
    } finally {
      await pool.end();
      await proxy.close();
    }
  });

  test('when the asker dies before it records what the answer cost, and another asks again', async () => {
    const proxy = await startTcpProxy(database.uri);
    const pool = await openTestPool(proxy.through(database.uri));
    const [, other] = openTwo({});
    const purpose = { learnerId: newId(), subjectId: newId() };
    try {
      const asking = openAsking(pool, settings());
      peer.next(async (request, response) => {
        await proxy.cut();
        await answers(GOOD)(request, response);
      });
      await expect(asking.ask(purpose)).rejects.toThrow();
    } finally {
      await pool.end();
      await proxy.close();
    }
    expect(await readLedger(database.db)).toMatchObject([{ outcome: null, cost_micros: null }]);
    await letTimePass(46);
    peer.always(answers(GOOD));
    expect(await other.ask(purpose)).toMatchObject({ value: GOOD });
    expect(await getSubjectCost(database.db, 'review', purpose.subjectId)).toEqual({
      requests: 2,
      input_tokens: USAGE.inputTokens,
      output_tokens: USAGE.outputTokens,
      cost_micros: COST,
    });
    // The learner has one real cost against them, and nothing of the dead reservation.
    const [narrow] = openTwo({ AI_BUDGET_LEARNER_PER_DAY_MICROS: String(COST + RESERVED) });
    expect(await narrow.ask(purpose)).toMatchObject({ value: GOOD });
  });

  test('when the same ending is recorded again, even with another cost', async () => {
    const [one] = openTwo({});
    peer.always(answers(GOOD));
    await one.ask();
    const id = await database.db.oneFirst(sql.unsafe`SELECT id FROM ai_requests`);
    const again = { outcome: 'answered', counted: { usage: USAGE, costMicros: 1 } };
    expect(await settleAiRequest(database.db, String(id), again)).toBe(false);
    expect(await readLedger(database.db)).toMatchObject([{ cost_micros: COST }]);
  });
});

test('records are kept for as long as they are wanted', async () => {
  const [one] = openTwo({});
  peer.always(answers(GOOD));
  await one.ask();
  expect(await deleteOldAiRequests(database.db, 90)).toBe(0);
  await letTimePass(91 * 86_400);
  expect(await deleteOldAiRequests(database.db, 90)).toBe(1);
});

/** The outcomes of the first `count` questions that are done with; the others wait on. */
async function firstToEnd(asked: readonly Promise<Outcome>[], count: number): Promise<Outcome[]> {
  const ended: Outcome[] = [];
  for (const one of asked) void one.then((outcome) => ended.push(outcome));
  return eventually(`${count} questions are done with`, () => (ended.length >= count ? ended.slice(0, count) : null));
}
