import { MAINTENANCE_INTERVALS_MS, maintenanceQueue } from '../../shared/queues/maintenance.queue.ts';
import { warnSeldom } from '../../shared/observability/log-once.ts';
import { withTimeout } from '../../shared/resilience/deadline.ts';
import type { WorkerDeps } from '../processor.ts';

const CHECK_INTERVAL_MS = 3000;
const CHECK_TIMEOUT_MS = 2500;

/**
 * Keeps the job schedulers of maintenance in being. They live in the queue backend, which may be wiped: this timer is the one
 * thing that runs without a job, so that everything else can be a job.
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
  const known = new Set((await queue.getJobSchedulers()).map((scheduler) => scheduler.key));
  for (const [name, every] of Object.entries(MAINTENANCE_INTERVALS_MS)) {
    if (!known.has(name)) await queue.upsertJobScheduler(name, { every }, { name, data: {} });
  }
}
