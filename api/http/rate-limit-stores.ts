import { MemoryStore, type ClientRateLimitInfo, type Options, type Store } from 'express-rate-limit';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RedisStore, type RedisReply } from 'rate-limit-redis';
import { Breaker } from '../../shared/resilience/breaker.ts';

/** Redis as all stores of a process see it: what one of them finds out about it, the others need not. */
export interface SharedCounts {
  redis: Redis;
  breaker: Breaker;
}

/** For so long after a command without an answer all is counted locally; then one request asks again, and only that one may have to wait. */
const REST_MS = 5000;

/** A Redis that hangs costs each command its whole timeout, so one of them is enough to know. */
export function shareCounts(redis: Redis): SharedCounts {
  const breaker = new Breaker({
    failures: 1,
    windowMs: REST_MS,
    openMs: REST_MS,
    judge: () => 'fatal',
    onChange: () => undefined,
    onClose: () => undefined,
  });
  return { redis, breaker };
}

/** Counts in Redis; while Redis does not answer, in memory. */
export class FallbackStore implements Store {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #shared: RedisStore;
  readonly #local = new MemoryStore();
  readonly #redis: Redis;
  readonly #breaker: Breaker;
  #isShared = false;

  constructor(prefix: string, { redis, breaker }: SharedCounts) {
    this.prefix = prefix;
    this.#redis = redis;
    this.#breaker = breaker;
    this.#shared = new RedisStore({
      prefix: this.prefix,
      sendCommand: (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<RedisReply>,
    });
  }

  init(options: Options): void {
    this.#local.init(options);
    // The store keeps a failed load of its scripts for good, so it must not be initialised before Redis is there.
    const load = (): void => {
      if (this.#redis.status !== 'ready') return;
      this.#shared.init(options).then(
        () => (this.#isShared = true),
        () => setTimeout(load, REST_MS).unref(),
      );
    };
    this.#redis.on('ready', load);
    this.#redis.on('close', () => (this.#isShared = false));
    load();
  }

  increment(key: string): Promise<ClientRateLimitInfo> {
    return this.#either((store) => store.increment(key));
  }

  async decrement(key: string): Promise<void> {
    await this.#either(async (store) => {
      await store.decrement(key);
    });
  }

  async resetKey(key: string): Promise<void> {
    await this.#either(async (store) => {
      await store.resetKey(key);
    });
  }

  async #either<Result>(action: (store: RedisStore | MemoryStore) => Promise<Result>): Promise<Result> {
    if (!this.#isShared) return action(this.#local);
    try {
      return await this.#breaker.run(() => action(this.#shared));
    } catch {
      // Redis went away, which the connection's own error handler logs, or hangs, which the check of the queues tells.
      return action(this.#local);
    }
  }
}

/** Counts of one key in one window. */
interface Portion {
  window: number;
  /** Of all processes, as far as this one knows. */
  known: number;
  /** Of this process, since it told the others. */
  untold: number;
}

/** Keys that are counted at a time; of one that is forgotten at most a portion is not counted. */
const MAX_KEYS = 50_000;

/**
 * Counts that processes share at a fraction of the cost: each tells Redis of its requests by the portion, and learns how many all have had.
 * So a process may let through one portion too many. While Redis does not answer, each process goes by what it knows. Windows follow the
 * clock, so that they are the same for all.
 */
export class CoarseStore implements Store {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #shared: SharedCounts;
  readonly #portion: number;
  readonly #counts = new LRUCache<string, Portion>({ max: MAX_KEYS });
  #windowMs = 0;

  constructor(prefix: string, shared: SharedCounts, { portion }: { portion: number }) {
    this.prefix = prefix;
    this.#shared = shared;
    this.#portion = portion;
  }

  init({ windowMs }: Options): void {
    this.#windowMs = windowMs;
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const count = this.#countOf(key);
    count.untold += 1;
    if (count.untold >= this.#portion) await this.#tell(key, count);
    return { totalHits: count.known + count.untold, resetTime: new Date((count.window + 1) * this.#windowMs) };
  }

  decrement(key: string): void {
    this.#countOf(key).untold -= 1;
  }

  resetKey(key: string): void {
    this.#counts.delete(key);
  }

  #countOf(key: string): Portion {
    const window = Math.floor(Date.now() / this.#windowMs);
    const known = this.#counts.get(key);
    if (known?.window === window) return known;
    const fresh = { window, known: 0, untold: 0 };
    this.#counts.set(key, fresh);
    return fresh;
  }

  async #tell(key: string, count: Portion): Promise<void> {
    const told = count.untold;
    // At once, so that requests meanwhile do not tell of it again.
    count.untold = 0;
    count.known += told;
    const name = `${this.prefix}${key}:${count.window}`;
    try {
      const total = await this.#shared.breaker.run(() => this.#add(name, told));
      count.known = Math.max(count.known, total);
    } catch {
      // As in `FallbackStore`; what this process knows stays counted.
    }
  }

  /** Returns what all have told, this included. A pipeline gives errors as replies. */
  async #add(name: string, told: number): Promise<number> {
    const replies = await this.#shared.redis.pipeline().incrby(name, told).pexpire(name, this.#windowMs).exec();
    const [error, total] = replies?.[0] ?? [];
    if (error) throw error;
    return Number(total);
  }
}
