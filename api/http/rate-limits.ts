import type { Request, RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import type { Redis } from 'ioredis';
import { AppError } from '../../shared/errors.ts';
import { networkOf } from './client-address.ts';
import type { RateClass } from './define-route.ts';
import { routeLocals } from './log-requests.ts';
import { sendProblem } from './problem.ts';
import { CoarseStore, FallbackStore, shareCounts, type SharedCounts } from './rate-limit-stores.ts';

interface RateSettings {
  QUEUE_PREFIX: string;
  RATE_LIMIT_RPS: number;
  RATE_LIMIT_ADDRESS_FACTOR: number;
  RATE_LIMIT_AUTH_PER_MINUTE: number;
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: number;
  RATE_LIMIT_MAILS_PER_HOUR: number;
  SUBMISSIONS_PER_LEARNER_PER_HOUR: number;
}

/**
 * Whose requests a budget counts together: `address`, whoever sends them; `account`; `caller`, which is the account or, without one, the
 * address; `caller_at_address`, a caller as far as one address goes; `neighbours`, all accounts behind one address. What nobody is counted for
 * costs nothing.
 */
type Counted = 'address' | 'account' | 'caller' | 'caller_at_address' | 'neighbours';

interface Budget {
  name: string;
  counts: Counted;
  windowMs: number;
  limit: number;
  onlyFailures?: true;
}

const PACE_WINDOW_MS = 10_000;
const AUTH_WINDOW_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Each process tells the others of its requests by so many parts of a limit. */
const COARSENESS = 100;

/**
 * Each class has budgets of its own, so that a flood of reads leaves logins alone. Windows are short: who slows down is let in soon.
 *
 * A caller is an account or, without a token, an address; all accounts behind one address have a further budget together, so that many
 * accounts are not many times the load. Logging in is counted by address whatever token comes along with it. How often one account may be
 * aimed at from many addresses is not decided here: `api/identity/guard/login-guard.ts` delays guesses of passwords and codes, and the mail
 * worker bounds the mails of one recipient; here `mail` bounds to how many recipients one address has them sent. `submission` bounds what one
 * learner has stored: a cancelled submission makes room for the next, and its code stays. Every attempt counts, also one that is refused:
 * whether something was stored is not to be seen from how a request ends.
 *
 * What an owner does against a thief, ending sessions and changing the password, is never counted by account alone: who stole a token and
 * asks elsewhere spends the budget of that address.
 */
function budgetsOf(settings: RateSettings): Record<RateClass, readonly Budget[]> {
  const paced = (name: string, perSecond: number): Budget[] => {
    const limit = Math.ceil((perSecond * PACE_WINDOW_MS) / 1000);
    return [
      { name, counts: 'caller', windowMs: PACE_WINDOW_MS, limit },
      {
        name: `${name}-address`,
        counts: 'neighbours',
        windowMs: PACE_WINDOW_MS,
        limit: limit * settings.RATE_LIMIT_ADDRESS_FACTOR,
      },
    ];
  };
  const attempts = { windowMs: AUTH_WINDOW_MS, limit: settings.RATE_LIMIT_AUTH_PER_MINUTE };
  const auth: readonly Budget[] = [
    { name: 'auth', counts: 'address', ...attempts },
    { name: 'auth-account', counts: 'account', ...attempts },
    {
      name: 'auth-failures',
      counts: 'address',
      windowMs: AUTH_WINDOW_MS,
      limit: settings.RATE_LIMIT_AUTH_FAILURES_PER_MINUTE,
      onlyFailures: true,
    },
  ];
  const write = paced('write', settings.RATE_LIMIT_RPS / 2);
  const writeOfNeighbours = write.filter(({ counts }) => counts === 'neighbours');
  return {
    auth,
    mail: [...auth, { name: 'mail', counts: 'address', windowMs: HOUR_MS, limit: settings.RATE_LIMIT_MAILS_PER_HOUR }],
    password: auth.filter(({ counts }) => counts === 'address'),
    read: paced('read', settings.RATE_LIMIT_RPS),
    write,
    revocation: [{ name: 'revocation', counts: 'caller_at_address', ...attempts }, ...writeOfNeighbours],
    submission: [
      ...write,
      {
        name: 'submissions',
        counts: 'account',
        windowMs: HOUR_MS,
        limit: settings.SUBMISSIONS_PER_LEARNER_PER_HOUR,
      },
    ],
    ops: paced('ops', settings.RATE_LIMIT_RPS),
    unlimited: [],
  };
}

export type RateLimiters = Record<RateClass, readonly RequestHandler[]>;

/**
 * The limiters of each class. With Redis all API processes share the counts; while Redis is away or hangs each process counts for itself, so
 * that its absence neither opens a door nor holds one shut.
 */
export function createRateLimiters(settings: RateSettings, redis: Redis | undefined): RateLimiters {
  const budgets = budgetsOf(settings);
  const shared = redis === undefined ? undefined : shareCounts(redis);
  const byName = new Map<string, RequestHandler>();
  const limiterOf = (budget: Budget): RequestHandler => {
    const limiter = byName.get(budget.name) ?? createLimiter(budget, shared, settings.QUEUE_PREFIX);
    byName.set(budget.name, limiter);
    return limiter;
  };
  const limitersOf = (rateClass: RateClass): RequestHandler[] => budgets[rateClass].map(limiterOf);
  return {
    auth: limitersOf('auth'),
    mail: limitersOf('mail'),
    password: limitersOf('password'),
    read: limitersOf('read'),
    write: limitersOf('write'),
    revocation: limitersOf('revocation'),
    submission: limitersOf('submission'),
    ops: limitersOf('ops'),
    unlimited: limitersOf('unlimited'),
  };
}

function createLimiter(budget: Budget, shared: SharedCounts | undefined, prefix: string): RequestHandler {
  return rateLimit({
    windowMs: budget.windowMs,
    limit: budget.limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: budget.name,
    ...(budget.onlyFailures ? { skipSuccessfulRequests: true } : {}),
    keyGenerator: (request, response) => keyOf(budget, routeLocals(response).actor?.id, callerNetwork(request)),
    skip: (_request, response) =>
      ['account', 'neighbours'].includes(budget.counts) && routeLocals(response).actor?.id === undefined,
    handler: (_request, response, _next, options) => {
      const seconds = Math.ceil(options.windowMs / 1000);
      const sent = Number(response.getHeader('Retry-After') ?? seconds);
      sendProblem(
        response,
        new AppError('RATE_LIMITED', 'Too many requests; wait and try again.', { retryAfterSeconds: sent }),
      );
    },
    ...(shared === undefined ? {} : { store: sharedStore(budget, shared, `${prefix}:rate:${budget.name}:`) }),
  });
}

function keyOf({ counts }: Budget, account: string | undefined, network: string): string {
  if (account === undefined || counts === 'address' || counts === 'neighbours') return network;
  return counts === 'caller_at_address' ? `${account} ${network}` : account;
}

/** What is counted of nearly every request is counted coarsely: it is a bound on floods, and one more trip to Redis each would be dear. */
function sharedStore({ counts, limit }: Budget, shared: SharedCounts, prefix: string): Store {
  return counts === 'neighbours'
    ? new CoarseStore(prefix, shared, { portion: Math.max(1, Math.floor(limit / COARSENESS)) })
    : new FallbackStore(prefix, shared);
}

const callerNetwork = ({ ip }: Request): string => networkOf(ip ?? null);
