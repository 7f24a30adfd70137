import { z } from 'zod';
import { QueueName } from '../queues/queue-name.ts';

/** What an autoscaler needs to know of a queue. `backlog` = active + what could run now. */
export const QueueDepth = z.object({
  queue: QueueName,
  waiting: z.int(),
  active: z.int(),
  delayed: z.int(),
  prioritized: z.int(),
  failed: z.int(),
  paused: z.boolean(),
  oldestWaitingMs: z.int(),
  backlog: z.int(),
});
export type QueueDepth = z.infer<typeof QueueDepth>;

export const Liveness = z.object({ status: z.literal('ok'), uptimeSeconds: z.int() });

export const Readiness = z.object({
  status: z.enum(['ready', 'degraded', 'unavailable']),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});
export type Readiness = z.infer<typeof Readiness>;
