import type { z } from 'zod';
import type { QueueName } from './queue-name.ts';

/** The contract of one queue with operations: how many at once, how long, how often again, how long kept. */
export interface QueueDefinition<
  Name extends QueueName = QueueName,
  Jobs extends Record<string, z.ZodType> = Record<string, z.ZodType>,
> {
  readonly name: Name;
  /** Payload schema by job name. Payloads hold ids only, and are parsed when enqueued and when processed. */
  readonly jobs: Jobs;
  /** How often a job is started in all before it counts as failed. Only transient faults are tried again. */
  readonly attempts: number;
  /** Wait before the n-th retry: `delayMs * 2^(n-1)`, of which the share `jitter` is random. */
  readonly backoff: { readonly delayMs: number; readonly jitter: number };
  /** After this the job's signal is aborted; the processor must end soon after. */
  readonly deadlineMs: number;
  /** Jobs at once in one worker process; `WORKER_CONCURRENCY_<QUEUE>` overrides it. */
  readonly concurrency: number;
  /** How long finished jobs stay to be looked at. 0 removes them at once. */
  readonly retention: { readonly completedMs: number; readonly failedMs: number };
  /** The oldest waiting job should not be older than this. */
  readonly objectiveMs: number;
}

export function defineQueue<const Name extends QueueName, const Jobs extends Record<string, z.ZodType>>(
  definition: QueueDefinition<Name, Jobs>,
): QueueDefinition<Name, Jobs> {
  return definition;
}
