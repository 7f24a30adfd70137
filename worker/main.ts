import { readConfigOrExit } from '../shared/config/env.ts';
import { WorkerConfig } from '../shared/config/worker.config.ts';
import { createLogger } from '../shared/observability/logger.ts';
import { shutdownOnSignal } from '../shared/resilience/shutdown.ts';
import { openDependencies } from './dependencies.ts';
import { serveWorkerHttp } from './http.ts';
import { startWorker } from './worker.ts';

const config = readConfigOrExit(WorkerConfig);
const log = createLogger('worker', config);
const deps = await openDependencies(config, log);
const worker = await startWorker(deps);
const http = await serveWorkerHttp({
  host: config.WORKER_HOST,
  port: config.WORKER_PORT,
  registry: config.ENABLE_METRICS ? deps.registry : undefined,
  checkLiveness: worker.checkLiveness,
  checks: worker.checks,
});
shutdownOnSignal([...worker.closing, { name: 'close port', run: () => http.close() }], config.SHUTDOWN_GRACE_MS, log);
log.info({ url: http.url, queues: config.WORKER_QUEUES }, 'worker running');
