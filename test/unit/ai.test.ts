import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { z } from 'zod';
import { costMicros, KNOWN_PRICES, priceOf } from '../../shared/ai/prices.ts';
import type { Standing } from '../../shared/ai/ai-request.repository.ts';
import { findRefusal } from '../../worker/ai/admission.ts';
import { faultOfCode, faultOfConnection, faultOfStatus, retryAfterMs } from '../../worker/ai/faults.ts';
import { parseAnswer } from '../../worker/ai/parse-answer.ts';
import { lengthsInWords } from '../../worker/ai/providers/strict-schema.ts';

describe('the price of a model', () => {
  test.each([
    ['gpt-4.1-mini', 'gpt-4.1-mini'],
    ['gpt-4.1-mini-2025-04-14', 'gpt-4.1-mini'],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5'],
    ['gpt-4.1-mini-special', 'default'],
    ['constructor', 'default'],
    ['__proto__', 'default'],
  ])('%s is that of %s', (model, priced) => {
    expect(priceOf(KNOWN_PRICES, model)).toBe(KNOWN_PRICES[priced]);
  });

  test('is rounded up to whole micro-dollars, and not by the dust of binary fractions', () => {
    expect(costMicros({ input: 0.1, output: 0.2 }, { inputTokens: 1, outputTokens: 0 })).toBe(1);
    expect(costMicros({ input: 0.1, output: 0.2 }, { inputTokens: 10, outputTokens: 10 })).toBe(3);
    expect(costMicros({ input: 0, output: 0 }, { inputTokens: 1e9, outputTokens: 1e9 })).toBe(0);
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1_000_000), (cents, tokens) => {
        const exact = (cents * tokens) / 100;
        const cost = costMicros({ input: cents / 100, output: 0 }, { inputTokens: tokens, outputTokens: 0 });
        expect(cost).toBe(Math.ceil(Math.round(exact * 1000) / 1000));
        expect(Number.isSafeInteger(cost)).toBe(true);
      }),
    );
  });
});

describe('Retry-After', () => {
  const NOW = Date.parse('2026-01-01T00:00:00Z');
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }, 9000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' }, 0],
    [{ 'retry-after': '999999999' }, 86_400_000],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '' }, null],
    [{}, null],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after-ms': 'x', 'retry-after': '7' }, 7000],
  ])('%j is %p ms', (headers, expected) => {
    expect(retryAfterMs(new Headers(headers as Record<string, string>), NOW)).toBe(expected);
  });
});

describe('a fault', () => {
  const answered = (status: number, code: string | null = null, message = '') =>
    faultOfStatus('openai', { status, headers: new Headers(), code, type: null, message });

  test.each([
    [400, null, 'bad_request'],
    [400, 'content_filter', 'refused'],
    [401, null, 'unauthorized'],
    [402, null, 'quota'],
    [403, null, 'unauthorized'],
    [404, 'model_not_found', 'bad_request'],
    [408, null, 'overloaded'],
    [409, null, 'overloaded'],
    [413, null, 'bad_request'],
    [422, null, 'bad_request'],
    [429, null, 'rate_limited'],
    [429, 'insufficient_quota', 'quota'],
    [500, null, 'overloaded'],
    [503, null, 'overloaded'],
    [529, null, 'overloaded'],
    [307, null, 'bad_request'],
  ])('of status %i with code %p is %s', (status, code, fault) => {
    expect(answered(status, code).fault).toBe(fault);
  });

  test.each([
    ['429', 'rate_limited'],
    ['402', 'quota'],
    ['401', 'unauthorized'],
    ['502', 'overloaded'],
    ['server_error', 'overloaded'],
    ['invalid_prompt', 'bad_request'],
    [null, 'overloaded'],
  ])('reported as %p within a success is %s', (code, fault) => {
    expect(faultOfCode(code)).toBe(fault);
  });

  test('of an account without money at Anthropic is one of quota', () => {
    expect(answered(400, null, 'Your credit balance is too low to access the API.').fault).toBe('quota');
  });

  test('says what is wrong with our request, without keys, line breaks, or at length', () => {
    const { message } = answered(
      400,
      null,
      `Bad\nschema for sk-proj-abc123def456 and key_live_998877 ${'x'.repeat(999)}`,
    );
    expect(message).toMatch(/^openai answered 400: Bad schema for \[key\] and \[key\] x+$/);
    expect(message.length).toBeLessThan(250);
  });

  test('of any other kind repeats nothing of what the server says', () => {
    expect(answered(401, null, 'Incorrect API key provided: abcdefgh').message).toBe('openai answered 401');
  });

  const connection = (code: string) =>
    faultOfConnection(
      'openai',
      new Error('Connection error.', { cause: Object.assign(new TypeError('fetch failed'), { cause: { code } }) }),
    );

  test.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('of the connection with code %s costs nothing', (code) => {
    const error = new Error('fetch failed', { cause: Object.assign(new Error('x'), { code }) });
    expect(faultOfConnection('openai', error)).toMatchObject({ fault: 'unreachable', mayHaveCost: false });
  });

  test.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT'])(
    'with code %s may cost something',
    (code) => {
      const error = new Error('terminated', { cause: Object.assign(new Error('x'), { code }) });
      expect(faultOfConnection('openai', error)).toMatchObject({ fault: 'unreachable', mayHaveCost: true });
    },
  );

  test('without any code may cost something, too', () => {
    expect(connection('lower case').mayHaveCost).toBe(true);
    expect(faultOfConnection('openai', 'not even an error')).toMatchObject({ fault: 'unreachable', mayHaveCost: true });
  });

  test('is found below an AggregateError of several addresses', () => {
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const error = new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) });
    expect(faultOfConnection('openai', error).message).toBe('openai could not be reached (ECONNREFUSED)');
  });
});

