import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

const nothing = z.strictObject({});

/**
 * The platform's own upkeep, started by job schedulers, but for `erase-account`, which the deletion of an account asks for. One at a time is
 * enough since every job is quick and idempotent.
 */
export const maintenanceQueue = defineQueue({
  name: 'maintenance',
  jobs: {
    'relay-outbox': nothing,
    reconcile: nothing,
    'continue-regrades': nothing,
    'tend-reviews': nothing,
    'note-audit-head': nothing,
    'erase-account': z.strictObject({ userId: z.guid() }),
    'erase-accounts': nothing,
    prune: nothing,
  },
  attempts: 1,
  backoff: { delayMs: 1000, jitter: 0.5 },
  deadlineMs: 30_000,
  concurrency: 1,
  retention: { completedMs: 0, failedMs: 86_400_000 },
  objectiveMs: 10_000,
});

/** How often each maintenance job runs. A failed one is not retried: the next round is its retry. */
export const MAINTENANCE_INTERVALS_MS = {
  'relay-outbox': 1000,
  reconcile: 5000,
  'continue-regrades': 1000,
  'tend-reviews': 15_000,
  'note-audit-head': 3_600_000,
  'erase-accounts': 15_000,
  prune: 60_000,
} as const satisfies Record<Exclude<keyof typeof maintenanceQueue.jobs, 'erase-account'>, number>;
