import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

/**
 * Grades one run: a submission, or an exercise version under verification.
 * Job id: the run and its dispatch number, since BullMQ ignores an id that it still remembers.
 */
export const gradingQueue = defineQueue({
  name: 'grading',
  jobs: { grade: z.strictObject({ runId: z.guid(), dispatch: z.int() }) },
  attempts: 3,
  backoff: { delayMs: 500, jitter: 0.5 },
  deadlineMs: 120_000,
  concurrency: 2,
  retention: { completedMs: 10 * 60_000, failedMs: 7 * 86_400_000 },
  objectiveMs: 5000,
});

/** BullMQ priorities: 0 is served first. A learner's n-th unfinished submission waits behind everybody's first. */
export const GRADING_PRIORITY = { verification: 1000, regrade: 2000 } as const;

export function gradingJobId(run: { id: string; dispatch: number }): string {
  return `run-${run.id}-${run.dispatch}`;
}