describe('an answer', () => {
  const Schema = z.strictObject({ a: z.int() });

  test.each(['{"a":1}', ' {"a":1}\n', '```json\n{"a":1}\n```', '```\n{"a":1}\n```\n', '```JSON\n{"a":1}\n  ```'])(
    'is read from %j',
    (text) => {
      expect(parseAnswer(text, Schema)).toEqual({ ok: true, value: { a: 1 } });
    },
  );

  test.each([
    ['', 'The answer is not JSON.'],
    ['{"a":1} trailing', 'The answer is not JSON.'],
    ['Sure! ```json\n{"a":1}\n```', 'The answer is not JSON.'],
    ['[]', 'the whole: Invalid input: expected object, received array'],
    ['{"a":"1"}', 'a: Invalid input: expected number, received string'],
    ['{"a":1,"b":2}', 'the whole: Unrecognized key: "b"'],
    [' '.repeat(200_001), 'The answer is far too long.'],
  ])('%j is refused', (text, problem) => {
    expect(parseAnswer(text, Schema)).toEqual({ ok: false, problems: [problem] });
  });

  test('that is wrong in every way is told a few of them, briefly', () => {
    const Many = z.array(z.int());
    const parsed = parseAnswer(JSON.stringify(Array.from({ length: 50 }, () => 'x')), Many);
    expect(parsed.ok ? [] : parsed.problems).toHaveLength(10);
    const long = parseAnswer(JSON.stringify({ ['k'.repeat(5000)]: 1 }), Schema);
    for (const problem of long.ok ? [] : long.problems) expect(problem.length).toBeLessThanOrEqual(200);
  });
});

test('limits on strings are told in words, wherever they are, and properties named like keywords stay', () => {
  const text = { type: 'string', maxLength: 5, pattern: '^a' };
  const schema = {
    $schema: 'x',
    type: 'object',
    properties: { maxLength: text, list: { type: 'array', maxItems: 3, items: { ...text, description: 'A word.' } } },
    definitions: { pattern: { anyOf: [text, { type: 'null' }] } },
  };
  const told = { type: 'string', description: '{maxLength: 5, pattern: "^a"}' };
  expect(lengthsInWords(schema)).toEqual({
    type: 'object',
    properties: {
      maxLength: told,
      list: { type: 'array', maxItems: 3, items: { ...told, description: `A word. ${told.description}` } },
    },
    definitions: { pattern: { anyOf: [told, { type: 'null' }] } },
  });
});

describe('admission', () => {
  const idle: Standing = {
    enabled: true,
    pause_ms: 0,
    requests: 0,
    tokens: 0,
    oldest_ms: 0,
    under_way: 0,
    learner_micros: 0,
    platform_micros: 0,
  };
  const limits = { concurrency: 2, requestsPerMinute: 10, tokensPerMinute: 1000 };
  const budgets = { learnerPerDayMicros: 100, platformPerHourMicros: 500 };
  const refusalOf = (standing: Partial<Standing>, learnerId: string | null = 'ada') =>
    findRefusal({ ...idle, ...standing }, { learnerId, estimatedTokens: 300, reservedMicros: 40 }, limits, budgets);

  test.each<[string, Partial<Standing>, string | null, number | null]>([
    ['nothing used', {}, null, null],
    [
      'all but used up',
      { requests: 9, tokens: 700, under_way: 1, learner_micros: 60, platform_micros: 460 },
      null,
      null,
    ],
    ['switched off', { enabled: false, pause_ms: 5 }, 'switched_off', null],
    ['a learner without budget', { learner_micros: 61, under_way: 9 }, 'budget_learner', null],
    ['a platform without budget', { platform_micros: 461 }, 'budget_platform', null],
    ['a pause', { pause_ms: 1234, under_way: 9 }, 'paused', 1234],
    ['too many under way', { under_way: 2 }, 'concurrency', 1000],
    ['too many requests', { requests: 10, oldest_ms: 45_000.4 }, 'requests', 15_000],
    ['too many tokens', { tokens: 701, oldest_ms: 59_999.9 }, 'tokens', 1],
  ])('with %s', (_case, standing, reason, wait) => {
    expect(refusalOf(standing)).toEqual(reason === null ? null : { reason, retryAfterMs: wait });
  });

  test("without a learner asks for no learner's budget", () => {
    expect(refusalOf({ learner_micros: 1000 }, null)).toBeNull();
  });
});
