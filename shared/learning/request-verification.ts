import { newId } from '../db/id.ts';
import type { Database } from '../db/pool.ts';
import { GRADING_PRIORITY, gradingJobId } from '../queues/grading.queue.ts';
import { requestJob } from '../queues/outbox.ts';
import type { OutboxRow } from '../queues/outbox.repository.ts';
import { insertRun } from './grading-run.repository.ts';

/** Asks for the verification of an exercise version: a grading run like any other, below live work. */
export async function requestVerification(tx: Database, exerciseVersionId: string): Promise<OutboxRow> {
  const run = { id: newId(), dispatch: 1 };
  const priority = GRADING_PRIORITY.verification;
  await insertRun(tx, { id: run.id, kind: 'verification', submissionId: null, exerciseVersionId, priority });
  return requestJob(tx, {
    queue: 'grading',
    job: 'grade',
    payload: { runId: run.id, dispatch: run.dispatch },
    jobId: gradingJobId(run),
    priority,
  });
}
