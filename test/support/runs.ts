import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { insertRun } from '../../shared/learning/grading-run.repository.ts';
import { insertSubmission } from '../../shared/learning/submission.repository.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { GRADING_PRIORITY, gradingJobId } from '../../shared/queues/grading.queue.ts';
import type { ReceivedJob } from '../../worker/processor.ts';
import { buildUser, type BuiltExercise } from './factories.ts';

/** Runs as they are after their commit, whose jobs the suite sends itself: as often and under such ids as it wants. */

export interface BuiltSubmission {
  learnerId: string;
  submissionId: string;
  runId: string;
}

/** A submission that waits to be graded; its learner is a new one unless named. */
export async function buildSubmission(
  db: Database,
  exercise: BuiltExercise,
  code: string,
  learnerId?: string,
): Promise<BuiltSubmission> {
  const learner = learnerId ?? (await buildUser(db)).id;
  const submissionId = newId();
  const runId = newId();
  const { exerciseId, versionId: exerciseVersionId } = exercise;
  await insertSubmission(db, { id: submissionId, learnerId: learner, exerciseId, exerciseVersionId, code }, 1);
  await insertRun(db, { id: runId, kind: 'submission', submissionId, exerciseVersionId, priority: 0 });
  return { learnerId: learner, submissionId, runId };
}

/** The run of a verification that waits. */
export async function buildVerification(db: Database, exerciseVersionId: string): Promise<string> {
  const id = newId();
  const priority = GRADING_PRIORITY.verification;
  await insertRun(db, { id, kind: 'verification', submissionId: null, exerciseVersionId, priority });
  return id;
}

/** Makes a run look as if its workers had died over it so often, the last one just now. */
export async function crashRun(db: Database, runId: string, times: number): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE grading_runs SET status = 'running', attempt_token = ${newId()}, crashes = ${times - 1} WHERE id = ${runId}`);
}

/** Puts a run's job into its queue. Returns the job's id. */
export async function addGradingJob(
  backend: QueueBackend,
  runId: string,
  options: { dispatch?: number; jobId?: string; priority?: number } = {},
): Promise<string> {
  const dispatch = options.dispatch ?? 1;
  const jobId = options.jobId ?? gradingJobId({ id: runId, dispatch });
  const priority = options.priority ?? 0;
  await backend.queue('grading').add('grade', { runId, dispatch }, { jobId, priority });
  return jobId;
}

/** The job of a run as a processor gets it. */
export function receivedGradingJob(runId: string, isLastAttempt = false): ReceivedJob<'grading'> {
  return { id: newId(), name: 'grade', payload: { runId, dispatch: 1 }, isLastAttempt };
}
