import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { databasePassword } from '../shared/config/database-password.ts';
import { databaseUri } from '../shared/config/sections.ts';
import type { WorkerConfig } from '../shared/config/worker.config.ts';
import { connectDatabase } from '../shared/db/connect.ts';
import { createDatabaseMetrics } from '../shared/observability/database.metrics.ts';
import { warnSeldom } from '../shared/observability/log-once.ts';
import { createQueueMetrics } from '../shared/observability/queue.metrics.ts';
import { openQueueBackend } from '../shared/queues/backend.ts';
import { Dispatcher } from '../shared/queues/outbox.ts';
import type { WorkerDeps } from './processor.ts';

/** Opens what all queues of this worker share. Closing is the caller's: first the queues, then `dispatcher`, `backend`, `db`. */
export async function openDependencies(config: WorkerConfig, log: Logger): Promise<WorkerDeps> {
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
    role: 'consumer',
    redisUrl: config.REDIS_URL,
    databaseUri: uri,
    databasePassword: databasePassword(config),
    prefix: config.QUEUE_PREFIX,
    onError: warnSeldom(log, 'queue backend error'),
  });
  const dispatcher = new Dispatcher(db, backend, log);
  return { config, db, backend, dispatcher, log, registry, metrics: createQueueMetrics(registry) };
}
