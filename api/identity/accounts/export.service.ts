import type { z } from 'zod';
import type { AccountExport } from '../../../shared/contracts/account-export.contract.ts';
import { accountGone } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/db/pool.ts';
import {
  findExportedArchetype,
  findExportedProfile,
  listExportedAuditEntries,
  listExportedDevices,
  listExportedMails,
  listExportedSessions,
} from '../../../shared/identity/export.repository.ts';
import {
  listExportedAiRequests,
  listExportedCourses,
  listExportedEnrollments,
  listExportedHints,
  listExportedOverrides,
  listExportedRegrades,
  listExportedSolutions,
  listExportedSubmissions,
  type ExportedSubmissionRow,
} from '../../../shared/identity/learning-export.repository.ts';
import { revealTests } from '../../../shared/learning/reveal-result.ts';
import type { Actor, DocumentParts, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';

/** Of everything but submissions: rows of a few hundred bytes. */
const ROWS_AT_ONCE = 200;
/** Code and results of one submission can have several 100 KB. */
const SUBMISSIONS_AT_ONCE = 20;

/**
 * Everything that is kept about the actor, to be read while it is sent. It is no snapshot: what changes meanwhile may be in it or not.
 *
 * @throws AppError UNAUTHENTICATED when the account is gone; RATE_LIMITED or SERVICE_UNAVAILABLE while too many exports are on their way.
 */
export async function exportOwnData(
  { db, exports }: Pick<IdentityDeps, 'db' | 'exports'>,
  actor: Actor,
  request: RequestFacts,
): Promise<DocumentParts<typeof AccountExport>> {
  exports.take({ userId: actor.id, ip: request.ip }, request.signal);
  const profile = await findExportedProfile(db, actor.id);
  if (profile === null) throw accountGone();
  await recordAudit(db, request, { action: 'account.exported', actorId: actor.id });
  const read: PageReader = (list) => readPages((after, limit) => list(db, actor.id, after, limit), ROWS_AT_ONCE);
  return {
    exportedAt: new Date().toISOString(),
    profile,
    archetype: await findExportedArchetype(db, actor.id),
    sessions: read(listExportedSessions),
    knownDevices: read(onOnePage(listExportedDevices)),
    mails: read(listExportedMails),
    courses: read(listExportedCourses),
    enrollments: read(listExportedEnrollments),
    solvedExercises: read(listExportedSolutions),
    hintsUsed: read(listExportedHints),
    submissions: readSubmissions(db, actor.id),
    reviewOverrides: read(listExportedOverrides),
    regrades: read(listExportedRegrades),
    aiRequests: read(listExportedAiRequests),
    auditEntries: read(listExportedAuditEntries),
  };
}

type ListRows<Row> = (db: Database, userId: string, after: Row | null, limit: number) => Promise<readonly Row[]>;
type PageReader = <Row>(list: ListRows<Row>) => AsyncIterable<readonly Row[]>;

/** Pages until one is not full. */
async function* readPages<Row>(
  readPage: (after: Row | null, limit: number) => Promise<readonly Row[]>,
  limit: number,
): AsyncIterable<readonly Row[]> {
  let after: Row | null = null;
  for (let isFull = true; isFull;) {
    const page: readonly Row[] = await readPage(after, limit);
    if (page.length > 0) yield page;
    after = page.at(-1) ?? null;
    isFull = page.length === limit;
  }
}

const onOnePage =
  <Row>(list: (db: Database, userId: string) => Promise<readonly Row[]>): ListRows<Row> =>
  (db, userId, after) =>
    after === null ? list(db, userId) : Promise.resolve([]);

async function* readSubmissions(db: Database, userId: string): AsyncIterable<ExportedSubmission[]> {
  const pages = readPages<ExportedSubmissionRow>(
    (after, limit) => listExportedSubmissions(db, userId, after, limit),
    SUBMISSIONS_AT_ONCE,
  );
  for await (const page of pages) yield page.map(toSubmission);
}

type ExportedSubmission = z.input<typeof AccountExport>['submissions'][number];

function toSubmission(row: ExportedSubmissionRow): ExportedSubmission {
  return {
    id: row.id,
    exerciseId: row.exercise_id,
    exerciseTitle: row.exercise_title,
    language: row.language,
    attempt: row.attempt,
    countsAsAttempt: row.counts_as_attempt,
    code: row.code,
    status: row.status,
    verdict: row.verdict,
    score: row.score,
    fault: row.fault,
    stdout: row.result?.stdout ?? '',
    tests: row.result === null ? [] : revealTests(row.result),
    createdAt: row.created_at,
    startedAt: row.started_at,
    completedAt: row.completed_at,
    review: toReview(row),
  };
}

function toReview(row: ExportedSubmissionRow): ExportedSubmission['review'] {
  const { review_id: id, review_status: status, review_created_at: createdAt } = row;
  if (id === null || status === null || createdAt === null) return null;
  return {
    id,
    status,
    source: row.review_source,
    degradedReason: row.review_degraded_reason,
    provider: row.review_provider,
    model: row.review_model,
    body: row.review_body,
    feedback: row.helpful === null ? null : { helpful: row.helpful, comment: row.feedback_comment },
    createdAt,
    completedAt: row.review_completed_at,
  };
}
