import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { countRegradeRunsInFlight } from '../../shared/learning/regrade-run.repository.ts';
import {
  advanceRegrade,
  cancelRegradeRuns,
  completeRegrades,
  insertRegradeRuns,
  lockNextSelected,
  lockRunningRegrades,
  tryLeadRegrades,
  type BatchRow,
  type RegradeRow,
} from '../../shared/learning/regrade.repository.ts';
import { GRADING_PRIORITY, gradingJobId, gradingQueue } from '../../shared/queues/grading.queue.ts';
import { requestJob } from '../../shared/queues/outbox.ts';
import type { WorkerDeps } from '../processor.ts';

/**
 * Runs of regrades that may be unfinished at once, of all regrades together. With one round a second it is also their rate limit:
 * at most so many submissions a second, however many were asked for.
 */
const MAX_IN_FLIGHT = 100;

/** Asks for the next runs of the regrades under way, as many as there is room for, and completes those whose runs have ended. */
export async function continueRegrades({ db, log }: Pick<WorkerDeps, 'db' | 'log'>): Promise<void> {
  await db.transaction(async (tx) => {
    // Two workers at it at once would each fill the room.
    if (!(await tryLeadRegrades(tx))) return;
    const running = await lockRunningRegrades(tx);
    if (running.length === 0) return;
    let room = MAX_IN_FLIGHT - (await countRegradeRunsInFlight(tx));
    for (const regrade of running) {
      if (regrade.exhausted) continue;
      if (room <= 0) break;
      const requested = await continueRegrade(tx, regrade, room);
      room -= requested;
      log.info({ regrade_id: regrade.id, runs: requested }, 'regrade continued');
    }
    const completed = await completeRegrades(tx);
    if (completed > 0) log.info({ regrades: completed }, 'regrades completed');
  });
}

/** Looks at the next submissions of a regrade. Returns how many runs it asked for. */
async function continueRegrade(tx: Database, regrade: RegradeRow, limit: number): Promise<number> {
  const batch = await lockNextSelected(tx, scopeOf(regrade), regrade.cursor_id, limit);
  const [pending, free] = partition(batch, (row) => (row.unfinished_version ?? 0) >= regrade.version);
  await cancelRegradeRuns(
    tx,
    free.filter((row) => row.unfinished_version !== null).map(({ id }) => id),
  );
  await requestRuns(tx, regrade, free);
  await advanceRegrade(tx, regrade.id, {
    cursorId: batch.at(-1)?.id ?? regrade.cursor_id,
    lookedAt: batch.length,
    skipped: pending.length,
    exhausted: batch.length < limit,
  });
  return free.length;
}

async function requestRuns(tx: Database, regrade: RegradeRow, submissions: readonly BatchRow[]): Promise<void> {
  const runs = submissions.map((submission) => ({ id: newId(), dispatch: 1, submission }));
  const priority = GRADING_PRIORITY.regrade;
  await insertRegradeRuns(tx, regrade, priority, runs);
  // Left to the relay, which sends them together.
  for (const run of runs) {
    await requestJob(tx, {
      queue: gradingQueue.name,
      job: 'grade',
      payload: { runId: run.id, dispatch: run.dispatch },
      jobId: gradingJobId(run),
      priority,
    });
  }
}

const scopeOf = (regrade: RegradeRow) => ({
  exerciseId: regrade.exercise_id,
  submissionId: regrade.submission_id,
  version: regrade.version,
  selection: regrade.selection,
  lastSubmissionId: regrade.last_submission_id,
});

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [first: Item[], second: Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
