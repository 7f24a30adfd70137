import type { Job, JobType, Queue } from 'bullmq';
import type { QueueDepth } from '../contracts/ops.contract.ts';
import type { QueueBackend } from './backend.ts';
import type { QueueName } from './queue-name.ts';

/** How deep a queue is and how old its oldest job that could run. */
export async function measureDepth(backend: QueueBackend, name: QueueName): Promise<QueueDepth> {
  const queue = backend.queue(name);
  const [counts, byPriority, paused] = await Promise.all([
    queue.getJobCounts('active', 'delayed', 'prioritized', 'failed'),
    queue.getCountsPerPriority([0]),
    queue.isPaused(),
  ]);
  const count = (state: string): number => counts[state] ?? 0;
  // What waits without a priority. `getJobCounts` on PostgreSQL finds nothing waiting in a paused queue.
  const waiting = byPriority['0'] ?? 0;
  const prioritized = count('prioritized');
  const oldest = await oldestRunnable(backend.kind, queue, waiting);
  return {
    queue: name,
    waiting,
    active: count('active'),
    delayed: count('delayed'),
    prioritized,
    failed: count('failed'),
    paused,
    oldestWaitingMs: oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.timestamp),
    backlog: count('active') + (paused ? 0 : waiting + prioritized),
  };
}

/** How many jobs may be fetched between counting them and looking at the oldest. */
const FETCHED_MEANWHILE = 50;

async function oldestRunnable(kind: QueueBackend['kind'], queue: Queue, waiting: number): Promise<Job | undefined> {
  const slice = async (state: JobType, start: number, end: number): Promise<(Job | undefined)[]> =>
    queue.getJobs([state], start, end, true);
  const heads = await Promise.all([
    // The PostgreSQL backend cuts slices of `waiting` from the newest end, whatever order is asked for.
    kind === 'redis' ? slice('waiting', 0, 0) : slice('waiting', Math.max(0, waiting - FETCHED_MEANWHILE), -1),
    slice('prioritized', 0, 0),
  ]);
  return heads
    .flat()
    .filter((job) => job !== undefined)
    .sort((a, b) => a.timestamp - b.timestamp)[0];
}
