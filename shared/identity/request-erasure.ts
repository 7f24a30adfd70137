import { newId } from '../db/id.ts';
import type { Database } from '../db/pool.ts';
import { maintenanceQueue } from '../queues/maintenance.queue.ts';
import { requestJob } from '../queues/outbox.ts';
import type { OutboxRow } from '../queues/outbox.repository.ts';

/** Asks for the job that erases a closed account. Should it get lost, `erase-accounts` finds the account. */
export function requestErasure(tx: Database, userId: string): Promise<OutboxRow> {
  return requestJob(tx, {
    queue: maintenanceQueue.name,
    job: 'erase-account',
    payload: { userId },
    // Queues remember the ids of jobs for a while after those are done.
    jobId: `erase-account-${newId()}`,
  });
}
