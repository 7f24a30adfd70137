import { z } from 'zod';
import { Role } from '../contracts/auth.contract.ts';
import { MAX_ACCESS_TOKEN_SECONDS } from '../identity/access-token-lifetime.ts';
import { databaseUrl, refuseOtherSslMode, SslMode, sslModeOf, withSslMode } from './database-ssl.ts';
import { durationSeconds, flag, integer, list, port } from './env.ts';

/** Settings that several processes share, by area. Each process picks its sections in its own file. */

const WEAK_SECRET = /(secret|password|change|default|example|learnify|1234|qwerty)/i;

export const serverSettings = {
  SERVER_ENV: z.enum(['development', 'test', 'production']).default('development'),
  SHUTDOWN_GRACE_MS: integer(100, 600_000).default(15_000),
};

/** Behind it the rest of an address is put together: it must not bring parts of one, such as another sslmode. */
function isHostAlone(value: string): boolean {
  const address = `postgres://${value}`;
  if (!URL.canParse(address)) return false;
  const { username, password, port: ownPort, pathname, search, hash } = new URL(address);
  return username + password + ownPort + pathname + search + hash === '';
}

export const databaseSettings = {
  DATABASE_URL: databaseUrl.optional(),
  DB_HOST: z.string().refine(isHostAlone, 'must be a host alone; its port is DB_PORT').optional(),
  DB_PORT: port.default(5432),
  DB_USER: z.string().optional(),
  DB_PASSWORD: z.string().optional(),
  DB_NAME: z.string().optional(),
  DATABASE_LISTEN_URL: databaseUrl.optional(),
  // Besides being read at the start like every secret's file, these are read again: see database-password.ts.
  DATABASE_URL_FILE: z.string().optional(),
  DB_PASSWORD_FILE: z.string().optional(),
  DATABASE_LISTEN_URL_FILE: z.string().optional(),
  DB_SSL_MODE: SslMode.optional(),
  DB_POOL_MAX: integer(2, 200).default(20),
  DB_STATEMENT_TIMEOUT_MS: integer(100, 600_000).default(10_000),
};

export const queueSettings = {
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    // Its client encrypts for no other spelling.
    .transform((value) => value.replace(/^rediss:/i, 'rediss:'))
    .optional(),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[\w{}-]{1,40}$/, 'may hold letters, digits, "_", "-", "{" and "}"')
    .default('{learnify}'),
};

export const observabilitySettings = {
  ENABLE_METRICS: flag.default(true),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
};

export const authSettings = {
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters'),
  JWT_PREVIOUS_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  JWT_EXPIRATION: durationSeconds
    .refine((seconds) => seconds <= MAX_ACCESS_TOKEN_SECONDS, 'must be at most 24h')
    .default(900),
  REFRESH_TOKEN_LIFETIME: durationSeconds.default(30 * 86_400),
  REFRESH_GRACE_SECONDS: integer(0, 60).default(10),
  STEP_UP_LIFETIME: durationSeconds.default(600),
  MFA_ENCRYPTION_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  MFA_PREVIOUS_ENCRYPTION_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  MFA_REQUIRED_ROLES: list.pipe(z.array(Role)).optional(),
  REGISTRATION: z.enum(['direct', 'confirmed']).optional(),
  PASSWORD_HASH_MEMORY_KIB: integer(19_456, 1_048_576).default(19_456),
  PASSWORD_HASH_PASSES: integer(2, 10).default(2),
  PASSWORD_HASH_CONCURRENCY: integer(1, 64).default(4),
  BREACHED_PASSWORDS_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s):// URL' }).optional(),
  LOGIN_FAILURES_BEFORE_DELAY: integer(1, 100).default(5),
  OPS_TOKEN: z.string().min(32, 'must have at least 32 characters').optional(),
};

export const httpSettings = {
  SERVER_HOST: z.string().default('127.0.0.1'),
  SERVER_PORT: port.default(8080),
  ALLOWED_ORIGINS: list.default([]),
  TRUST_PROXY: integer(0, 10).default(0),
  RATE_LIMIT_RPS: integer(1, 100_000).default(100),
  RATE_LIMIT_ADDRESS_FACTOR: integer(1, 10_000).default(10),
  RATE_LIMIT_AUTH_PER_MINUTE: integer(1, 100_000).default(120),
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: integer(1, 100_000).default(20),
  RATE_LIMIT_MAILS_PER_HOUR: integer(1, 100_000).optional(),
  SUBMISSIONS_IN_FLIGHT_PER_LEARNER: integer(1, 1000).default(20),
  SUBMISSIONS_PER_LEARNER_PER_HOUR: integer(1, 100_000).default(600),
  REVIEWS_IN_FLIGHT_PER_LEARNER: integer(1, 1000).default(20),
  SUBMISSION_WATCHERS_MAX: integer(0, 100_000).default(4000),
  SUBMISSION_WAITS_PER_LEARNER: integer(0, 1000).default(20),
  SUBMISSION_STREAMS_PER_LEARNER: integer(0, 1000).default(5),
  ENABLE_SECURITY_HEADERS: flag.default(true),
};

