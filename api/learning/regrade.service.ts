import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { DatabasePool } from 'slonik';
import type {
  RegradeExerciseRequest,
  RegradeReport,
  RegradeSelection,
  RegradeSubmissionRequest,
  RegradeView,
} from '../../shared/contracts/regrade.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError, notFound } from '../../shared/errors.ts';
import { countRegradeRuns, findRegradable, findRegradeTarget } from '../../shared/learning/regrade-run.repository.ts';
import {
  countSelected,
  findRegrade,
  insertRegrade,
  lockProposal,
  startRegrade,
  type RegradeRow,
} from '../../shared/learning/regrade.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import { isOperator, runReaderOf } from './regrade.policy.ts';

export interface RegradeDeps {
  db: DatabasePool;
}

/** How long a dry run can be confirmed: time to read its report, not to forget it. */
const CONFIRM_WITHIN_SECONDS = 15 * 60;
const SAMPLES_OF_EACH_KIND = 3;
const MAX_SAMPLES = 20;

interface Subject {
  exerciseId: string;
  submissionId: string | null;
  selection: RegradeSelection;
}

type Confirmation = Pick<RegradeSubmissionRequest, 'dryRun' | 'confirmToken'>;

/**
 * Grades the selected submissions of an exercise again: a dry run first, then the confirmed real one.
 *
 * @throws AppError NOT_FOUND; FORBIDDEN for failed submissions, unless an operator asks; VALIDATION_FAILED and CONFLICT for a confirmation that
 *   confirms nothing.
 */
export async function regradeExercise(
  deps: RegradeDeps,
  actor: Actor,
  exerciseId: string,
  { dryRun, confirmToken, ...asked }: RegradeExerciseRequest,
  request: RequestFacts,
): Promise<RegradeView> {
  if (asked.status === 'failed' && !isOperator(actor)) {
    throw new AppError('FORBIDDEN', 'Only operators may regrade submissions that the platform failed at.');
  }
  const selection: RegradeSelection = isOperator(actor) ? asked : { ...asked, status: 'completed' };
  const subject = { exerciseId, submissionId: null, selection };
  return regrade(deps, actor, subject, { dryRun, ...(confirmToken === undefined ? {} : { confirmToken }) }, request);
}

/** Grades one finished submission again, in the same two steps. @throws AppError as `regradeExercise`; CONFLICT for an unfinished one. */
export async function regradeSubmission(
  deps: RegradeDeps,
  actor: Actor,
  submissionId: string,
  confirmation: RegradeSubmissionRequest,
  request: RequestFacts,
): Promise<RegradeView> {
  const submission = await findRegradable(deps.db, submissionId, runReaderOf(actor));
  if (submission === null) throw notFound('submission');
  if (submission.status !== 'completed' && submission.status !== 'failed') {
    throw new AppError(
      'CONFLICT',
      `The submission is ${submission.status}; only one that was graded or failed can be regraded.`,
    );
  }
  const subject = { exerciseId: submission.exercise_id, submissionId, selection: {} };
  return regrade(deps, actor, subject, confirmation, request);
}

async function regrade(
  deps: RegradeDeps,
  actor: Actor,
  subject: Subject,
  { dryRun, confirmToken }: Confirmation,
  request: RequestFacts,
): Promise<RegradeView> {
  const target = await findRegradeTarget(deps.db, subject.exerciseId, isOperator(actor) ? null : actor.id);
  if (target === null) throw notFound('exercise');
  const { version_id: versionId, version } = target;
  if (versionId === null || version === null) throw new AppError('CONFLICT', 'No version of the exercise is verified.');
  if (dryRun) return propose(deps, actor, subject, { versionId, version });
  if (confirmToken === undefined) {
    throw new AppError('VALIDATION_FAILED', 'A regrade is confirmed with the token of its dry run.', {
      errors: [{ path: 'confirmToken', message: 'is required unless it is a dry run' }],
    });
  }
  return confirm(deps, actor, subject, confirmToken, request);
}

