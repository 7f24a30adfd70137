import type { Database } from '../../shared/db/pool.ts';
import { appendAudit } from '../../shared/audit/audit.repository.ts';
import {
  anonymiseAiRequests,
  anonymiseOrphanedAiRequests,
  deleteClosedAccount,
  deleteOwnCourses,
  deleteSessions,
  deleteSubmissions,
  listClosedAccounts,
  tryLockClosedAccount,
} from '../../shared/identity/erasure.repository.ts';
import type { WorkerDeps } from '../processor.ts';

type EraseDeps = Pick<WorkerDeps, 'db' | 'log'>;

/** Rows that one transaction removes or changes. A submission takes its runs, results and review along. */
const BATCH = 200;
/** Transactions of one job: other maintenance is waiting. What is left is the sweep's. */
const BATCHES_PER_JOB = 10;
/** For so long a closed account is left to the job that was asked for. */
const SWEEP_AFTER_SECONDS = 30;
const ACCOUNTS_PER_SWEEP = 10;

/** Removes rows of one kind. Returns how many; fewer than the limit means that none are left. */
type Removal = (tx: Database, userId: string, limit: number) => Promise<number>;

const REMOVALS: readonly Removal[] = [deleteSubmissions, anonymiseAiRequests, deleteOwnCourses, deleteSessions];

/**
 * Erases a closed account, a batch of rows at a time. It may be stopped anywhere and called again at any time: each batch is a transaction, and
 * what is left says where to go on. The account's row goes last.
 */
export async function eraseAccount({ db, log }: EraseDeps, userId: string, signal: AbortSignal): Promise<void> {
  for (let batch = 0; batch < BATCHES_PER_JOB && !signal.aborted; batch++) {
    const state = await db.transaction((tx) => eraseBatch(tx, userId));
    if (state === 'erased') log.info({ user_id: userId }, 'account erased');
    if (state !== 'unfinished') return;
  }
}

async function eraseBatch(tx: Database, userId: string): Promise<'erased' | 'unfinished' | 'not to be erased'> {
  if (!(await tryLockClosedAccount(tx, userId))) return 'not to be erased';
  for (const remove of REMOVALS) {
    if ((await remove(tx, userId, BATCH)) === BATCH) return 'unfinished';
  }
  await deleteClosedAccount(tx, userId);
  await appendAudit(tx, {
    action: 'account.erased',
    actorId: null,
    target: userId,
    ip: null,
    requestId: null,
    details: {},
  });
  return 'erased';
}

/** Goes on with accounts whose job was lost or did not get to the end, and catches what was written while others went. */
export async function eraseClosedAccounts(deps: EraseDeps, signal: AbortSignal): Promise<void> {
  for (const userId of await listClosedAccounts(deps.db, SWEEP_AFTER_SECONDS, ACCOUNTS_PER_SWEEP)) {
    if (signal.aborted) return;
    await eraseAccount(deps, userId, signal);
  }
  await anonymiseOrphanedAiRequests(deps.db);
}
