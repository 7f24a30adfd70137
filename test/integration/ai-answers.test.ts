import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { answers, fails, failsInside, floods, rateLimited, resets, says, USAGE } from '../support/ai-behaviours.ts';
import {
  API_KEY,
  clearLedger,
  GOOD,
  openAsking,
  PROTOCOLS,
  question,
  readLedger,
  settingsOf,
  type Asking,
} from '../support/ai-asking.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { renderAnswer } from '../support/ai-peer-wire.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { timeOutAfter } from '../support/time-outs.ts';

let database: TestDatabase;
let peer: AiPeer;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startAiPeer();
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

/** At 2 and 8 dollars per million tokens. */
const COST = 1000 * 2 + 200 * 8;

describe.each(PROTOCOLS)('asked in the protocol %s', (protocol) => {
  let asking: Asking;
  const open = (environment: Record<string, string> = {}): Asking =>
    openAsking(database.db, { ...settingsOf(protocol, peer), ...environment });

  afterEach(async () => {
    const refused = [...peer.refused];
    jest.restoreAllMocks();
    peer.reset();
    await clearLedger(database.db);
    // Whatever went wrong: the request was one that the real server takes, and nobody was told the key.
    expect(refused).toEqual([]);
    expect(asking.logs()).not.toContain(API_KEY);
  });

  test('a model answers, and what it counted is recorded', async () => {
    asking = open();
    peer.always(answers(GOOD));
    const answer = await asking.ask();
    expect(answer).toEqual({
      value: GOOD,
      provider: protocol === 'messages' ? 'anthropic' : 'openai',
      model: 'model-a',
      usage: USAGE,
      costMicros: COST,
    });
    expect(await readLedger(database.db)).toMatchObject([
      { outcome: 'answered', input_tokens: 1000, output_tokens: 200, cost_micros: COST },
    ]);
    const [request] = peer.requests;
    expect(request).toMatchObject({ model: 'model-a', system: question().system, user: question().user });
    expect(request).toMatchObject({
      maxOutputTokens: 500,
      schema: { type: 'object', required: ['verdict', 'reason'] },
    });
    expect(request?.headers.authorization).toBe(`Bearer ${API_KEY}`);
  });

  test('a body without end is cut off', async () => {
    asking = open();
    peer.always(floods());
    expect(await asking.ask()).toMatchObject({ reason: 'invalid_answer' });
    expect(peer.requests).toHaveLength(2);
  });

  /** Anthropic's protocol has no such thing: it is an answer of an unknown shape there. */
  const inside = [
    { code: 'rate_limit_exceeded', reason: 'provider_unavailable', retryAfterMs: 10_000, requests: 3 },
    { code: 'server_error', reason: 'provider_unavailable', retryAfterMs: null, requests: 3 },
    { code: 'insufficient_quota', reason: 'provider_unavailable', retryAfterMs: null, requests: 1 },
    { code: 'content_filter', reason: 'provider_refused', retryAfterMs: null, requests: 1 },
  ].map((known) =>
    protocol === 'messages' ? { ...known, reason: 'invalid_answer', retryAfterMs: null, requests: 2 } : known,
  );
  test.each(inside)('status 200 with the error $code inside is no answer', async ({ code, requests, ...expected }) => {
    asking = open();
    peer.always(failsInside(code));
    expect(await asking.ask()).toMatchObject(expected);
    expect(peer.requests).toHaveLength(requests);
  });

  test.each([
    ['in seconds', () => ({ header: '1', moment: Date.now() + 1000 })],
    [
      'as a date',
      () => {
        const header = new Date(Date.now() + 1500).toUTCString();
        return { header, moment: Date.parse(header) };
      },
    ],
  ])('a short Retry-After %s is heeded', async (_form, wish) => {
    asking = open();
    const wished = Promise.withResolvers<number>();
    const asked = Promise.withResolvers<number>();
    peer.next((request, response) => {
      const { header, moment } = wish();
      wished.resolve(moment);
      return rateLimited(header)(request, response);
    });
    peer.always((request, response) => {
      asked.resolve(Date.now());
      return answers(GOOD)(request, response);
    });
    expect(await asking.ask()).toMatchObject({ value: GOOD, usage: USAGE, costMicros: COST });
    expect(peer.requests).toHaveLength(2);
    expect(await asked.promise).toBeGreaterThanOrEqual(await wished.promise);
  });

  test('a fault that passes is not seen by whoever asks', async () => {
    asking = open();
    peer.next(fails(500), resets());
    peer.always(answers(GOOD));
    expect(await asking.ask()).toMatchObject({ value: GOOD, usage: USAGE, costMicros: COST });
    expect((await readLedger(database.db)).map(({ outcome }) => outcome)).toEqual([
      'overloaded',
      'unreachable',
      'answered',
    ]);
  });

  test('an answer that breaks its schema is mended once, both tries paid for', async () => {
    asking = open();
    peer.next(answers({ verdict: 'splendid', reason: 'x'.repeat(41) }));
    peer.always(answers(GOOD));
    const twice = { inputTokens: 2000, outputTokens: 400 };
    expect(await asking.ask()).toMatchObject({ value: GOOD, usage: twice, costMicros: 2 * COST });
    const [first, second] = peer.requests;
    expect(first?.system).toBe(question().system);
    expect(second?.system).toMatch(/rejected[\s\S]+- verdict: [\s\S]+- reason: /);
    expect(second?.system).not.toContain('splendid');
    expect(second?.user).toBe(first?.user);
  });

  test('JSON in a Markdown fence is taken', async () => {
    asking = open();
    peer.always(says('```json\n{"verdict":"good","reason":null}\n```\n'));
    expect(await asking.ask()).toMatchObject({ value: GOOD });
  });

  test('a server that does not count tokens has them estimated', async () => {
    asking = open();
    peer.always(answers(GOOD, { usage: null }));
    const { system, user } = question();
    const usage = {
      inputTokens: Math.ceil((system.length + user.length) / 3),
      outputTokens: Math.ceil(JSON.stringify(GOOD).length / 3),
    };
    expect(await asking.ask()).toMatchObject({ usage, costMicros: usage.inputTokens * 2 + usage.outputTokens * 8 });
  });

  test.each([-5, 1e30, 'many', null])('a count of %p tokens is not believed', async (count) => {
    asking = open();
    peer.always((request, response) => {
      const body = renderAnswer(request, JSON.stringify(GOOD), USAGE);
      const names = Object.keys(body['usage'] as object);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ ...body, usage: Object.fromEntries(names.map((name) => [name, count])) }));
    });
    const answer = await asking.ask();
    expect(answer).toMatchObject({ value: GOOD });
    expect(answer.usage.inputTokens).toBeGreaterThan(0);
    expect(answer.usage.inputTokens).toBeLessThan(100);
  });

  test('a bill ten times the estimate is recorded as it is', async () => {
    asking = open();
    const [usage] = [{ inputTokens: 100_000, outputTokens: 5000 }];
    peer.always(answers(GOOD, { usage }));
    expect(await asking.ask()).toMatchObject({ usage, costMicros: 240_000 });
    const [row] = await readLedger(database.db);
    expect(row).toMatchObject({ cost_micros: 240_000 });
    expect(row?.reserved_micros).toBeLessThan(24_000);
  });

  test('the whole question ends at its deadline', async () => {
    asking = open({ AI_TIMEOUT_MS: '50000' });
    const requested = Promise.withResolvers<void>();
    peer.always(() => requested.resolve());
    timeOutAfter(50_000, requested.promise);
    expect(await asking.ask()).toMatchObject({ reason: 'deadline' });
    expect(peer.requests).toHaveLength(1);
    expect(await readLedger(database.db)).toMatchObject([{ outcome: 'aborted', cost_micros: null }]);
  });

  test('whoever gives up gets their own reason, and the request ends on the wire', async () => {
    asking = open();
    const givingUp = new AbortController();
    const closed = Promise.withResolvers<void>();
    peer.always((_request, response) => {
      response.on('close', () => closed.resolve());
      givingUp.abort(new Error('nobody waits any more'));
    });
    const asked = asking.client.ask(question(), { kind: 'review', learnerId: null, subjectId: 's' }, givingUp.signal);
    await expect(asked).rejects.toThrow('nobody waits any more');
    await closed.promise;
    expect(peer.requests).toHaveLength(1);
    expect(await readLedger(database.db)).toMatchObject([{ outcome: 'aborted', cost_micros: null }]);
  });

  test('who has given up already asks nobody', async () => {
    asking = open();
    const purpose = { kind: 'review', learnerId: null, subjectId: 's' } as const;
    await expect(asking.client.ask(question(), purpose, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(peer.requests).toEqual([]);
    expect(await readLedger(database.db)).toEqual([]);
  });
});
