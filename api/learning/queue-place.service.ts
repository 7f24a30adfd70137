import type { DatabasePool } from 'slonik';
import { isFinished, type QueuePlace } from '../../shared/contracts/submission.contract.ts';
import { notFound } from '../../shared/errors.ts';
import {
  countAhead,
  findWaitingRun,
  measureThroughput,
  type WaitingRunRow,
} from '../../shared/learning/queue-place.repository.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import { withTimeout } from '../../shared/resilience/deadline.ts';
import type { Actor } from '../http/define-route.ts';
import { describeWait, estimateWaitMs, placeReason, type JobSight, type WaitFacts } from './queue-place.policy.ts';

export interface QueuePlaceDeps {
  db: DatabasePool;
  backend: QueueBackend;
}

/** Counting goes no further: the answer must cost the same with a hundred thousand waiting. */
const MAX_COUNTED = 500;
const MAX_FINISHED_COUNTED = 1000;
const THROUGHPUT_WINDOW_MS = 60_000;
const BACKEND_TIMEOUT_MS = 500;

/**
 * Where the submission stands in its queue, and why it is not running. The order is PostgreSQL's, which is the truth; the queue is asked about
 * this one job only.
 *
 * @throws AppError NOT_FOUND when there is none or it is another learner's.
 */
export async function getQueuePlace({ db, backend }: QueuePlaceDeps, actor: Actor, id: string): Promise<QueuePlace> {
  const row = await findWaitingRun(db, id, actor.id);
  if (row === null) throw notFound('submission');
  const run = waitingRun(row);
  if (run === null) return notWaiting(row);

  const [counted, job, recent] = await Promise.all([
    countAhead(db, { ...run, submissionId: id, learnerId: actor.id }, MAX_COUNTED),
    lookForJob(backend, gradingJobId(run)),
    measureThroughput(db, Math.min(run.waitedMs, THROUGHPUT_WINDOW_MS), MAX_FINISHED_COUNTED),
  ]);
  const facts: WaitFacts = {
    job,
    ahead: counted.ahead,
    isCapped: counted.ahead >= MAX_COUNTED,
    ownEarlier: counted.own_earlier,
    wasStarted: row.was_started,
    waitedMs: run.waitedMs,
    finishedMeanwhile: recent.finished,
    finishedSpanMs:
      recent.finished >= MAX_FINISHED_COUNTED ? recent.span_ms : Math.min(run.waitedMs, THROUGHPUT_WINDOW_MS),
  };
  const reason = placeReason(facts);
  const isWaiting = reason !== 'running';
  return {
    status: row.status,
    position: isWaiting ? facts.ahead + 1 : null,
    ahead: isWaiting ? facts.ahead : null,
    isCapped: facts.isCapped,
    reason,
    detail: describeWait(reason, facts),
    estimatedWaitMs: estimateWaitMs(reason, facts),
  };
}

function waitingRun(row: WaitingRunRow) {
  const { status, run_id: id, dispatch, priority, waited_ms: waitedMs } = row;
  if (status !== 'queued' || id === null || dispatch === null || priority === null || waitedMs === null) return null;
  return { id, dispatch, priority, waitedMs };
}

function notWaiting({ status }: WaitingRunRow): QueuePlace {
  const reason = isFinished(status) ? 'finished' : 'running';
  const detail =
    reason === 'finished' ? `This submission is ${status}; nothing more will happen to it.` : 'It is being graded now.';
  return { status, position: null, ahead: null, isCapped: false, reason, detail, estimatedWaitMs: null };
}

/** Two cheap commands about one job, whatever the length of the queue. */
async function lookForJob(backend: QueueBackend, jobId: string): Promise<JobSight> {
  if (!backend.isReady()) return 'backend_away';
  const queue = backend.queue('grading');
  try {
    const looked = Promise.all([queue.getJobState(jobId), queue.isPaused()]);
    const [state, paused] = await withTimeout(looked, BACKEND_TIMEOUT_MS, 'queue backend did not answer');
    if (state === 'active') return 'taken';
    if (state === 'delayed') return 'delayed';
    if (state === 'unknown' || state === 'completed' || state === 'failed') return 'absent';
    return paused ? 'paused' : 'runnable';
  } catch {
    return 'backend_away';
  }
}
