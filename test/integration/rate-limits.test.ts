import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { findRedisServer, startRedis, type TestRedis } from '../support/test-redis.ts';

const FAILURES_PER_MINUTE = 3;
const STRICT = {
  RATE_LIMIT_RPS: '1',
  RATE_LIMIT_AUTH_PER_MINUTE: '10',
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: String(FAILURES_PER_MINUTE),
};
const WRITES_PER_WINDOW = 5;
const READS_PER_WINDOW = 10;

/** The processes of one deployment have one prefix. */
const PREFIX = uniquePrefix();
let database: TestDatabase;
const opened: InProcessApi[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close();
});
afterAll(() => database.drop());

async function open(redisUrl?: string, extra: Record<string, string> = {}): Promise<InProcessApi> {
  const api = await openApi({
    databaseUri: database.uri,
    redisUrl,
    prefix: PREFIX,
    extra: { ...STRICT, ...extra },
  });
  opened.push(api);
  return api;
}

const failToLogIn = (api: InProcessApi, headers: Record<string, string> = {}) =>
  api.client.post('/api/v1/auth/login', { email: 'nobody@example.com', password: 'wrong' }, headers);

async function statuses(count: number, ask: () => Promise<Answer>): Promise<number[]> {
  const seen: number[] = [];
  for (let sent = 0; sent < count; sent += 1) seen.push((await ask()).status);
  return seen;
}

const allowed = Array.from({ length: FAILURES_PER_MINUTE }, () => 401);

describe('rate limits of one process', () => {
  test('stop the guessing of passwords after a few failures, and say how long to wait', async () => {
    const api = await open();
    expect(await statuses(FAILURES_PER_MINUTE, () => failToLogIn(api))).toEqual(allowed);
    const refused = await failToLogIn(api);
    expectProblem(refused, 429, 'RATE_LIMITED');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit')).toMatch(/"auth-failures"; r=0; t=\d+/);
    expect(refused.headers.get('ratelimit-policy')).toMatch(/"auth-failures"; q=3; w=60/);
  });

  test('do not charge successful logins as failures', async () => {
    const api = await open();
    const { email, password } = await api.client.registerLearner();
    const logIn = () => api.client.post('/api/v1/auth/login', { email, password });
    expect(await statuses(FAILURES_PER_MINUTE + 2, logIn)).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(FAILURES_PER_MINUTE, () => failToLogIn(api))).toEqual(allowed);
  });

  test('bound successful logins too, in a budget of their own', async () => {
    const api = await open(undefined, { RATE_LIMIT_AUTH_PER_MINUTE: '3' });
    const { email, password } = await api.client.registerLearner();
    const logIn = () => api.client.post('/api/v1/auth/login', { email, password });
    expect(await statuses(3, logIn)).toEqual([200, 200, 429]);
  });

  test('keep the classes apart: a spent one leaves the others alone', async () => {
    const api = await open();
    const { client } = await api.client.registerLearner();
    const reads = await statuses(READS_PER_WINDOW + 1, () => client.get('/api/v1/users/me'));
    expect([reads.at(-2), reads.at(-1)]).toEqual([200, 429]);
    const noCourse = '/api/v1/courses/00000000-0000-4000-8000-000000000000/enroll';
    const writes = await statuses(WRITES_PER_WINDOW + 1, () => client.post(noCourse));
    expect([writes.at(-2), writes.at(-1)]).toEqual([404, 429]);
    expect((await failToLogIn(api)).status).toBe(401);
  });

  test('count each account for itself, wherever it comes from', async () => {
    const api = await open();
    const [one, other] = [await api.client.registerLearner(), await api.client.registerLearner()];
    await statuses(READS_PER_WINDOW, () => one.client.get('/api/v1/users/me'));
    expect((await one.client.get('/api/v1/users/me')).status).toBe(429);
    expect((await other.client.get('/api/v1/users/me')).status).toBe(200);
  });

  test('count the guessing of access tokens', async () => {
    const api = await open();
    const guess = () => api.client.as('not.a.token').get('/api/v1/users/me');
    const seen = await statuses(READS_PER_WINDOW + 1, guess);
    expect([seen.at(-2), seen.at(-1)]).toEqual([401, 429]);
  });

  test('never refuse a probe', async () => {
    const api = await open();
    expect(new Set(await statuses(30, () => api.client.get('/health')))).toEqual(new Set([200]));
  });

  test('believe an address in X-Forwarded-For only behind a trusted proxy', async () => {
    const from = (api: InProcessApi) => (n: number) => failToLogIn(api, { 'X-Forwarded-For': `203.0.113.${n}` });
    const direct = from(await open());
    for (let n = 1; n <= FAILURES_PER_MINUTE; n += 1) await direct(n);
    expect((await direct(99)).status).toBe(429);
    const proxied = from(await open(undefined, { TRUST_PROXY: '1' }));
    for (let n = 1; n <= FAILURES_PER_MINUTE; n += 1) await proxied(1);
    expect([(await proxied(1)).status, (await proxied(2)).status]).toEqual([429, 401]);
  });
});

(findRedisServer() === null ? describe.skip : describe)('rate limits that processes share in Redis', () => {
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  });
  afterAll(() => redis.stop());

  /** Keys of the shared counts; also tells whether Redis answers. */
  const sharedKeys = async (): Promise<string[]> => {
    const client = new Redis(redis.url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on('error', () => undefined);
    try {
      return await client.keys('*rate:*');
    } finally {
      client.disconnect();
    }
  };
  /** A process counts in Redis a moment after it has connected; a read, which the tests do not limit, shows when. */
  const isSharing = (api: InProcessApi) =>
    eventually('counted in Redis', async () => {
      await api.client.get('/api/v1/catalog');
      return (await sharedKeys()).some((key) => key.includes(':rate:read:'));
    });

  test('count over all processes', async () => {
    const [one, other] = [
      await open(redis.url, { RATE_LIMIT_RPS: '1000' }),
      await open(redis.url, { RATE_LIMIT_RPS: '1000' }),
    ];
    await isSharing(one);
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    await isSharing(other);
    const inTurns = [one, other, one, other, one].map((api) => () => failToLogIn(api));
    const seen: number[] = [];
    for (const ask of inTurns) seen.push((await ask()).status);
    expect(seen).toEqual([401, 401, 401, 429, 429]);
  });

  test('go on in each process while Redis is away, and are shared again once it is back', async () => {
    const api = await open(redis.url, { RATE_LIMIT_RPS: '1000' });
    await isSharing(api);
    await redis.kill();
    expect(await statuses(FAILURES_PER_MINUTE + 1, () => failToLogIn(api))).toEqual([...allowed, 429]);
    await redis.restart();
    const client = new Redis(redis.url);
    await client.flushall();
    await isSharing(api);
    expect(await statuses(FAILURES_PER_MINUTE + 1, () => failToLogIn(api))).toEqual([...allowed, 429]);
    expect((await client.keys('*:rate:auth-failures:*')).length).toBe(1);
    client.disconnect();
  });

  test('apply to a process that started without Redis, which shares once Redis comes', async () => {
    await redis.kill();
    const api = await open(redis.url, { RATE_LIMIT_RPS: '1000' });
    expect(await statuses(FAILURES_PER_MINUTE + 1, () => failToLogIn(api))).toEqual([...allowed, 429]);
    await redis.restart();
    await isSharing(api);
  });
});
