import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import type { ApiConfig } from '../shared/config/api.config.ts';
import { databasePassword, listenPassword } from '../shared/config/database-password.ts';
import { databaseUri, listenUri } from '../shared/config/sections.ts';
import { ChangeWatch } from '../shared/db/change-watch.ts';
import { connectDatabase } from '../shared/db/connect.ts';
import { CHANNELS, openNotifications } from '../shared/db/notifications.ts';
import { pingDatabase } from '../shared/db/pool.ts';
import { ExerciseDefinitions } from '../shared/learning/exercise-definitions.ts';
import { createSubmissionPoll } from '../shared/learning/submission-poll.ts';
import { createDatabaseMetrics } from '../shared/observability/database.metrics.ts';
import type { HealthCheck } from '../shared/observability/health.ts';
import { createHttpMetrics } from '../shared/observability/http.metrics.ts';
import { createLearningMetrics } from '../shared/observability/learning.metrics.ts';
import { warnSeldom } from '../shared/observability/log-once.ts';
import { observeNotifications } from '../shared/observability/notification.metrics.ts';
import { openQueueBackend, type QueueBackend } from '../shared/queues/backend.ts';
import { Dispatcher } from '../shared/queues/outbox.ts';
import type { ShutdownStep } from '../shared/resilience/shutdown.ts';
import type { AppDeps } from './app.ts';
import { openIdentity } from './identity/open-identity.ts';
import { SubmissionWatchers } from './learning/submission-watchers.ts';

interface OpenDependencies {
  deps: AppDeps;
  /** What lets requests end that would wait on, before the last of them are served. */
  draining: readonly ShutdownStep[];
  /** How to close them, in order, once no request is served any more. */
  closing: readonly ShutdownStep[];
}

/** Opens everything that the API works with. Only the database has to be there; Redis may come later. */
export async function openDependencies(config: ApiConfig, log: Logger): Promise<OpenDependencies> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const uri = databaseUri(config);
  const db = await connectDatabase(
    {
      uri,
      password: databasePassword(config),
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
    databasePassword: databasePassword(config),
    prefix: config.QUEUE_PREFIX,
    onError: warnSeldom(log, 'queue backend error'),
  });
  const redis = config.REDIS_URL === undefined ? undefined : openRateLimitRedis(config.REDIS_URL, log);
  const dispatcher = new Dispatcher(db, backend, log);
  const learningMetrics = createLearningMetrics(registry);
  const notifications = openNotifications({
    uri: listenUri(config),
    password: listenPassword(config),
    channels: [CHANNELS.submissionChanged, CHANNELS.tokensRevoked],
    db,
    onError: warnSeldom(log, 'no notifications from the database; changes are polled'),
  });
  observeNotifications(registry, () => notifications.isLive());
  const identity = await openIdentity({ config, log, registry, db, dispatcher, notifications });
  const changes = new ChangeWatch({
    notifications,
    channel: CHANNELS.submissionChanged,
    poll: createSubmissionPoll(db),
    onError: warnSeldom(log, 'changes of submissions could not be polled'),
  });
  const watchers = new SubmissionWatchers(
    changes,
    {
      perProcess: config.SUBMISSION_WATCHERS_MAX,
      perLearner: { wait: config.SUBMISSION_WAITS_PER_LEARNER, stream: config.SUBMISSION_STREAMS_PER_LEARNER },
    },
    learningMetrics,
  );
  return {
    deps: {
      config,
      log,
      registry,
      httpMetrics: createHttpMetrics(registry),
      learningMetrics,
      db,
      definitions: new ExerciseDefinitions(db),
      backend,
      dispatcher,
      redis,
      identity,
      inFlightPerLearner: config.SUBMISSIONS_IN_FLIGHT_PER_LEARNER,
      reviewsInFlightPerLearner: config.REVIEWS_IN_FLIGHT_PER_LEARNER,
      watchers,
      checks: healthChecks(db, backend),
    },
    draining: [{ name: 'release waiting requests', run: () => Promise.resolve(watchers.release()) }],
    closing: [
      {
        name: 'stop listening for changes',
        run: () => Promise.all([changes.close(), identity.revocations.close(), notifications.close()]),
      },
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
