import { gradingJobId, gradingQueue } from '../../shared/queues/grading.queue.ts';
import { listUnsettledMails, redispatchMail } from '../../shared/mail/mail.repository.ts';
import { requestMailJob } from '../../shared/mail/request-mail.ts';
import { listUnfinishedRuns, redispatchRun } from '../../shared/learning/grading-run.repository.ts';
import { requestReviewJob } from '../../shared/learning/request-review.ts';
import { listUnfinishedReviews, redispatchReview } from '../../shared/learning/review-work.repository.ts';
import type { Database } from '../../shared/db/pool.ts';
import { measureDepth } from '../../shared/queues/depth.ts';
import { requestJob } from '../../shared/queues/outbox.ts';
import { mailJobId, mailQueue } from '../../shared/queues/mail.queue.ts';
import { QueueName } from '../../shared/queues/queue-name.ts';
import { reviewJobId, reviewQueue } from '../../shared/queues/review.queue.ts';
import type { WorkerDeps } from '../processor.ts';

/** How long a job may take to get into its queue before its absence is a loss. */
const GRACE_MS = 5000;
const BATCH = 1000;

/** States in which a job will still be worked on by itself. */
const LIVE_STATES: ReadonlySet<string> = new Set(['waiting', 'active', 'delayed', 'prioritized']);

/** Work that a row stands for and a job is to do. */
interface Work {
  id: string;
  dispatch: number;
  priority: number;
}

/** One kind of work: which of it is unfinished, which job does it, and how to ask for a lost job anew. */
interface Ledger {
  queue: QueueName;
  listUnfinished: (
    db: Database,
    olderThanMs: number,
    afterId: string | null,
    limit: number,
  ) => Promise<readonly Work[]>;
  jobId: (work: Work) => string;
  /** Moves the row to its next dispatch; false when somebody did so already. */
  redispatch: (tx: Database, work: Work) => Promise<boolean>;
  requestJob: (tx: Database, work: Work) => Promise<unknown>;
}

const LEDGERS: readonly Ledger[] = [
  {
    queue: gradingQueue.name,
    listUnfinished: listUnfinishedRuns,
    jobId: gradingJobId,
    redispatch: redispatchRun,
    requestJob: (tx, run) =>
      requestJob(tx, {
        queue: gradingQueue.name,
        job: 'grade',
        payload: { runId: run.id, dispatch: run.dispatch },
        jobId: gradingJobId(run),
        priority: run.priority,
      }),
  },
  {
    queue: reviewQueue.name,
    listUnfinished: listUnfinishedReviews,
    jobId: reviewJobId,
    redispatch: redispatchReview,
    requestJob: requestReviewJob,
  },
  {
    queue: mailQueue.name,
    listUnfinished: listUnsettledMails,
    jobId: mailJobId,
    redispatch: redispatchMail,
    requestJob: requestMailJob,
  },
];

/**
 * Compares PostgreSQL, which is the truth, with the queues, which may have been wiped, and requests lost jobs anew.
 * Each round looks at the next batch of each kind of unfinished work, from the beginning again after the last, so that a long backlog
 * of healthy jobs hides no lost one behind it.
 */
export class Reconciler {
  readonly #deps: WorkerDeps;
  readonly #lookedUpTo = new Map<Ledger, string>();

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { backend, metrics, log } = this.#deps;
    for (const name of QueueName.options) metrics.depth(await measureDepth(backend, name));
    let drift = 0;
    for (const ledger of LEDGERS) {
      const lost = await this.#findLost(ledger);
      // Some of them may have been finished since they were listed; those are not moved.
      const moved = lost.length === 0 ? 0 : await this.#redispatch(ledger, lost);
      if (moved === 0) continue;
      drift += moved;
      for (let count = 0; count < moved; count++) metrics.recovered('drift');
      log.warn({ queue: ledger.queue, jobs: moved }, 'unfinished work had no live job; requested again');
    }
    metrics.drift(drift);
  }

  async #findLost(ledger: Ledger): Promise<Work[]> {
    const { backend, db } = this.#deps;
    const unfinished = await ledger.listUnfinished(db, GRACE_MS, this.#lookedUpTo.get(ledger) ?? null, BATCH);
    const last = unfinished.at(-1);
    if (last === undefined || unfinished.length < BATCH) this.#lookedUpTo.delete(ledger);
    else this.#lookedUpTo.set(ledger, last.id);
    const queue = backend.queue(ledger.queue);
    const states = await Promise.all(unfinished.map((work) => queue.getJobState(ledger.jobId(work))));
    return unfinished.filter((_work, index) => !LIVE_STATES.has(states[index] ?? 'unknown'));
  }

  /** Leaves sending to the relay: the request is what must not get lost. Returns how many were still lost. */
  async #redispatch(ledger: Ledger, lost: readonly Work[]): Promise<number> {
    return this.#deps.db.transaction(async (tx) => {
      let moved = 0;
      for (const work of lost) {
        if (!(await ledger.redispatch(tx, work))) continue;
        await ledger.requestJob(tx, { ...work, dispatch: work.dispatch + 1 });
        moved += 1;
      }
      return moved;
    });
  }
}
