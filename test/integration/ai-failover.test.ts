import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { setAiSwitch } from '../../shared/ai/ai-switch.repository.ts';
import type { Environment } from '../../shared/config/env.ts';
import type { NoAnswer } from '../../worker/ai/ai-client.ts';
import { after, answers, ends, fails, rateLimited, says, USAGE } from '../support/ai-behaviours.ts';
import { API_KEY, clearLedger, GOOD, openAsking, question, readLedger, type Asking } from '../support/ai-asking.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { eventually } from '../support/eventually.ts';
import { buildUser } from '../support/factories.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { timeOutAfter } from '../support/time-outs.ts';

const FALLBACK_KEY = 'sk-ant-test-Vb4Jw9Qm2Xc7';

let database: TestDatabase;
let first: AiPeer;
let second: AiPeer;
let asking: Asking;

beforeAll(async () => {
  database = await createTestDatabase();
  [first, second] = await Promise.all([startAiPeer(), startAiPeer()]);
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await database.drop();
});
afterEach(async () => {
  const refused = [...first.refused, ...second.refused];
  jest.restoreAllMocks();
  first.reset();
  second.reset();
  await clearLedger(database.db);
  expect(refused).toEqual([]);
  expect(asking.logs()).not.toContain(API_KEY);
  expect(asking.logs()).not.toContain(FALLBACK_KEY);
});

const only = (): Environment => ({ AI_API_KEY: API_KEY, AI_BASE_URL: first.openaiUrl, AI_MODEL: 'model-a' });
const both = (): Environment => ({
  ...only(),
  AI_FALLBACK_PROVIDER: 'anthropic',
  AI_FALLBACK_API_KEY: FALLBACK_KEY,
  AI_FALLBACK_BASE_URL: second.anthropicUrl,
  AI_FALLBACK_MODEL: 'model-b',
  AI_PRICES: JSON.stringify({ 'model-a': { input: 2, output: 8 }, 'model-b': { input: 1, output: 1 } }),
  AI_REQUEST_TIMEOUT_MS: '25000',
});
const requests = (): [number, number] => [first.requests.length, second.requests.length];

describe('without a provider', () => {
  test('nothing is asked, and that is no error', async () => {
    asking = openAsking(database.db, { AI_PROVIDER: 'openai', AI_MODEL: 'gpt-4.1-mini' });
    expect([asking.client.isConfigured, asking.client.modelKey]).toEqual([false, '']);
    expect(await asking.ask()).toMatchObject({ reason: 'no_provider', usage: { inputTokens: 0, outputTokens: 0 } });
    expect(await readLedger(database.db)).toEqual([]);
  });
});

