import { toPage, type PageQuery } from '../../shared/contracts/common.contract.ts';
import type { GradingRunView } from '../../shared/contracts/regrade.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { notFound } from '../../shared/errors.ts';
import { findRegradable, listRuns, type RunRow } from '../../shared/learning/regrade-run.repository.ts';
import type { Actor } from '../http/define-route.ts';
import { runReaderOf } from './regrade.policy.ts';

/** How often a submission was graded and with what outcome, newest first. @throws AppError NOT_FOUND. */
export async function listGradingRuns(
  { db }: { db: Database },
  actor: Actor,
  submissionId: string,
  { limit, cursor }: PageQuery,
): Promise<{ items: GradingRunView[]; nextCursor: string | null }> {
  if ((await findRegradable(db, submissionId, runReaderOf(actor))) === null) throw notFound('submission');
  const rows = await listRuns(db, { submissionId, beforeId: cursor, limit: limit + 1 });
  return toPage(rows, limit, toView);
}

function toView(row: RunRow): GradingRunView {
  return {
    id: row.id,
    runNumber: row.run_number,
    reason: row.reason,
    status: row.status,
    verdict: row.verdict,
    score: row.score,
    fault: row.fault,
    version: row.version,
    createdAt: row.created_at,
    startedAt: row.started_at,
    completedAt: row.completed_at,
  };
}
