import type { RequestHandler } from 'express';
import {
  ipKeyGenerator,
  MemoryStore,
  rateLimit,
  type ClientRateLimitInfo,
  type Options,
  type Store,
} from 'express-rate-limit';
import type { Redis } from 'ioredis';
import { RedisStore, type RedisReply } from 'rate-limit-redis';
import { AppError } from '../../shared/errors.ts';
import type { RateClass } from './define-route.ts';
import { routeLocals } from './log-requests.ts';
import { sendProblem } from './problem.ts';

interface RateSettings {
  QUEUE_PREFIX: string;
  RATE_LIMIT_RPS: number;
  RATE_LIMIT_AUTH_PER_MINUTE: number;
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: number;
}

interface Budget {
  name: string;
  windowMs: number;
  limit: number;
  onlyFailures?: true;
}

/** Each class has budgets of its own, so that a flood of reads leaves logins alone. Windows are short: who slows down is let in soon. */
function budgetsOf(settings: RateSettings): Record<RateClass, readonly Budget[]> {
  return {
    auth: [
      { name: 'auth', windowMs: 60_000, limit: settings.RATE_LIMIT_AUTH_PER_MINUTE },
      {
        name: 'auth-failures',
        windowMs: 60_000,
        limit: settings.RATE_LIMIT_AUTH_FAILURES_PER_MINUTE,
        onlyFailures: true,
      },
    ],
    read: [{ name: 'read', windowMs: 10_000, limit: settings.RATE_LIMIT_RPS * 10 }],
    write: [{ name: 'write', windowMs: 10_000, limit: Math.ceil(settings.RATE_LIMIT_RPS * 5) }],
    ops: [{ name: 'ops', windowMs: 10_000, limit: settings.RATE_LIMIT_RPS * 10 }],
    unlimited: [],
  };
}

/**
 * The limiters of each class: by account when the caller is known, else by address. With Redis all API processes share the counts;
 * while Redis is away each process counts for itself, so that its absence opens no door.
 */
export function createRateLimiters(
  settings: RateSettings,
  redis: Redis | undefined,
): Record<RateClass, readonly RequestHandler[]> {
  const budgets = budgetsOf(settings);
  const limitersOf = (rateClass: RateClass): RequestHandler[] =>
    budgets[rateClass].map((budget) => createLimiter(budget, redis, settings.QUEUE_PREFIX));
  return {
    auth: limitersOf('auth'),
    read: limitersOf('read'),
    write: limitersOf('write'),
    ops: limitersOf('ops'),
    unlimited: limitersOf('unlimited'),
  };
}

function createLimiter(budget: Budget, redis: Redis | undefined, prefix: string): RequestHandler {
  return rateLimit({
    windowMs: budget.windowMs,
    limit: budget.limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: budget.name,
    ...(budget.onlyFailures ? { skipSuccessfulRequests: true } : {}),
    keyGenerator: (request, response) => routeLocals(response).actor?.id ?? ipKeyGenerator(request.ip ?? 'unknown'),
    handler: (_request, response, _next, options) => {
      const seconds = Math.ceil(options.windowMs / 1000);
      const sent = Number(response.getHeader('Retry-After') ?? seconds);
      sendProblem(
        response,
        new AppError('RATE_LIMITED', 'Too many requests; wait and try again.', { retryAfterSeconds: sent }),
      );
    },
    ...(redis === undefined ? {} : { store: new FallbackStore(`${prefix}:rate:${budget.name}:`, redis) }),
  });
}

/** Counts in Redis; while Redis does not answer, in memory. */
class FallbackStore implements Store {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #shared: RedisStore;
  readonly #local = new MemoryStore();
  readonly #redis: Redis;
  #isShared = false;

  constructor(prefix: string, redis: Redis) {
    this.prefix = prefix;
    this.#redis = redis;
    this.#shared = new RedisStore({
      prefix: this.prefix,
      sendCommand: (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<RedisReply>,
    });
  }

  init(options: Options): void {
    this.#local.init(options);
    // The store keeps a failed load of its scripts for good, so it must not be initialised before Redis is there.
    const load = (): void => {
      this.#shared.init(options).then(
        () => (this.#isShared = true),
        () => (this.#isShared = false),
      );
    };
    this.#redis.on('ready', load);
    this.#redis.on('close', () => (this.#isShared = false));
    if (this.#redis.status === 'ready') load();
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
      return await action(this.#shared);
    } catch {
      // Redis went away in this very moment; the connection's own error handler has logged it.
      return action(this.#local);
    }
  }
}
