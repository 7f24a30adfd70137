import { isDeepStrictEqual } from 'node:util';
import type { JobSchedulerJson, Queue } from 'bullmq';
import { MAINTENANCE_INTERVALS_MS, maintenanceQueue } from '../../shared/queues/maintenance.queue.ts';
import { warnSeldom } from '../../shared/observability/log-once.ts';
import { withTimeout } from '../../shared/resilience/deadline.ts';
import type { WorkerDeps } from '../processor.ts';

const CHECK_INTERVAL_MS = 3000;
const CHECK_TIMEOUT_MS = 2500;
/** By how much the clocks of two workers may differ. */
const MOST_CLOCK_SKEW_MS = 60_000;

/**
 * Keeps the job schedulers of maintenance in being, and as this release declares them. They live in the queue backend, which may be
 * wiped or written to by others: this timer is the one thing that runs without a job, so that everything else can be a job.
 */
export async function keepSchedulers({
  backend,
  log,
}: Pick<WorkerDeps, 'backend' | 'log'>): Promise<{ stop: () => Promise<void> }> {
  const warn = warnSeldom(log, 'maintenance schedulers could not be checked');
  let checking = Promise.resolve();
  const check = (): void => {
    checking = withTimeout(ensureSchedulers(backend), CHECK_TIMEOUT_MS, 'queue backend did not answer').catch(warn);
  };
  check();
  const timer = setInterval(check, CHECK_INTERVAL_MS);
  await checking;
  return {
    stop: async () => {
      clearInterval(timer);
      await checking;
    },
  };
}

async function ensureSchedulers(backend: WorkerDeps['backend']): Promise<void> {
  const queue = backend.queue(maintenanceQueue.name);
  for (const [name, every] of Object.entries(MAINTENANCE_INTERVALS_MS)) {
    if (await isAsDeclared(queue, name, every)) continue;
    // One that is changed in place keeps the time of its next run, which may be years away.
    await queue.removeJobScheduler(name);
    await queue.upsertJobScheduler(name, { every }, { name, data: {} });
  }
  await removeUndeclared(queue);
}

async function isAsDeclared(queue: Queue, name: string, every: number): Promise<boolean> {
  const found = await readScheduler(queue, name);
  if (found === undefined) return false;
  // The first three change with every run. All else is declared, so what is not must not be there.
  const { next = Infinity, iterationCount: _, offset: __, ...rest } = found;
  const declared = { key: name, name, every, template: { opts: queue.defaultJobOptions } };
  return isDeepStrictEqual(rest, declared) && next <= Date.now() + every + MOST_CLOCK_SKEW_MS;
}

/** Undefined also for one that cannot be parsed. Where nothing can be read because the backend is away, nothing can be written either. */
function readScheduler(queue: Queue, name: string): Promise<JobSchedulerJson | undefined> {
  return queue.getJobScheduler(name).catch(() => undefined);
}

/** Those of another release, or of an intruder. Two releases side by side do no harm: each has its own back within one check. */
async function removeUndeclared(queue: Queue): Promise<void> {
  for (const { key } of await queue.getJobSchedulers())
    if (!Object.hasOwn(MAINTENANCE_INTERVALS_MS, key)) await queue.removeJobScheduler(key);
}
