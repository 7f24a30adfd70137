import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import type { WorkerConfig } from '../shared/config/worker.config.ts';
import type { HealthCheck } from '../shared/observability/health.ts';
import type { QueueMetrics } from '../shared/observability/queue.metrics.ts';
import type { QueueBackend } from '../shared/queues/backend.ts';
import type { Dispatcher } from '../shared/queues/outbox.ts';
import type { QueueName } from '../shared/queues/queue-name.ts';
import type { QueueJob } from '../shared/queues/queues.ts';

/** What every queue of a worker process works with. */
export interface WorkerDeps {
  config: WorkerConfig;
  db: DatabasePool;
  backend: QueueBackend;
  /** For jobs that follow from a job: sends them right after its commit. */
  dispatcher: Dispatcher;
  log: Logger;
  registry: Registry;
  metrics: QueueMetrics;
}

/** A job as its processor gets it: its parsed payload, and where it stands. */
export type ReceivedJob<Name extends QueueName> = QueueJob<Name> & {
  readonly id: string;
  /** No retry follows when this one fails. */
  readonly isLastAttempt: boolean;
};

/**
 * Does one job. It may be called twice for the same job, at the same time even: what it writes must be fenced and idempotent.
 * It ends soon after the signal is aborted: deadline passed, lock lost, or the process shutting down.
 *
 * @throws JobError that says whether trying again makes sense; JobPostponed; anything else is tried again.
 */
export type Process<Name extends QueueName> = (job: ReceivedJob<Name>, signal: AbortSignal) => Promise<void>;

/** A processor that is open for work, with what it holds. */
export interface OpenProcessor<Name extends QueueName> {
  process: Process<Name>;
  checks: readonly HealthCheck[];
  /** Called when no job runs any more. */
  close: () => Promise<void>;
}

/** Opens what a queue's jobs need. `concurrency` is how many of them this process will run at once. */
export type OpenProcessorFor<Name extends QueueName> = (
  deps: WorkerDeps,
  concurrency: number,
) => Promise<OpenProcessor<Name>>;

/** A job's failure that says whether trying again makes sense. */
export class JobError extends Error {
  readonly retryable: boolean;

  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'JobError';
    this.retryable = options.retryable;
  }
}

/** Not now: the job is to be done again after a while, which costs no attempt. Whoever throws it has handed back what the job holds. */
export class JobPostponed extends Error {
  readonly delayMs: number;

  constructor(delayMs: number, reason: string) {
    super(`Postponed by ${delayMs} ms: ${reason}`);
    this.name = 'JobPostponed';
    this.delayMs = delayMs;
  }
}
