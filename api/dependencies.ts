import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import type { ApiConfig } from '../shared/config/api.config.ts';
import { databaseUri } from '../shared/config/sections.ts';
import { connectDatabase } from '../shared/db/connect.ts';
import { pingDatabase } from '../shared/db/pool.ts';
import { ExerciseDefinitions } from '../shared/learning/exercise-definitions.ts';
import { createDatabaseMetrics } from '../shared/observability/database.metrics.ts';
import type { HealthCheck } from '../shared/observability/health.ts';
import { createHttpMetrics } from '../shared/observability/http.metrics.ts';
import { createIdentityMetrics } from '../shared/observability/identity.metrics.ts';
import { createLearningMetrics } from '../shared/observability/learning.metrics.ts';
import { warnSeldom } from '../shared/observability/log-once.ts';
import { openQueueBackend, type QueueBackend } from '../shared/queues/backend.ts';
import { Dispatcher } from '../shared/queues/outbox.ts';
import type { ShutdownStep } from '../shared/resilience/shutdown.ts';
import type { AppDeps } from './app.ts';
import { createAccessTokens } from './identity/access-token.ts';
import { createPasswords } from '../shared/identity/passwords.ts';

interface OpenDependencies {
  deps: AppDeps;
  /** How to close them, in order, once no request is served any more. */
  closing: readonly ShutdownStep[];
}

/** Opens everything that the API works with. Only the database has to be there; Redis may come later. */
export async function openDependencies(config: ApiConfig, log: Logger): Promise<OpenDependencies> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const identityMetrics = createIdentityMetrics(registry);
  const uri = databaseUri(config);
  const db = await connectDatabase(
    {
      uri,
      poolMax: config.DB_POOL_MAX,
      statementTimeoutMs: config.DB_STATEMENT_TIMEOUT_MS,
      metrics: createDatabaseMetrics(registry),
    },
    log,
  );
  const backend = openQueueBackend({
    role: 'producer',
    redisUrl: config.REDIS_URL,
    databaseUri: uri,
    prefix: config.QUEUE_PREFIX,
    onError: warnSeldom(log, 'queue backend error'),
  });
  const redis = config.REDIS_URL === undefined ? undefined : openRateLimitRedis(config.REDIS_URL, log);
  const dispatcher = new Dispatcher(db, backend, log);
  const [accessTokens, passwords] = await Promise.all([
    createAccessTokens(
      { current: config.JWT_SECRET, previous: config.JWT_PREVIOUS_SECRET },
      config.JWT_EXPIRATION,
      identityMetrics,
    ),
    createPasswords(),
  ]);
  return {
    deps: {
      config,
      log,
      registry,
      httpMetrics: createHttpMetrics(registry),
      learningMetrics: createLearningMetrics(registry),
      db,
      definitions: new ExerciseDefinitions(db),
      backend,
      dispatcher,
      redis,
      identity: {
        db,
        accessTokens,
        passwords,
        refreshLifetimeSeconds: config.REFRESH_TOKEN_LIFETIME,
        metrics: identityMetrics,
      },
      inFlightPerLearner: config.SUBMISSIONS_IN_FLIGHT_PER_LEARNER,
      checks: healthChecks(db, backend),
    },
    closing: [
      { name: 'send requested jobs', run: () => dispatcher.close() },
      { name: 'close queues', run: () => backend.close() },
      { name: 'close rate limits', run: () => Promise.resolve(redis?.disconnect()) },
      { name: 'close database', run: () => db.end() },
    ],
  };
}

/** Without queues the API still accepts submissions: the outbox keeps them. */
function healthChecks(db: DatabasePool, backend: QueueBackend): HealthCheck[] {
  return [
    { name: 'database', required: true, check: () => pingDatabase(db) },
    { name: 'queues', required: false, check: () => backend.ping() },
  ];
}

function openRateLimitRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout: 500,
    retryStrategy: (times) => Math.min(100 * times, 1000),
  });
  redis.on('error', warnSeldom(log, 'rate limits count locally: Redis is away'));
  return redis;
}
