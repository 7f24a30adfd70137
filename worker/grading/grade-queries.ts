import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { QueryTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult, TestVerdict } from '../../shared/contracts/grade.contract.ts';
import { judgeQuery, readRows } from './judge-query.ts';
import { compareRows, type RowSet } from './row-comparison.ts';
import type { Fault, Outcome, Query, Task } from './sandbox/protocol.ts';
import type { ProgramRun } from './sandbox/run-program.ts';
import { notRun } from './test-result.ts';

type RunScript = (test: QueryTest, task: Task) => Promise<ProgramRun>;
type RunReference = (test: QueryTest, code: string, task: Task) => Promise<ProgramRun>;

const MAX_KEPT_CHARS = 16_000_000;

/**
 * What references gave, as the JSON text of their rows, by everything that it depends on. A reference is asked once in the life of a worker: to
 * ask the same of the same data again would only be worth it if it could answer otherwise, and then no learner could pass.
 */
const referenceRows = new LRUCache<string, string>({
  maxSize: MAX_KEPT_CHARS,
  sizeCalculation: (json) => json.length + 100,
});

/**
 * Grades all queries of a submission: one run of the learner's script for all of them (`run`), the wanted rows from the tests themselves or from
 * their references (`runReference`, whose rows are kept).
 */
export async function gradeQueries(
  tests: QueryTest[],
  run: RunScript,
  runReference: RunReference,
): Promise<Map<QueryTest, TestResult>> {
  const [first] = tests;
  if (first === undefined) return new Map();
  const ran = await run(first, { kind: 'queries', queries: tests.map(queryOf) });
  const results = new Map<QueryTest, TestResult>();
  for (const [index, test] of tests.entries()) {
    const outcome = ran.load?.kind === 'loaded' ? ran.steps[index] : null;
    results.set(test, outcome ? await judge(test, outcome, runReference) : unasked(test, index, ran.load));
  }
  return results;
}

async function judge(test: QueryTest, outcome: Outcome, runReference: RunReference): Promise<TestResult> {
  const wanted = await wantedRows(test, runReference);
  if ('verdict' in wanted) return notRun(test, wanted.verdict, wanted.message);
  return judgeQuery(test, wanted, outcome);
}

/** A fault of the script is told with every test, so that it is seen whichever of them is hidden; a limit is told once. */
function unasked(test: QueryTest, index: number, load: Outcome | null): TestResult {
  if (load?.kind !== 'fault') {
    return notRun(test, 'skipped', 'skipped: earlier tests used up the limits of this submission');
  }
  if (index === 0 || !isLimit(load)) return notRun(test, load.verdict, load.message);
  return notRun(test, 'skipped', 'skipped: the script could not be read');
}

function isLimit({ verdict }: Fault): boolean {
  return verdict === 'time_limit' || verdict === 'memory_limit' || verdict === 'output_limit';
}

/** Why there are no rows to compare with: the author's doing, which verification shows before a learner can. */
type NoWantedRows = { verdict: TestVerdict; message: string };

async function wantedRows(test: QueryTest, runReference: RunReference): Promise<RowSet | NoWantedRows> {
  const written = test.expectedRows === undefined ? null : { columns: null, rows: test.expectedRows };
  const { reference } = test;
  if (reference === undefined) return written ?? authorFault('the test has neither expected rows nor a reference');
  const given = await rowsOfReference(test, reference, runReference);
  if ('verdict' in given || written === null) return given;
  const { message } = compareRows(written, given, test.ordered);
  return message === null
    ? written
    : authorFault(`the reference of this test does not give the expected rows: ${message}`);
}

async function rowsOfReference(
  test: QueryTest,
  reference: string,
  runReference: RunReference,
): Promise<RowSet | NoWantedRows> {
  const query = queryOf(test);
  const key = createHash('sha256')
    .update(JSON.stringify([test.dialect, query, reference]))
    .digest('base64');
  const kept = referenceRows.get(key);
  if (kept !== undefined) return rowsOf(kept);
  const { load, steps } = await runReference(test, reference, { kind: 'queries', queries: [query] });
  const outcome = load?.kind === 'loaded' ? steps[0] : load;
  if (outcome?.kind === 'fault') {
    return { verdict: outcome.verdict, message: `the reference of this test fails: ${outcome.message}` };
  }
  if (outcome?.kind !== 'rows') throw new TypeError(`"${outcome?.kind}" is no outcome of a reference`);
  const rows = rowsOf(outcome.json);
  if (!('verdict' in rows)) referenceRows.set(key, outcome.json);
  return rows;
}

function rowsOf(json: string): RowSet | NoWantedRows {
  const rows = readRows(json);
  if (typeof rows === 'string') return authorFault(`of the reference of this test, ${rows}`);
  return rows.columns?.length === 0 ? authorFault('the reference of this test returns no rows') : rows;
}

function authorFault(message: string): NoWantedRows {
  return { verdict: 'runtime_error', message };
}

function queryOf({ setup, check }: QueryTest): Query {
  return { setup, check: check ?? null };
}
