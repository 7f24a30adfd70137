import type { Job, Queue } from 'bullmq';
import type { QueueDepth } from '../contracts/ops.contract.ts';
import type { QueueBackend } from './backend.ts';
import type { QueueName } from './queue-name.ts';

/** How deep a queue is and how old its oldest job that could run. */
export async function measureDepth(backend: QueueBackend, name: QueueName): Promise<QueueDepth> {
  const queue = backend.queue(name);
  const [counts, paused, oldest] = await Promise.all([
    queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'failed'),
    queue.isPaused(),
    oldestRunnable(queue),
  ]);
  const count = (state: string): number => counts[state] ?? 0;
  const waiting = count('waiting');
  const prioritized = count('prioritized');
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

async function oldestRunnable(queue: Queue): Promise<Job | undefined> {
  const heads: (Job | undefined)[] = await queue.getJobs(['waiting', 'prioritized'], 0, 0, true);
  return heads.filter((job) => job !== undefined).sort((a, b) => a.timestamp - b.timestamp)[0];
}
