import type { DatabasePool } from 'slonik';
import { isFinished, type SubmissionStatus, type SubmissionView } from '../../shared/contracts/submission.contract.ts';
import { AppError } from '../../shared/errors.ts';
import { cancelRun } from '../../shared/learning/grading-run.repository.ts';
import { cancelSubmission as markCancelled } from '../../shared/learning/submission.repository.ts';
import type { LearningMetrics } from '../../shared/observability/learning.metrics.ts';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import type { Dispatcher } from '../../shared/queues/outbox.ts';
import type { Actor } from '../http/define-route.ts';
import { getSubmission } from './submission.service.ts';

export interface CancelDeps {
  db: DatabasePool;
  dispatcher: Dispatcher;
  metrics: LearningMetrics;
}

/**
 * Ends a submission that is not finished, so that it counts as no attempt. From the commit on no result can be written; the worker that is at
 * it is told by the same commit and ends its sandbox.
 *
 * @throws AppError NOT_FOUND when there is none or it is another learner's; CONFLICT when it is finished.
 */
export async function cancelSubmission(
  { db, dispatcher, metrics }: CancelDeps,
  actor: Actor,
  id: string,
): Promise<SubmissionView> {
  const before = await getSubmission({ db }, actor, id);
  if (isFinished(before.status)) throw tooLate(before.status);

  // First the run, then the submission: the order in which workers lock them.
  const run = await db.transaction(async (tx) => {
    const cancelled = await cancelRun(tx, id, actor.id);
    return cancelled !== null && (await markCancelled(tx, id, actor.id)) ? cancelled : null;
  });
  const after = await getSubmission({ db }, actor, id);
  if (run === null) throw tooLate(after.status);

  metrics.cancelled();
  dispatcher.withdraw('grading', gradingJobId(run));
  return after;
}

function tooLate(status: SubmissionStatus): AppError {
  return new AppError(
    'CONFLICT',
    `This submission is ${status} already; only one that is queued or running can be cancelled.`,
  );
}
