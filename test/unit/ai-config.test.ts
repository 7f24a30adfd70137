import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { toAiSettings, type AiSettings } from '../../shared/config/ai.section.ts';
import { loadConfig, type Environment } from '../../shared/config/env.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';
import { problemsOf as listProblems } from '../support/config-problems.ts';

const KEY = 'sk-Zq8vN3mXw5Lk2Rb7';
const load = (environment: Environment): AiSettings =>
  toAiSettings(loadConfig(WorkerConfig, { DATABASE_URL: 'postgres://db/app', ...environment }));

const problemsOf = (environment: Environment) => listProblems(() => load(environment));

describe('the settings of language models', () => {
  test('are all optional', () => {
    expect(load({})).toEqual({
      providers: [],
      timeoutMs: 60_000,
      requestTimeoutMs: 30_000,
      retryDelayMs: 250,
      limits: { concurrency: 16, requestsPerMinute: 120, tokensPerMinute: 400_000 },
      budgets: { learnerPerDayMicros: 250_000, platformPerHourMicros: 10_000_000 },
      breaker: { failures: 5, openMs: 30_000 },
    });
  });

  test('need no more than a key', () => {
    expect(load({ AI_API_KEY: KEY }).providers).toEqual([
      {
        name: 'openai',
        apiKey: KEY,
        model: 'gpt-4.1-mini',
        baseUrl: 'https://api.openai.com/v1',
        style: 'responses',
        price: { input: 0.4, output: 1.6 },
      },
    ]);
    expect(load({ AI_PROVIDER: 'anthropic', AI_API_KEY: KEY }).providers).toMatchObject([
      {
        name: 'anthropic',
        model: 'claude-haiku-4-5',
        baseUrl: 'https://api.anthropic.com',
        price: { input: 1, output: 5 },
      },
    ]);
  });

  test("may name a server of one's own, which needs no key and speaks Chat Completions unless told otherwise", () => {
    const own = { AI_BASE_URL: 'http://ollama:11434/v1/', AI_MODEL: 'qwen3:8b' };
    const provider = { name: 'openai', apiKey: null, model: 'qwen3:8b', baseUrl: 'http://ollama:11434/v1' };
    expect(load(own).providers).toMatchObject([{ ...provider, style: 'chat', price: { input: 5, output: 25 } }]);
    expect(load({ ...own, AI_API_STYLE: 'responses' }).providers).toMatchObject([{ ...provider, style: 'responses' }]);
  });

  test('may name a second provider, in the place of the first when that does not answer', () => {
    const two = { AI_API_KEY: KEY, AI_FALLBACK_PROVIDER: 'anthropic', AI_FALLBACK_API_KEY: KEY };
    expect(load(two).providers.map(({ name }) => name)).toEqual(['openai', 'anthropic']);
  });

  test('have prices that add to the known ones and override them', () => {
    const prices = '{"gpt-4.1-mini":{"input":1,"output":2},"default":{"input":9,"output":9}}';
    const two = { AI_API_KEY: KEY, AI_FALLBACK_API_KEY: KEY, AI_FALLBACK_MODEL: 'new-model', AI_PRICES: prices };
    expect(load(two).providers.map(({ price }) => price)).toEqual([
      { input: 1, output: 2 },
      { input: 9, output: 9 },
    ]);
  });

  test('take keys from mounted files', () => {
    const directory = mkdtempSync(join(tmpdir(), 'learnify-ai-config-'));
    try {
      writeFileSync(join(directory, 'key'), `${KEY}\n`);
      const files = { AI_API_KEY_FILE: join(directory, 'key'), AI_FALLBACK_API_KEY_FILE: join(directory, 'key') };
      expect(load({ ...files, AI_FALLBACK_PROVIDER: 'anthropic' }).providers.map(({ apiKey }) => apiKey)).toEqual([
        KEY,
        KEY,
      ]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('that are named like the readiness report names them, and have no key yet, are no error', () => {
    expect(load({ AI_PROVIDER: 'openai', AI_MODEL: 'gpt-4', AI_API_KEY: '' }).providers).toEqual([]);
  });
});

describe('settings that do not go together are refused:', () => {
  test.each<[string, Environment, string]>([
    ['a provider that is not known', { AI_PROVIDER: 'hal' }, 'AI_PROVIDER: Invalid option'],
    ['a key with a blank', { AI_API_KEY: 'sk abc' }, 'AI_API_KEY: must be printable ASCII without blanks'],
    [
      'a URL with a password',
      { AI_BASE_URL: 'http://u:p@host/v1', AI_MODEL: 'm' },
      'AI_BASE_URL: must not hold a user or password',
    ],
    ['a URL that is none', { AI_BASE_URL: 'ollama' }, 'AI_BASE_URL: must be an http:// or https:// URL'],
    ['a server without a model', { AI_BASE_URL: 'http://host/v1' }, 'AI_MODEL: is required with AI_BASE_URL'],
    [
      'anthropic without a key',
      { AI_PROVIDER: 'anthropic', AI_BASE_URL: 'http://host', AI_MODEL: 'm' },
      'AI_API_KEY: is required for anthropic',
    ],
    [
      'a style for anthropic',
      { AI_PROVIDER: 'anthropic', AI_API_KEY: KEY, AI_API_STYLE: 'chat' },
      "AI_API_STYLE: is about OpenAI's protocols",
    ],
    ['a style for nobody', { AI_API_STYLE: 'chat' }, 'AI_API_STYLE: has no effect without AI_API_KEY'],
    ['a fallback alone', { AI_FALLBACK_API_KEY: KEY }, 'AI_FALLBACK_PROVIDER: is a second provider without a first'],
    [
      'half a fallback',
      { AI_API_KEY: KEY, AI_FALLBACK_PROVIDER: 'anthropic' },
      'AI_FALLBACK_PROVIDER: has no effect without AI_FALLBACK_API_KEY',
    ],
    [
      'the same twice',
      { AI_API_KEY: KEY, AI_FALLBACK_API_KEY: KEY },
      'AI_FALLBACK_MODEL: is the same provider and model as the first',
    ],
    [
      'a request longer than the whole',
      { AI_TIMEOUT_MS: '5000' },
      'AI_REQUEST_TIMEOUT_MS: must not be longer than AI_TIMEOUT_MS',
    ],
    ['prices that are no JSON', { AI_PRICES: 'cheap' }, 'AI_PRICES: must be JSON such as'],
    ['prices that are none', { AI_PRICES: '{"m":{"input":-1,"output":1}}' }, 'AI_PRICES.m.input: Too small'],
    ['prices with a slip', { AI_PRICES: '{"m":{"in":1,"output":1}}' }, 'AI_PRICES.m.input: is required'],
    [
      'a budget below nothing',
      { AI_BUDGET_LEARNER_PER_DAY_MICROS: '-1' },
      'AI_BUDGET_LEARNER_PER_DAY_MICROS: Too small',
    ],
  ])('%s', (_case, environment, problem) => {
    expect(problemsOf(environment)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  test('all at once, and without a key in what is said', () => {
    const problems = problemsOf({
      AI_PROVIDER: 'hal',
      AI_API_KEY: `${KEY} x`,
      AI_TIMEOUT_MS: 'long',
      AI_PRICES: KEY,
      AI_API_STYLE: KEY,
    });
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join('\n')).not.toContain(KEY);
  });
});