describe('with a second provider', () => {
  test('the first is asked as long as it answers', async () => {
    asking = openAsking(database.db, both());
    expect([asking.client.isConfigured, asking.client.modelKey]).toEqual([true, 'openai:model-a,anthropic:model-b']);
    first.always(answers(GOOD));
    expect(await asking.ask()).toMatchObject({ provider: 'openai', model: 'model-a' });
    expect(requests()).toEqual([1, 0]);
  });

  test.each([
    { fault: 'fails', behaviour: () => fails(500), asked: 3 },
    { fault: 'pauses for long', behaviour: () => rateLimited('60'), asked: 1 },
    { fault: 'has a wrong key', behaviour: () => fails(401, 'invalid_api_key'), asked: 1 },
    { fault: 'has no money left', behaviour: () => fails(429, 'insufficient_quota'), asked: 1 },
    { fault: 'does not know the model', behaviour: () => fails(404, 'model_not_found'), asked: 1 },
    { fault: 'runs out of tokens', behaviour: () => ends('out-of-tokens'), asked: 1 },
    { fault: 'talks nonsense', behaviour: () => says('nonsense'), asked: 2 },
  ])('the second answers when the first $fault', async ({ behaviour, asked }) => {
    asking = openAsking(database.db, both());
    first.always(behaviour());
    second.always(answers(GOOD));
    expect(await asking.ask()).toMatchObject({ value: GOOD, provider: 'anthropic', model: 'model-b' });
    expect(requests()).toEqual([asked, 1]);
    expect(second.requests[0]?.text).not.toContain(API_KEY);
    expect(JSON.stringify(second.requests[0]?.headers)).not.toContain(API_KEY);
  });

  test('the second answers when the first does not in time', async () => {
    asking = openAsking(database.db, both());
    const requested = Promise.withResolvers<void>();
    first.always(() => requested.resolve());
    second.always(answers(GOOD));
    timeOutAfter(25_000, requested.promise);
    expect(await asking.ask()).toMatchObject({ value: GOOD, provider: 'anthropic', model: 'model-b' });
    expect(requests()).toEqual([1, 1]);
  });

  test('what the first counted for nothing is part of what the answer cost', async () => {
    asking = openAsking(database.db, both());
    first.always(says('nonsense'));
    second.always(answers(GOOD));
    const usage = { inputTokens: 3 * USAGE.inputTokens, outputTokens: 3 * USAGE.outputTokens };
    expect(await asking.ask()).toMatchObject({ usage, costMicros: 2 * (1000 * 2 + 200 * 8) + 1200 });
    expect((await readLedger(database.db)).map(({ provider, cost_micros: cost }) => [provider, cost])).toEqual([
      ['openai', 3600],
      ['openai', 3600],
      ['anthropic', 1200],
    ]);
  });

  test('a refusal is an answer: nobody else is asked for a better one', async () => {
    asking = openAsking(database.db, both());
    first.always(ends('refused'));
    second.always(answers(GOOD));
    expect(await asking.ask()).toMatchObject({ reason: 'provider_refused', usage: USAGE });
    expect(requests()).toEqual([1, 0]);
  });

  test('no question takes more than six requests, and the shorter pause is passed on', async () => {
    asking = openAsking(database.db, both());
    first.always(rateLimited('60'));
    second.always(rateLimited('30'));
    expect(await asking.ask()).toMatchObject({ reason: 'provider_unavailable', retryAfterMs: 30_000 });
    await clearLedger(database.db);
    first.always(fails(500));
    second.always(fails(529));
    expect(await asking.ask()).toMatchObject({ reason: 'provider_unavailable', retryAfterMs: null });
    expect(requests()).toEqual([4, 4]);
  });

  test('one that pauses is left alone by every process until it wants to be asked again', async () => {
    asking = openAsking(database.db, only());
    first.always(rateLimited('60'));
    await asking.ask();
    const other = openAsking(database.db, only());
    const refusal = await other.ask();
    expect(refusal).toMatchObject({ reason: 'provider_unavailable' });
    expect((refusal as NoAnswer).retryAfterMs).toBeGreaterThan(0);
    expect((refusal as NoAnswer).retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(requests()).toEqual([1, 0]);
    expect(await other.metrics()).toMatch(
      /^ai_refusals_total\{reason="paused",provider="openai",model="model-a"\} 1$/m,
    );
  });
});

describe('the circuit breaker of a provider', () => {
  const OPEN_MS = 3_600_000;
  const open = (): Asking =>
    openAsking(database.db, { ...only(), AI_BREAKER_FAILURES: '3', AI_BREAKER_OPEN_MS: String(OPEN_MS) });
  const stateOf = async ({ metrics }: Asking): Promise<string | undefined> =>
    /^ai_breaker_state\{provider="openai",model="model-a",state="([\w-]+)"\} 1$/m.exec(await metrics())?.[1];

  /** By how much the clock of the breaker is ahead: it stays open until the test lets time pass. */
  let aheadMs = 0;
  beforeEach(() => {
    aheadMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
  });

  test('opens after failures, lets one probe through at a time, and closes when that is answered', async () => {
    asking = open();
    expect(await stateOf(asking)).toBe('closed');
    first.always(fails(500));
    await asking.ask();
    expect([first.requests.length, await stateOf(asking)]).toEqual([3, 'open']);

    expect(await asking.ask()).toMatchObject({ reason: 'provider_unavailable', retryAfterMs: null });
    expect(first.requests).toHaveLength(3);

    aheadMs += OPEN_MS;
    await asking.ask();
    expect([first.requests.length, await stateOf(asking)]).toEqual([4, 'open']);

    aheadMs += OPEN_MS;
    const gate = Promise.withResolvers<void>();
    first.always(after(gate.promise, answers(GOOD)));
    const probe = asking.ask();
    await eventually('a probe that waits', () => first.requests.length > 4);
    expect(await stateOf(asking)).toBe('half-open');
    expect(await asking.ask()).toMatchObject({ reason: 'provider_unavailable' });
    expect(first.requests).toHaveLength(5);
    gate.resolve();
    expect(await probe).toMatchObject({ value: GOOD });
    expect([await stateOf(asking), asking.recovered]).toEqual(['closed', ['openai']]);
  });

  test('opens at once for a wrong key, so that one request finds out for all', async () => {
    asking = open();
    first.always(fails(401, 'invalid_api_key'));
    await asking.ask();
    await asking.ask();
    expect([first.requests.length, await stateOf(asking)]).toEqual([1, 'open']);
    expect(asking.logs()).toMatch(/"level":"error".*answered 401/);
  });

  test.each([
    ['400', () => fails(400, 'invalid_request_error')],
    ['429', () => rateLimited()],
    ['refusal', () => ends('refused')],
    ['nonsense', () => says('nonsense')],
  ])('stays closed whatever often the answer is a %s', async (_name, behaviour) => {
    asking = open();
    first.always(behaviour());
    for (let round = 0; round < 5; round += 1) await asking.ask();
    expect(await stateOf(asking)).toBe('closed');
  });

  test('takes no notice of those who give up', async () => {
    asking = open();
    for (let round = 0; round < 5; round += 1) {
      const givingUp = new AbortController();
      first.next(() => givingUp.abort(new Error('gone')));
      const purpose = { kind: 'review', learnerId: null, subjectId: 's' } as const;
      await expect(asking.client.ask(question(), purpose, givingUp.signal)).rejects.toThrow('gone');
    }
    expect(await stateOf(asking)).toBe('closed');
  });
});

describe('the kill switch', () => {
  test('holds for the very next request of processes that run already', async () => {
    const { id: changedBy } = await buildUser(database.db);
    asking = openAsking(database.db, both());
    first.always(answers(GOOD));
    expect(await asking.ask()).toMatchObject({ value: GOOD });
    await setAiSwitch(database.db, { enabled: false, reason: 'too dear', changedBy });
    expect(await asking.ask()).toMatchObject({ reason: 'switched_off', retryAfterMs: null });
    expect(requests()).toEqual([1, 0]);
    await setAiSwitch(database.db, { enabled: true, reason: 'cheap again', changedBy });
    expect(await asking.ask()).toMatchObject({ value: GOOD });
  });
});

test('what was asked is counted, with names of the configuration only', async () => {
  asking = openAsking(database.db, both());
  first.next(fails(500), answers(GOOD));
  await asking.ask();
  const text = await asking.metrics();
  for (const line of [
    'ai_requests_total{provider="openai",model="model-a",outcome="overloaded"} 1',
    'ai_requests_total{provider="openai",model="model-a",outcome="answered"} 1',
    'ai_request_duration_seconds_count{provider="openai",model="model-a"} 2',
    'ai_tokens_total{provider="openai",model="model-a",direction="input"} 1000',
    'ai_tokens_total{provider="openai",model="model-a",direction="output"} 200',
    'ai_cost_micros_total{provider="openai",model="model-a"} 3600',
    'ai_questions_total{purpose="review",result="answered"} 1',
    'ai_breaker_state{provider="anthropic",model="model-b",state="closed"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});