async function propose(
  deps: RegradeDeps,
  actor: Actor,
  subject: Subject,
  { versionId, version }: { versionId: string; version: number },
): Promise<RegradeView> {
  const id = newId();
  // An id made now is greater than that of every submission so far.
  const scope = { ...subject, version, lastSubmissionId: id };
  const confirmToken = randomBytes(24).toString('base64url');
  await insertRegrade(deps.db, {
    id,
    exerciseVersionId: versionId,
    requestedBy: actor.id,
    scope,
    report: toReport(await countSelected(deps.db, scope, SAMPLES_OF_EACH_KIND)),
    confirmHash: hashOf(confirmToken),
    confirmWithinSeconds: CONFIRM_WITHIN_SECONDS,
  });
  return { ...(await getRegrade(deps, actor, id)), confirmToken };
}

async function confirm(
  deps: RegradeDeps,
  actor: Actor,
  subject: Subject,
  confirmToken: string,
  request: RequestFacts,
): Promise<RegradeView> {
  const id = await deps.db.transaction(async (tx) => {
    const proposal = await lockProposal(tx, hashOf(confirmToken), actor.id);
    if (proposal === null || !isAbout(proposal, subject)) {
      throw new AppError('CONFLICT', 'The confirmToken is not from a dry run of yours with this selection.');
    }
    // Confirming twice is asking twice for the same thing.
    if (proposal.status !== 'proposed') return proposal.id;
    if (proposal.expired) throw new AppError('CONFLICT', 'The dry run is too old; do another one.');
    if (!proposal.is_current)
      throw new AppError('CONFLICT', 'The exercise has a new version by now; do another dry run.');
    await startRegrade(tx, proposal);
    await recordStart(tx, actor, proposal, request);
    return proposal.id;
  });
  return getRegrade(deps, actor, id);
}

function isAbout(row: RegradeRow, { exerciseId, submissionId, selection }: Subject): boolean {
  return (
    row.exercise_id === exerciseId && row.submission_id === submissionId && isDeepStrictEqual(row.selection, selection)
  );
}

async function recordStart(tx: Database, actor: Actor, row: RegradeRow, request: RequestFacts): Promise<void> {
  await recordAudit(tx, request, {
    action: 'regrade.started',
    actorId: actor.id,
    target: row.id,
    details: { exerciseId: row.exercise_id, submissionId: row.submission_id, submissions: row.report.total },
  });
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

function toReport(counts: Awaited<ReturnType<typeof countSelected>>): RegradeReport {
  const byVerdict: Record<string, number> = {};
  const byVersion = new Map<number, number>();
  for (const { verdict, version, count } of counts) {
    byVerdict[verdict] = (byVerdict[verdict] ?? 0) + count;
    byVersion.set(version, (byVersion.get(version) ?? 0) + count);
  }
  return {
    total: counts.reduce((sum, { count }) => sum + count, 0),
    byVerdict,
    byVersion: [...byVersion].sort(([a], [b]) => a - b).map(([version, count]) => ({ version, count })),
    sampleSubmissionIds: counts.flatMap(({ sample }) => sample).slice(0, MAX_SAMPLES),
  };
}

/** How far a regrade is. @throws AppError NOT_FOUND. */
export async function getRegrade({ db }: RegradeDeps, actor: Actor, id: string): Promise<RegradeView> {
  const row = await findRegrade(db, id, isOperator(actor) ? null : actor.id);
  if (row === null) throw notFound('regrade');
  return toView(row, await countRegradeRuns(db, id));
}

function toView(row: RegradeRow, runs: Awaited<ReturnType<typeof countRegradeRuns>>): RegradeView {
  const count = (status: string): number =>
    runs.filter((each) => each.status === status).reduce((sum, each) => sum + each.count, 0);
  const verdicts = runs.flatMap(({ replaced_verdict: from, verdict: to, count: times }) =>
    to === null ? [] : [{ from, to, count: times }],
  );
  const { total } = row.report;
  return {
    id: row.id,
    exerciseId: row.exercise_id,
    submissionId: row.submission_id,
    status: row.status,
    selection: row.selection,
    version: row.version,
    report: row.report,
    progress: {
      remaining: row.exhausted || row.status === 'superseded' ? 0 : Math.max(0, total - row.looked_at),
      skipped: row.skipped,
      queued: count('queued'),
      running: count('running'),
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      verdicts,
    },
    confirmBefore: row.status === 'proposed' ? row.confirm_before : null,
    createdAt: row.created_at,
    startedAt: row.started_at,
    completedAt: row.completed_at,
  };
}
