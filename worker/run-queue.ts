import { DelayedError, UnrecoverableError, type Job, type Worker } from 'bullmq';
import type { Logger } from 'pino';
import { warnSeldom } from '../shared/observability/log-once.ts';
import type { JobResult, QueueMetrics } from '../shared/observability/queue.metrics.ts';
import type { QueueBackend } from '../shared/queues/backend.ts';
import type { QueueName } from '../shared/queues/queue-name.ts';
import { parseJob, QUEUES, type QueueJob } from '../shared/queues/queues.ts';
import { withTimeout } from '../shared/resilience/deadline.ts';
import { FetchMonitor } from './fetch-monitor.ts';
import { JobError, JobPostponed, type Process } from './processor.ts';

/** A job whose worker died is given to another after at most the lock's duration and one check: 7.5 s. */
export const LOCK_MS = 5000;
export const STALLED_CHECK_MS = 2500;
/** Who crashed too often is decided by the run's own record, which knows its neighbours' crashes from its own. */
const MAX_STALLED_COUNT = 1000;
const RETRY_FETCH_MS = 500;

interface RunQueueDeps {
  backend: QueueBackend;
  log: Logger;
  metrics: QueueMetrics;
}

/** A queue being worked on. */
export interface RunningQueue {
  readonly name: QueueName;
  isFetching: () => boolean;
  /** Fetches no more, lets running jobs finish; those still running after `graceMs` are told to hand their work back. */
  drain: (graceMs: number) => Promise<void>;
}

/** Runs one queue's jobs through its processor, at most `concurrency` at once. */
export function runQueue<Name extends QueueName>(
  { backend, log, metrics }: RunQueueDeps,
  name: Name,
  concurrency: number,
  process: Process<Name>,
): RunningQueue {
  const definition = QUEUES[name];
  const monitor = new FetchMonitor(concurrency);
  const running = new Map<string, AbortController>();

  // BullMQ passes the signal only to a function of three named parameters.
  const work = async (job: Job, token: string | undefined, cancelled: AbortSignal | undefined): Promise<void> => {
    const id = String(job.id);
    const jobLog = log.child({ queue: name, job_id: id });
    const abort = new AbortController();
    const deadline = AbortSignal.timeout(definition.deadlineMs);
    running.set(id, abort);
    monitor.jobStarted();
    const startedAt = performance.now();
    // Later starts had a delay or two in between, of which the job remembers the last only.
    if (job.attemptsStarted <= 1)
      metrics.waited(name, Math.max(0, (job.processedOn ?? Date.now()) - job.timestamp - job.delay) / 1000);
    const isLastAttempt = job.attemptsMade + 1 >= definition.attempts;
    let result: JobResult = 'completed';
    try {
      const received = { ...parseReceived(name, job), id, isLastAttempt };
      await process(
        received,
        AbortSignal.any([abort.signal, deadline, ...(cancelled === undefined ? [] : [cancelled])]),
      );
    } catch (thrown) {
      const error = thrown instanceof JobPostponed ? await postpone(job, token, thrown) : thrown;
      if (error instanceof DelayedError) {
        result = 'postponed';
        jobLog.debug({ reason: error.message }, 'job postponed');
        throw error;
      }
      const failure = toJobFailure(error);
      result = failure instanceof UnrecoverableError || isLastAttempt ? 'failed' : 'retried';
      jobLog[result === 'failed' ? 'error' : 'warn']({ err: error, attempt: job.attemptsMade + 1 }, `job ${result}`);
      throw failure;
    } finally {
      if (running.get(id) === abort) running.delete(id);
      monitor.jobEnded();
      metrics.finished(name, result, (performance.now() - startedAt) / 1000);
    }
  };

  const worker = backend.createWorker(
    definition,
    work,
    {
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MAX_STALLED_COUNT,
      runRetryDelay: RETRY_FETCH_MS,
    },
    () => monitor.fetched(),
  );
  worker.on('error', warnSeldom(log.child({ queue: name }), 'worker error'));
  worker.on('stalled', (jobId) => {
    metrics.recovered('stalled');
    log.warn({ queue: name, job_id: jobId }, 'job of a lost worker taken over');
  });
  worker.on('lockRenewalFailed', (jobIds: string[]) => {
    for (const id of jobIds) {
      metrics.recovered('lock_lost');
      running
        .get(id)
        ?.abort(new JobError('The lock of this job was lost; another worker may have it.', { retryable: true }));
    }
  });
  return { name, isFetching: () => monitor.isFetching(), drain: (graceMs) => drain(worker, running, graceMs) };
}

/** @throws UnrecoverableError: a job that breaks its contract breaks it at every attempt. */
function parseReceived<Name extends QueueName>(name: Name, job: Job): QueueJob<Name> {
  try {
    return parseJob(name, job.name, job.data);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new UnrecoverableError(`The job breaks its queue's contract: ${reason}`);
  }
}

/** Puts the job back to be fetched after the delay. @returns what tells BullMQ so, or why it could not be done. */
async function postpone(job: Job, token: string | undefined, { delayMs, message }: JobPostponed): Promise<unknown> {
  try {
    await job.moveToDelayed(Date.now() + delayMs, token);
    return new DelayedError(message);
  } catch (error) {
    return error;
  }
}

/** What BullMQ has to know of an error: whether to try again. */
function toJobFailure(error: unknown): Error {
  if (error instanceof JobError && !error.retryable) return new UnrecoverableError(error.message);
  return error instanceof Error ? error : new Error(String(error));
}

const HAND_BACK_MS = 3000;

async function drain(worker: Worker, running: ReadonlyMap<string, AbortController>, graceMs: number): Promise<void> {
  // `close()` waits for running jobs, for ever if need be.
  const closed = worker.close();
  try {
    await withTimeout(closed, graceMs, 'grace period over');
  } catch {
    for (const abort of running.values())
      abort.abort(new JobError('The worker is shutting down.', { retryable: true }));
    await withTimeout(
      closed,
      HAND_BACK_MS,
      `${running.size} job(s) did not hand back their work; their locks will expire.`,
    );
  }
}
