import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

/**
 * Sends one mail. A server that does not take it now is asked again for about an hour.
 * Job id: the mail and its dispatch number, since BullMQ ignores an id that it still remembers.
 */
export const mailQueue = defineQueue({
  name: 'mail',
  jobs: { send: z.strictObject({ mailId: z.guid(), dispatch: z.int() }) },
  attempts: 8,
  // Seven waits of 30 s to 32 min: half an hour to an hour in all.
  backoff: { delayMs: 30_000, jitter: 0.5 },
  deadlineMs: 30_000,
  concurrency: 4,
  retention: { completedMs: 10 * 60_000, failedMs: 7 * 86_400_000 },
  objectiveMs: 30_000,
});

export function mailJobId(mail: { id: string; dispatch: number }): string {
  return `mail-${mail.id}-${mail.dispatch}`;
}
