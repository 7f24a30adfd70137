import { z } from 'zod';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import type { TestProcess } from './processes.ts';
import { eventually } from './eventually.ts';

/** What the database knows of grading, for suites that ask whether every effect happened once. */

const RunRecord = z.strictObject({
  id: z.string(),
  submission_id: z.string().nullable(),
  status: z.string(),
  crashes: z.number(),
  dispatch: z.number(),
  attempt_token: z.string().nullable(),
  failure: z.string().nullable(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** All runs in the order of their submission. */
export async function readRuns(db: Database): Promise<readonly RunRecord[]> {
  return db.any(sql.type(RunRecord)`
    SELECT id, submission_id, status, crashes, dispatch, attempt_token, failure FROM grading_runs ORDER BY id`);
}

/** The newest run of a submission. */
export async function readRunOf(db: Database, submissionId: string): Promise<RunRecord> {
  return db.one(sql.type(RunRecord)`
    SELECT id, submission_id, status, crashes, dispatch, attempt_token, failure FROM grading_runs
    WHERE submission_id = ${submissionId} ORDER BY run_number DESC LIMIT 1`);
}

/** How many submissions there are by status. */
export async function countSubmissions(db: Database): Promise<Record<string, number>> {
  const rows = await db.any(sql.type(z.strictObject({ status: z.string(), count: z.number() }))`
    SELECT status, count(*)::int AS count FROM submissions GROUP BY status`);
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** How many submissions there are by verdict. */
export async function readVerdicts(db: Database): Promise<Record<string, number>> {
  const rows = await db.any(sql.type(z.strictObject({ verdict: z.string(), count: z.number() }))`
    SELECT verdict, count(*)::int AS count FROM submissions WHERE verdict IS NOT NULL GROUP BY verdict`);
  return Object.fromEntries(rows.map(({ verdict, count }) => [verdict, count]));
}

export async function countSolved(db: Database): Promise<number> {
  return db.oneFirst(
    sql.type(z.strictObject({ count: z.number() }))`SELECT count(*)::int AS count FROM solved_exercises`,
  );
}

export async function countUnsentJobs(db: Database): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`SELECT count(*)::int AS count FROM outbox`);
}

/** The log lines of processes, parsed; a line that is no JSON throws. What a pipe has brought the half of is no line yet. */
export function logLines(...processes: readonly TestProcess[]): Record<string, unknown>[] {
  return processes.flatMap(({ output }) =>
    output()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

/** Ids of the runs that the processes said they settled; an id that is there twice was settled twice. */
export function settledRuns(...processes: readonly TestProcess[]): string[] {
  return logLines(...processes)
    .filter((line) => line['message'] === 'run settled')
    .map((line) => String(line['run_id']))
    .sort();
}

/** The submissions of all runs (null: a verification) in the order in which they were graded; null until all are. */
export async function readGradingOrder(db: Database): Promise<readonly (string | null)[] | null> {
  const rows = await db.any(sql.type(z.strictObject({ submission_id: z.string().nullable(), done: z.boolean() }))`
    SELECT submission_id, status = 'completed' AS done FROM grading_runs ORDER BY completed_at`);
  return rows.every(({ done }) => done) ? rows.map(({ submission_id }) => submission_id) : null;
}

/** The same, once at least so many are there: they are said after the commit, and read from a pipe. */
export async function whenSettled(count: number, ...processes: readonly TestProcess[]): Promise<string[]> {
  return eventually(`${count} are said to be settled`, () => {
    const settled = settledRuns(...processes);
    return settled.length >= count ? settled : null;
  });
}
