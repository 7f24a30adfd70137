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
const BATCH = 1000;

/** States in which a job will still be worked on by itself. */
const LIVE_STATES: ReadonlySet<string> = new Set(['waiting', 'active', 'delayed', 'prioritized']);

/**
 * Compares PostgreSQL, which is the truth, with the queue, which may have been wiped, and requests lost jobs anew.
 * Each round looks at the next batch of unfinished runs, from the beginning again after the last, so that a long backlog
 * of healthy jobs hides no lost one behind it.
 */
export class Reconciler {
  readonly #deps: WorkerDeps;
  #lookedUpTo: string | null = null;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { backend, db, metrics, log } = this.#deps;
    for (const name of QueueName.options) metrics.depth(await measureDepth(backend, name));
    const unfinished = await listUnfinishedRuns(db, GRACE_MS, this.#lookedUpTo, BATCH);
    this.#lookedUpTo = unfinished.length < BATCH ? null : (unfinished.at(-1)?.id ?? null);
    const lost = await this.#findLost(unfinished);
    metrics.drift(lost.length);
    if (lost.length === 0) return;
    const moved = await this.#redispatch(lost);
    for (let count = 0; count < moved; count++) metrics.recovered('drift');
    log.warn({ runs: moved }, 'unfinished runs had no live job; requested again');
  }

  async #findLost(runs: readonly UnfinishedRunRow[]): Promise<UnfinishedRunRow[]> {
    const queue = this.#deps.backend.queue(gradingQueue.name);
    const states = await Promise.all(runs.map((run) => queue.getJobState(gradingJobId(run))));
    return runs.filter((_run, index) => !LIVE_STATES.has(states[index] ?? 'unknown'));
  }

  /** Leaves sending to the relay: the request is what must not get lost. Returns how many were still lost. */
  async #redispatch(lost: readonly UnfinishedRunRow[]): Promise<number> {
    return this.#deps.db.transaction(async (tx) => {
      let moved = 0;
      for (const run of lost) {
        if (!(await redispatchRun(tx, run))) continue;
        const next = { id: run.id, dispatch: run.dispatch + 1 };
        await requestJob(tx, {
          queue: gradingQueue.name,
          job: 'grade',
          payload: { runId: next.id, dispatch: next.dispatch },
          jobId: gradingJobId(next),
          priority: run.priority,
        });
        moved += 1;
      }
      return moved;
    });
  }
}
