import { pingDatabase } from '../shared/db/pool.ts';
import type { HealthCheck } from '../shared/observability/health.ts';
import type { QueueName } from '../shared/queues/queue-name.ts';
import { QUEUES } from '../shared/queues/queues.ts';
import type { ShutdownStep } from '../shared/resilience/shutdown.ts';
import { withTimeout } from '../shared/resilience/deadline.ts';
import type { OpenProcessorFor, WorkerDeps } from './processor.ts';
import { PROCESSORS } from './processors.ts';
import { runQueue, type RunningQueue } from './run-queue.ts';

export interface RunningWorker {
  checks: readonly HealthCheck[];
  /** @throws when a queue has stopped fetching although its backend answers: only a restart helps. */
  checkLiveness: () => Promise<void>;
  closing: readonly ShutdownStep[];
}

/** Part of the grace period that running jobs have; the rest is for handing back and closing. */
const DRAIN_SHARE = 0.6;
const PING_TIMEOUT_MS = 2000;

/** Starts the queues of `WORKER_QUEUES`, each in its own bulkhead. */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { config, db, backend, dispatcher } = deps;
  const started = await Promise.all(config.WORKER_QUEUES.map((name) => startQueue(deps, name)));
  const queues = started.map(({ queue }) => queue);
  return {
    checks: [
      { name: 'database', required: true, check: () => pingDatabase(db) },
      { name: 'queues', required: true, check: () => backend.ping() },
      ...queues.map(fetchCheck),
      ...started.flatMap(({ checks }) => checks),
    ],
    checkLiveness: async () => {
      const stuck = queues.filter((queue) => !queue.isFetching());
      if (stuck.length === 0 || !(await answers(backend.ping()))) return;
      throw new Error(`Stopped fetching: ${stuck.map(({ name }) => name).join(', ')}.`);
    },
    closing: [
      {
        name: 'drain queues',
        run: () => Promise.all(queues.map((queue) => queue.drain(config.SHUTDOWN_GRACE_MS * DRAIN_SHARE))),
      },
      { name: 'close processors', run: () => Promise.all(started.map(({ close }) => close())) },
      { name: 'send requested jobs', run: () => dispatcher.close() },
      { name: 'close queues', run: () => backend.close() },
      { name: 'close database', run: () => db.end() },
    ],
  };
}

interface StartedQueue {
  queue: RunningQueue;
  checks: readonly HealthCheck[];
  close: () => Promise<void>;
}

async function startQueue<Name extends QueueName>(deps: WorkerDeps, name: Name): Promise<StartedQueue> {
  const concurrency = concurrencyOf(deps, name);
  const open: { [Queue in QueueName]: OpenProcessorFor<Queue> } = PROCESSORS;
  const processor = await open[name](deps, concurrency);
  const queue = runQueue(deps, name, concurrency, processor.process);
  deps.log.info({ queue: name, concurrency, backend: deps.backend.kind }, 'queue started');
  return { queue, checks: processor.checks, close: () => processor.close() };
}

function concurrencyOf({ config }: WorkerDeps, name: QueueName): number {
  const overrides: Record<QueueName, number | undefined> = {
    grading: config.WORKER_CONCURRENCY_GRADING,
    review: config.WORKER_CONCURRENCY_REVIEW,
    mail: config.WORKER_CONCURRENCY_MAIL,
    maintenance: config.WORKER_CONCURRENCY_MAINTENANCE,
  };
  return overrides[name] ?? QUEUES[name].concurrency;
}

function fetchCheck(queue: RunningQueue): HealthCheck {
  return {
    name: `fetching ${queue.name}`,
    required: true,
    check: () => {
      if (!queue.isFetching()) throw new Error('no job was asked for in a while');
    },
  };
}

async function answers(ping: Promise<void>): Promise<boolean> {
  try {
    await withTimeout(ping, PING_TIMEOUT_MS, 'no answer');
    return true;
  } catch {
    return false;
  }
}