/** How senior reviews are made; which language models are asked is said elsewhere. */
export const reviewSettings = {
  REVIEW_AUTOMATIC: z.enum(['accepted', 'all', 'off']).default('accepted'),
  REVIEW_DEADLINE_SECONDS: integer(5, 86_400).default(600),
  REVIEW_UPGRADE_HOURS: integer(0, 168).default(6),
  REVIEW_CACHE_DAYS: integer(1, 365).default(30),
  REVIEW_CACHE_ENTRIES: integer(0, 10_000_000).default(100_000),
};

interface DatabaseValues {
  DATABASE_URL?: string | undefined;
  DB_HOST?: string | undefined;
  DB_PORT: number;
  DB_USER?: string | undefined;
  DB_PASSWORD?: string | undefined;
  DB_NAME?: string | undefined;
  DB_SSL_MODE?: z.output<typeof SslMode> | undefined;
}

/** The connection URI of the database, from `DATABASE_URL` or the `DB_*` keys; `DB_SSL_MODE` counts for either. */
export function databaseUri(values: DatabaseValues): string {
  return withSslMode(values.DATABASE_URL ?? uriOfParts(values), values.DB_SSL_MODE);
}

function uriOfParts(values: DatabaseValues): string {
  const uri = new URL(`postgres://${values.DB_HOST ?? 'localhost'}`);
  uri.port = String(values.DB_PORT);
  uri.username = encodeURIComponent(values.DB_USER ?? '');
  uri.password = encodeURIComponent(values.DB_PASSWORD ?? '');
  uri.pathname = `/${encodeURIComponent(values.DB_NAME ?? '')}`;
  return uri.href;
}

/**
 * Where to listen for notifications: a pooler in transaction mode, if there is one, must not be in between.
 * An address of its own that says nothing about encryption is as encrypted as the other connections.
 */
export function listenUri(values: DatabaseValues & { DATABASE_LISTEN_URL?: string | undefined }): string {
  const uri = databaseUri(values);
  return withSslMode(values.DATABASE_LISTEN_URL ?? uri, sslModeOf(uri));
}

/** Zod would keep quiet about what a refinement finds as long as any key is bad; a start reports everything at once. */
export const EVEN_IF_OTHERS_FAILED = { when: () => true };

type Refinement<Values> = (values: Values, context: z.core.$RefinementCtx<Values>) => void;

/** Either `DATABASE_URL`, or all of the `DB_*` keys that name a database; and one word about encryption. */
export const requireDatabase: Refinement<DatabaseValues> = (values, context) => {
  refuseOtherSslMode(values, context);
  if (values.DATABASE_URL !== undefined) return;
  for (const key of ['DB_HOST', 'DB_USER', 'DB_NAME'] as const) {
    if (values[key] === undefined) {
      context.addIssue({ code: 'custom', path: [key], message: 'is required (or set DATABASE_URL)' });
    }
  }
};

const SECRETS_OF_OURS = [
  'JWT_SECRET',
  'JWT_PREVIOUS_SECRET',
  'OPS_TOKEN',
  'MFA_ENCRYPTION_KEY',
  'MFA_PREVIOUS_ENCRYPTION_KEY',
] as const;

interface ProductionValues {
  SERVER_ENV: 'development' | 'test' | 'production';
  JWT_SECRET?: string;
  JWT_PREVIOUS_SECRET?: string | undefined;
  OPS_TOKEN?: string | undefined;
  MFA_ENCRYPTION_KEY?: string | undefined;
  MFA_PREVIOUS_ENCRYPTION_KEY?: string | undefined;
  ALLOWED_ORIGINS?: string[];
}

/** In production a secret that is guessable or used twice is refused. An origin that is not exact is anywhere. */
export const requireProductionStrength: Refinement<ProductionValues> = (values, context) => {
  for (const origin of values.ALLOWED_ORIGINS ?? []) {
    if (!isExactOrigin(origin)) {
      context.addIssue({
        code: 'custom',
        path: ['ALLOWED_ORIGINS'],
        message: 'each must be an exact origin such as https://app.example.org',
      });
    }
  }
  if (values.SERVER_ENV !== 'production') return;
  for (const [index, key] of SECRETS_OF_OURS.entries()) {
    const secret = values[key];
    if (secret === undefined) continue;
    const refuse = (message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (isWeakSecret(secret)) refuse('is too weak for production: use at least 32 random characters');
    const twin = SECRETS_OF_OURS.slice(0, index).find((other) => values[other] === secret);
    if (twin !== undefined) refuse(`is the same as ${twin}: each must be one of its own in production`);
  }
};

/** A secret is weak when it looks like a word or a placeholder, or when it has few different characters. */
function isWeakSecret(secret: string): boolean {
  return WEAK_SECRET.test(secret) || new Set(secret).size < 12;
}

function isExactOrigin(value: string): boolean {
  return !value.includes('*') && URL.canParse(value) && new URL(value).origin === value;
}
