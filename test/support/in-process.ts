import { pino } from 'pino';
import { createApp } from '../../api/app.ts';
import { openDependencies as openApiDependencies } from '../../api/dependencies.ts';
import { requestLogFields } from '../../api/http/request-context.ts';
import { recordUnreadable } from '../../api/http/unreadable-requests.ts';
import { listen, stopListening } from '../../api/http-server.ts';
import { ApiConfig } from '../../shared/config/api.config.ts';
import { loadConfig } from '../../shared/config/env.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';
import { createLogger } from '../../shared/observability/logger.ts';
import type { ShutdownStep } from '../../shared/resilience/shutdown.ts';
import { openDependencies as openWorkerDependencies } from '../../worker/dependencies.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { startWorker, type RunningWorker } from '../../worker/worker.ts';
import { Client } from './client.ts';
import type { ProcessEnvironment } from './processes.ts';
import { FEW_WARM, mailFolder, TEST_JWT_SECRET } from './processes.ts';

export interface InProcessApi {
  url: string;
  client: Client;
  deps: Awaited<ReturnType<typeof openApiDependencies>>['deps'];
  /** The log lines so far, parsed. */
  logs: () => Record<string, unknown>[];
  close: () => Promise<void>;
}

/** The whole API in this process, on a real port with real servers behind it. */
export async function openApi(environment: ProcessEnvironment): Promise<InProcessApi> {
  const config = loadConfig(ApiConfig, {
    SERVER_ENV: 'test',
    DATABASE_URL: environment.databaseUri,
    REDIS_URL: environment.redisUrl,
    QUEUE_PREFIX: environment.prefix,
    JWT_SECRET: TEST_JWT_SECRET,
    RATE_LIMIT_RPS: '10000',
    RATE_LIMIT_AUTH_PER_MINUTE: '10000',
    RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: '10000',
    SUBMISSIONS_PER_LEARNER_PER_HOUR: '10000',
    LOGIN_FAILURES_BEFORE_DELAY: '100',
    ...environment.extra,
  });
  const lines: string[] = [];
  const log = createLogger('api', config, requestLogFields, { write: (line) => void lines.push(line) });
  const { deps, draining, closing } = await openApiDependencies(config, log);
  const { server, url } = await listen(createApp(deps), '127.0.0.1', 0, {
    onUnreadable: recordUnreadable(log, deps.httpMetrics),
  });
  return {
    url,
    client: new Client(url),
    deps,
    logs: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    close: async () => {
      await runAll(draining);
      server.closeAllConnections();
      await stopListening(server);
      await runAll(closing);
    },
  };
}

export interface InProcessWorker {
  deps: WorkerDeps;
  worker: RunningWorker;
  close: () => Promise<void>;
}

/** All queues of a worker in this process. */
export async function openWorker(environment: ProcessEnvironment): Promise<InProcessWorker> {
  const deps = await openWorkerDeps(environment);
  const worker = await startWorker(deps);
  return { deps, worker, close: () => runAll(worker.closing) };
}

/** What a worker works with, before any queue is started. */
export function openWorkerDeps(environment: ProcessEnvironment): Promise<WorkerDeps> {
  const config = loadConfig(WorkerConfig, {
    SERVER_ENV: 'test',
    DATABASE_URL: environment.databaseUri,
    REDIS_URL: environment.redisUrl,
    QUEUE_PREFIX: environment.prefix,
    LOG_LEVEL: 'silent',
    ...FEW_WARM,
    ...mailFolder(),
    ...environment.extra,
  });
  return openWorkerDependencies(config, pino({ level: 'silent' }));
}

async function runAll(steps: readonly ShutdownStep[]): Promise<void> {
  for (const step of steps) await step.run();
}
