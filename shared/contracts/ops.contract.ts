import { z } from 'zod';
import { QueueName } from '../queues/queue-name.ts';
import { CleanText, Timestamp } from './common.contract.ts';

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

/** Whether language models may be asked. Without them reviews are static ones. */
export const AiSwitch = z.object({
  enabled: z.boolean(),
  reason: z.string(),
  changedBy: z.guid().nullable(),
  /** Null: it was never touched. */
  changedAt: Timestamp.nullable(),
  /** Millionths of a US dollar since the full hour; costs that got lost with their answers count at their worst. */
  spentThisHourMicros: z.int(),
});
export type AiSwitch = z.infer<typeof AiSwitch>;

export const AiSwitchRequest = z.strictObject({ enabled: z.boolean(), reason: CleanText.trim().min(1).max(500) });
export type AiSwitchRequest = z.infer<typeof AiSwitchRequest>;
