import type { QueryTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult } from '../../shared/contracts/grade.contract.ts';
import type { Task } from './sandbox/protocol.ts';
import type { ProgramRun } from './sandbox/run-program.ts';

/**
 * Grades all queries of a submission: one run of the learner's script for all of them (`run`), the wanted rows from the tests themselves or from
 * their references (`runReference`, whose rows are kept).
 */
export async function gradeQueries(
  tests: QueryTest[],
  run: (test: QueryTest, task: Task) => Promise<ProgramRun>,
  runReference: (test: QueryTest, code: string, task: Task) => Promise<ProgramRun>,
): Promise<Map<QueryTest, TestResult>> {
  if (tests.length === 0) return new Map();
  throw new Error(`not there yet: ${run.name} ${runReference.name}`);
}
