import { createHash } from 'node:crypto';
import type { DatabasePool } from 'slonik';
import { toPage } from '../../shared/contracts/common.contract.ts';
import type { SubmissionListQuery, SubmissionView } from '../../shared/contracts/submission.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { claimIdempotencyKey } from '../../shared/db/idempotency.repository.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError, notFound } from '../../shared/errors.ts';
import { enroll } from '../../shared/learning/course.repository.ts';
import {
  findVisibleExercise,
  hasSolvedModulesBefore,
  type ExerciseRow,
} from '../../shared/learning/exercise.repository.ts';
import { insertRun } from '../../shared/learning/grading-run.repository.ts';
import { revealTests } from '../../shared/learning/reveal-result.ts';
import {
  findOwnSubmission,
  insertSubmission,
  listOwnSubmissions,
  lockLearnerIntake,
  type SubmissionRow,
  type SubmissionSummaryRow,
} from '../../shared/learning/submission.repository.ts';
import type { LearningMetrics } from '../../shared/observability/learning.metrics.ts';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import { requestJob, type Dispatcher } from '../../shared/queues/outbox.ts';
import type { OutboxRow } from '../../shared/queues/outbox.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';

export interface SubmissionDeps {
  db: DatabasePool;
  dispatcher: Dispatcher;
  metrics: LearningMetrics;
  inFlightPerLearner: number;
}

interface SubmitInput {
  exerciseId: string;
  code: string;
}

/**
 * Accepts code for grading: one transaction writes the submission, its run and the request for its job; nothing is executed here.
 * With an Idempotency-Key, a repeated request answers with the submission that the first one made.
 *
 * @throws AppError NOT_FOUND, MODULE_LOCKED, TOO_MANY_IN_FLIGHT or IDEMPOTENCY_KEY_REUSED.
 */
export async function submit(
  deps: SubmissionDeps,
  actor: Actor,
  input: SubmitInput,
  request: RequestFacts,
): Promise<SubmissionView> {
  const exercise = await findVisibleExercise(deps.db, input.exerciseId, actor.id);
  if (exercise === null) throw notFound('exercise');
  await requireOpenModule(deps.db, actor, exercise);

  const accepted = await deps.db.transaction((tx) =>
    accept(deps, tx, actor, exercise, input.code, request.idempotencyKey),
  );
  if (accepted.job !== null) {
    deps.dispatcher.send(accepted.job);
    deps.metrics.submitted();
    if (accepted.isNewlyEnrolled) deps.metrics.enrolled();
  }
  return getSubmission(deps, actor, accepted.submissionId);
}

async function requireOpenModule(db: Database, actor: Actor, exercise: ExerciseRow): Promise<void> {
  if (!exercise.sequential) return;
  if (!(await hasSolvedModulesBefore(db, actor.id, exercise.course_id, exercise.module_number))) {
    throw new AppError('MODULE_LOCKED', 'Solve the exercises of the modules before this one first.');
  }
}

interface Accepted {
  submissionId: string;
  /** Null when an earlier request with the same key made the submission. */
  job: OutboxRow | null;
  isNewlyEnrolled: boolean;
}

async function accept(
  deps: SubmissionDeps,
  tx: Database,
  actor: Actor,
  exercise: ExerciseRow,
  code: string,
  idempotencyKey: string | null,
): Promise<Accepted> {
  const id = newId();
  if (idempotencyKey !== null) {
    const requestHash = createHash('sha256').update(exercise.id).update('\0').update(code).digest();
    const resourceId = await claimIdempotencyKey(tx, {
      userId: actor.id,
      key: idempotencyKey,
      requestHash,
      resourceId: id,
    });
    if (resourceId !== id) return { submissionId: resourceId, job: null, isNewlyEnrolled: false };
  }
  const { attempt, inFlight } = await lockLearnerIntake(tx, actor.id, exercise.id);
  if (inFlight >= deps.inFlightPerLearner) {
    throw new AppError(
      'TOO_MANY_IN_FLIGHT',
      `${inFlight} of your submissions are still being graded; wait for one to finish.`,
      {
        retryAfterSeconds: 1,
      },
    );
  }
  const { isNew } = await enroll(tx, actor.id, exercise.course_id);
  await insertSubmission(
    tx,
    { id, learnerId: actor.id, exerciseId: exercise.id, exerciseVersionId: exercise.version_id, code },
    attempt,
  );
  const run = { id: newId(), dispatch: 1 };
  // A learner's n-th unfinished submission waits behind everybody's first, so a flood delays only its author.
  const priority = inFlight;
  await insertRun(tx, {
    id: run.id,
    kind: 'submission',
    submissionId: id,
    exerciseVersionId: exercise.version_id,
    priority,
  });
  const job = await requestJob(tx, {
    queue: 'grading',
    job: 'grade',
    payload: { runId: run.id, dispatch: run.dispatch },
    jobId: gradingJobId(run),
    priority,
  });
  return { submissionId: id, job, isNewlyEnrolled: isNew };
}

/** @throws AppError NOT_FOUND when there is none or it is another learner's. */
export async function getSubmission(
  { db }: Pick<SubmissionDeps, 'db'>,
  actor: Actor,
  id: string,
): Promise<SubmissionView> {
  const row = await findOwnSubmission(db, id, actor.id);
  if (row === null) throw notFound('submission');
  return toView(row);
}

/** The actor's own submissions to an exercise, newest first. @throws AppError NOT_FOUND. */
export async function listSubmissions(
  { db }: Pick<SubmissionDeps, 'db'>,
  actor: Actor,
  exerciseId: string,
  { limit, cursor, status, verdict }: SubmissionListQuery,
) {
  const exercise = await findVisibleExercise(db, exerciseId, actor.id);
  if (exercise === null) throw notFound('exercise');
  const rows = await listOwnSubmissions(db, {
    learnerId: actor.id,
    exerciseId,
    status,
    verdict,
    beforeId: cursor,
    limit: limit + 1,
  });
  return toPage(rows, limit, toSummary);
}

function toView(row: SubmissionRow): SubmissionView {
  return {
    ...toSummary(row),
    stdout: row.result?.stdout ?? '',
    tests: row.result === null ? [] : revealTests(row.result),
    review:
      row.review_id === null || row.review_status === null ? null : { id: row.review_id, status: row.review_status },
  };
}

function toSummary(row: SubmissionSummaryRow): Omit<SubmissionView, 'stdout' | 'tests' | 'review'> {
  return {
    id: row.id,
    exerciseId: row.exercise_id,
    status: row.status,
    verdict: row.verdict,
    score: row.score,
    fault: row.fault,
    attempt: row.attempt,
    countsAsAttempt: row.counts_as_attempt,
    createdAt: row.created_at,
    startedAt: row.started_at,
    completedAt: row.completed_at,
  };
}
