import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Options } from 'express-rate-limit';
import { Redis } from 'ioredis';
import { CoarseStore, shareCounts } from '../../api/http/rate-limit-stores.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { allowed, failToLogIn, FAILURES_PER_MINUTE, statuses, STRICT_LIMITS } from '../support/rate-limits.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { findRedisServer, startRedis, type TestRedis } from '../support/test-redis.ts';

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

/** A process that counts in Redis, with the others that do. */
async function openSharing(redisUrl: string): Promise<InProcessApi> {
  const extra = { ...STRICT_LIMITS, RATE_LIMIT_RPS: '1000' };
  const api = await openApi({ databaseUri: database.uri, redisUrl, prefix: PREFIX, extra });
  opened.push(api);
  return api;
}

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
    const [one, other] = [await openSharing(redis.url), await openSharing(redis.url)];
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
    const api = await openSharing(redis.url);
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

  test('have one request wait for a Redis that hangs, and no other until it is time to ask again', async () => {
    const api = await openSharing(redis.url);
    await isSharing(api);
    if (api.deps.redis === undefined) throw new Error('no Redis');
    const asked = jest.spyOn(api.deps.redis, 'call');
    const startedAt = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(startedAt);
    redis.hang();
    try {
      expect(await statuses(FAILURES_PER_MINUTE + 1, () => failToLogIn(api))).toEqual([...allowed, 429]);
      expect(asked).toHaveBeenCalledTimes(1);
      clock.mockReturnValue(startedAt + 5000);
      const together = Array.from({ length: 5 }, () => failToLogIn(api));
      expect((await Promise.all(together)).map(({ status }) => status)).toEqual(Array(5).fill(429));
      expect(asked).toHaveBeenCalledTimes(2);
    } finally {
      redis.wake();
    }
    clock.mockReturnValue(startedAt + 10_000);
    // Of these failures Redis has not heard.
    expect((await failToLogIn(api)).status).toBe(401);
    expect(asked.mock.calls.length).toBeGreaterThan(3);
    jest.restoreAllMocks();
  });

  test('count all accounts behind one address over all processes, to within a portion of each', async () => {
    const clients = [redis.url, redis.url].map((url) => new Redis(url, { enableOfflineQueue: false }));
    const [one, other] = clients.map((client) => {
      const store = new CoarseStore('rate:coarse:', shareCounts(client.on('error', () => undefined)), { portion: 10 });
      // A window of decades, so that none ends here.
      store.init({ windowMs: 1e12 } as Options);
      return store;
    });
    if (one === undefined || other === undefined) throw new Error('no stores');
    await eventually('connected', () => clients.every(({ status }) => status === 'ready'));
    const hit = async (store: CoarseStore, times: number): Promise<number> => {
      let totalHits = 0;
      for (let n = 0; n < times; n += 1) ({ totalHits } = await store.increment('203.0.113.7'));
      return totalHits;
    };
    expect(await hit(one, 25)).toBe(25);
    // What the other has told: all but what is less than a portion.
    expect(await hit(other, 10)).toBe(30);
    expect(await hit(one, 5)).toBe(40);
    expect(await hit(other, 10)).toBe(50);
    expect((await one.increment('203.0.113.8')).totalHits).toBe(1);
    await redis.kill();
    expect(await hit(one, 25)).toBe(65);
    for (const client of clients) client.disconnect();
    await redis.restart();
  });

  test('apply to a process that started without Redis, which shares once Redis comes', async () => {
    await redis.kill();
    const api = await openSharing(redis.url);
    expect(await statuses(FAILURES_PER_MINUTE + 1, () => failToLogIn(api))).toEqual([...allowed, 429]);
    await redis.restart();
    await isSharing(api);
  });
});
