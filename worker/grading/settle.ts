import type { Grade } from '../../shared/contracts/grade.contract.ts';
import type { VerificationReport } from '../../shared/contracts/verification.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { settleVerification as recordVerification } from '../../shared/learning/exercise.repository.ts';
import {
  completeRun,
  failRun,
  recantCrash,
  releaseRun,
  type ClaimedRunRow,
} from '../../shared/learning/grading-run.repository.ts';
import {
  completeSubmission,
  failSubmission,
  insertSolved,
  markSubmissionQueued,
} from '../../shared/learning/submission.repository.ts';
import { requestReview, requestReviewAfterRegrade } from '../../shared/learning/request-review.ts';
import type { OutboxRow } from '../../shared/queues/outbox.repository.ts';
import { persist } from '../persist.ts';
import type { WorkerDeps } from '../processor.ts';

/**
 * Every function here writes in one transaction behind the fence: when the run's token is not ours any more,
 * somebody else settles the run and nothing is written.
 */

/** Writes a submission's grade with all that follows from it. */
export async function settleGrade(deps: WorkerDeps, run: ClaimedRunRow, grade: Grade): Promise<void> {
  let review: OutboxRow | null = null;
  const settled = await writeFenced(deps, run, async (tx) => {
    if (!(await completeRun(tx, run.id, run.attempt_token, grade))) return false;
    const submissionId = submissionOf(run);
    const { learnerId, exerciseId } = await completeSubmission(tx, submissionId, run.exercise_version_id, grade);
    if (grade.verdict === 'accepted') {
      await insertSolved(tx, { learnerId, exerciseId, submissionId, exerciseVersionId: run.exercise_version_id });
    }
    if (run.reason === 'regrade') await requestReviewAfterRegrade(tx, submissionId, grade.verdict);
    else if (isReviewDue(deps, grade))
      review = await requestReview(tx, { submissionId, learnerId, exerciseId }, 'graded');
    return true;
  });
  if (settled && review !== null) deps.dispatcher.send(review);
  logOutcome(deps, run, settled, { verdict: grade.verdict, score: grade.score, engine: grade.engine });
}

function isReviewDue({ config }: WorkerDeps, { verdict }: Grade): boolean {
  const { REVIEW_AUTOMATIC: automatic } = config;
  return automatic === 'all' || (automatic === 'accepted' && verdict === 'accepted');
}

/** Writes what verification found out about an exercise version. */
export async function settleVerification(
  deps: WorkerDeps,
  run: ClaimedRunRow,
  report: VerificationReport,
): Promise<void> {
  const settled = await writeFenced(deps, run, async (tx) => {
    if (!(await completeRun(tx, run.id, run.attempt_token, report))) return false;
    await recordVerification(tx, run.exercise_version_id, report.outcome, report);
    return true;
  });
  logOutcome(deps, run, settled, { outcome: report.outcome, reasons: report.reasons });
}

/** Lets the run be claimed again, by a retry or another worker. */
export async function handBack(deps: WorkerDeps, run: ClaimedRunRow): Promise<void> {
  await writeFenced(deps, run, async (tx) => {
    if (!(await releaseRun(tx, run.id, run.attempt_token))) return false;
    if (run.submission_id !== null) await markSubmissionQueued(tx, run.submission_id);
    return true;
  });
}

/** Ends the run as the platform's failure: never a verdict on the learner. */
export async function giveUp(deps: WorkerDeps, run: ClaimedRunRow, failure: string): Promise<void> {
  const settled = await writeFenced(deps, run, async (tx) => {
    if (!(await failRun(tx, run.id, run.attempt_token, failure))) return false;
    if (run.submission_id !== null) await failSubmission(tx, run.submission_id);
    return true;
  });
  logOutcome(deps, run, settled, { failure });
}

/**
 * Runs `write` in a transaction; it answers whether the run's token was still ours. Finding that it is not also proves
 * that we did not crash, as whoever took the run over had to assume.
 */
async function writeFenced(
  deps: WorkerDeps,
  run: ClaimedRunRow,
  write: (tx: Database) => Promise<boolean>,
): Promise<boolean> {
  const written = await persist(deps, (db) => db.transaction(write));
  if (!written) await persist(deps, (db) => recantCrash(db, run.id, run.attempt_token));
  return written;
}

function submissionOf(run: ClaimedRunRow): string {
  if (run.submission_id === null) throw new TypeError(`Run ${run.id} grades no submission.`);
  return run.submission_id;
}

function logOutcome({ log }: WorkerDeps, run: ClaimedRunRow, settled: boolean, outcome: Record<string, unknown>): void {
  const line = {
    run_id: run.id,
    kind: run.kind,
    submission_id: run.submission_id,
    exercise_version_id: run.exercise_version_id,
    ...outcome,
  };
  if (settled) log.info(line, 'run settled');
  else log.warn(line, 'run was settled by another worker; this result is dropped');
}
