import { gradingJobId, gradingQueue } from '../../shared/queues/grading.queue.ts';
import {
  listUnfinishedRuns,
  redispatchRun,
  type UnfinishedRunRow,
} from '../../shared/learning/grading-run.repository.ts';
import { measureDepth } from '../../shared/queues/depth.ts';
import { requestJob } from '../../shared/queues/outbox.ts';
import { QueueName } from '../../shared/queues/queue-name.ts';
import type { WorkerDeps } from '../processor.ts';

/** How long a job may take to get into its queue before its absence is a loss. */
const GRACE_MS = 5000;
const BATCH = 500;

/** States in which a job will still be worked on by itself. */
const LIVE_STATES: ReadonlySet<string> = new Set(['waiting', 'active', 'delayed', 'prioritized']);

/** Compares PostgreSQL, which is the truth, with the queue, which may have been wiped, and requests lost jobs anew. */
export async function reconcile(deps: WorkerDeps): Promise<void> {
  for (const name of QueueName.options) deps.metrics.depth(await measureDepth(deps.backend, name));
  const unfinished = await listUnfinishedRuns(deps.db, GRACE_MS, BATCH);
  const lost = await findLost(deps, unfinished);
  deps.metrics.drift(lost.length);
  for (const run of lost) await redispatch(deps, run);
  if (lost.length > 0) deps.log.warn({ runs: lost.length }, 'unfinished runs had no live job; requested again');
}

async function findLost({ backend }: WorkerDeps, runs: readonly UnfinishedRunRow[]): Promise<UnfinishedRunRow[]> {
  const queue = backend.queue(gradingQueue.name);
  const states = await Promise.all(runs.map((run) => queue.getJobState(gradingJobId(run))));
  return runs.filter((_run, index) => !LIVE_STATES.has(states[index] ?? 'unknown'));
}

/** The relay sends it: the job that asks for this very work must not also need a queue. */
async function redispatch({ db, metrics }: WorkerDeps, run: UnfinishedRunRow): Promise<void> {
  const moved = await db.transaction(async (tx) => {
    if (!(await redispatchRun(tx, run))) return false;
    const next = { id: run.id, dispatch: run.dispatch + 1 };
    await requestJob(tx, {
      queue: gradingQueue.name,
      job: 'grade',
      payload: { runId: next.id, dispatch: next.dispatch },
      jobId: gradingJobId(next),
      priority: run.priority,
    });
    return true;
  });
  if (moved) metrics.recovered('drift');
}
