import type { z } from 'zod';
import type { QueueDefinition } from './define-queue.ts';
import { gradingQueue } from './grading.queue.ts';
import { mailQueue } from './mail.queue.ts';
import { maintenanceQueue } from './maintenance.queue.ts';
import type { QueueName } from './queue-name.ts';
import { reviewQueue } from './review.queue.ts';

/** Every queue of Learnify. */
export const QUEUES = {
  grading: gradingQueue,
  review: reviewQueue,
  mail: mailQueue,
  maintenance: maintenanceQueue,
} as const satisfies { [Name in QueueName]: QueueDefinition<Name> };

type Queues = typeof QUEUES;

/** The names of a queue's jobs. */
export type JobName<Name extends QueueName> = keyof Queues[Name]['jobs'] & string;

/** What a job carries. */
export type JobPayload<Name extends QueueName, Job extends JobName<Name>> = Queues[Name]['jobs'][Job] extends z.ZodType
  ? z.output<Queues[Name]['jobs'][Job]>
  : never;

/** A job as its processor gets it: name and payload, one case for each job of the queue. */
export type QueueJob<Name extends QueueName> = {
  [Job in JobName<Name>]: { readonly name: Job; readonly payload: JobPayload<Name, Job> };
}[JobName<Name>];

/**
 * Parses a job's payload by its queue and name.
 *
 * @throws z.ZodError when the payload is not what the queue's contract says; TypeError when the queue has no such job.
 */
export function parseJob<Name extends QueueName>(queue: Name, name: string, payload: unknown): QueueJob<Name> {
  const jobs: Record<string, z.ZodType> = QUEUES[queue].jobs;
  const schema = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
  if (schema === undefined) throw new TypeError(`The queue ${queue} has no job named ${name}.`);
  return { name, payload: schema.parse(payload) } as QueueJob<Name>;
}
