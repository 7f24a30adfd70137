import type {
  CallTest,
  ExerciseDefinition,
  ExerciseTest,
  StdioTest,
  SuiteTest,
} from '../../shared/contracts/exercise.contract.ts';
import type { Grade, TestResult } from '../../shared/contracts/grade.contract.ts';
import { summarize } from '../../shared/learning/verdict.ts';
import { gradeQueries } from './grade-queries.ts';
import { judgeCall } from './judge-call.ts';
import { judgeStdio } from './judge-stdio.ts';
import { judgeSuite } from './judge-suite.ts';
import { runtimeOf } from './runtimes/runtimes.ts';
import { engineLimits } from './sandbox/limits.ts';
import type { Fault, Outcome, Task } from './sandbox/protocol.ts';
import { RunBudget, runProgram, type ProgramRun } from './sandbox/run-program.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { notRun, shown } from './test-result.ts';

/** What grading needs to know of an exercise. */
export type GradableExercise = Pick<
  ExerciseDefinition,
  'language' | 'entrypoint' | 'files' | 'limits' | 'clock' | 'tests'
>;

const MAX_GRADE_STDOUT_CHARS = 65_536;

/** What a test gave: a result, or several for a suite; and what the program printed while it was loaded for it. */
type Judged = { results: TestResult[]; loadStdout: string };

/** Runs the submitted code for a test, which tells the engine, within what is left to this submission. */
type Run = (test: ExerciseTest, task: Task) => Promise<ProgramRun>;

/** Runs an author's code in the place of the submitted one. What it uses up is not the learner's. */
type RunReference = (test: ExerciseTest, code: string, task: Task) => Promise<ProgramRun>;

/**
 * Grades one submission: runs it in the sandbox, compares the answers here, adds up the tests. The grade holds everything about
 * every test; who may see what is decided by whoever shows it.
 * @throws SandboxError when the platform could not do it, the signal's reason when aborted. Neither says anything about the code.
 */
export async function grade(
  sandbox: Sandbox,
  exercise: GradableExercise,
  code: string,
  signal: AbortSignal,
): Promise<Grade> {
  const clockMs = exercise.clock === undefined ? null : Date.parse(exercise.clock);
  const budget = new RunBudget();
  let engine = '';
  const runCode = (test: ExerciseTest, source: string, task: Task, within: RunBudget) => {
    const runtime = runtimeOf(exercise.language, test, sandbox.python);
    const program = runtime.program(exercise, source);
    const limits = engineLimits(exercise.limits, runtime.cpuScale);
    return runProgram(sandbox, runtime.engine, { program, task, limits, clockMs }, within, signal);
  };
  const run: Run = async (test, task) => {
    const ran = await runCode(test, code, task, budget);
    engine ||= ran.engine;
    return ran;
  };
  const runReference: RunReference = (test, source, task) => runCode(test, source, task, new RunBudget());

  const judged = await gradeTests(exercise.tests, run, runReference);
  const tests = judged.flatMap((found) => found.results);
  return { ...summarize(tests), tests, stdout: visibleStdout(judged), engine };
}

/** All calls share one run of the program, and so do all queries; every other test has a run of its own. */
async function gradeTests(tests: ExerciseTest[], run: Run, runReference: RunReference): Promise<Judged[]> {
  const calls = await gradeCalls(tests.filter((test) => test.kind === 'call').toSorted(byVisibility), run);
  const queries = await gradeQueries(
    tests.filter((test) => test.kind === 'query'),
    run,
    runReference,
  );
  const judged: Judged[] = [];
  for (const test of tests) judged.push(await gradeTest(test));
  return judged;

  async function gradeTest(test: ExerciseTest): Promise<Judged> {
    switch (test.kind) {
      case 'call':
        return calls.get(test) ?? { results: [], loadStdout: '' };
      case 'query':
        return { results: [queries.get(test) ?? notRun(test, 'skipped', null)], loadStdout: '' };
      case 'stdio':
        return gradeStdio(test, run);
      case 'suite':
        return gradeSuite(test, run);
    }
  }
}

/** Calls of one run share the learner's variables, so what a hidden one is asked must not come before what a visible one shows. */
function byVisibility(one: CallTest, other: CallTest): number {
  const rank = { always: 0, after_pass: 1, never: 2 };
  return rank[one.visibility] - rank[other.visibility];
}

async function gradeCalls(tests: CallTest[], run: Run): Promise<Map<CallTest, Judged>> {
  const [first] = tests;
  if (first === undefined) return new Map();
  const calls = tests.map((test) => ({ function: test.function, args: JSON.stringify(test.args) }));
  const { load, steps } = await run(first, { kind: 'calls', calls });
  if (load === null) throw new Error('the calls of a submission are its first run');
  const results =
    load.kind === 'fault' ? failedLoad(tests, load) : tests.map((test, index) => resultOf(test, steps[index]));
  // Shown once, before the first test.
  return new Map(
    tests.map((test, index) => [
      test,
      { results: results.slice(index, index + 1), loadStdout: index === 0 ? load.stdout : '' },
    ]),
  );
}

function resultOf(test: CallTest, outcome: Outcome | null | undefined): TestResult {
  if (outcome) return judgeCall(test, outcome);
  return notRun(test, 'skipped', 'skipped: earlier tests used up the limits of this submission');
}

async function gradeStdio(test: StdioTest, run: Run): Promise<Judged> {
  const { load } = await run(test, { kind: 'stdio', stdin: test.stdin });
  return { results: [judgeStdio(test, load)], loadStdout: '' };
}

async function gradeSuite(test: SuiteTest, run: Run): Promise<Judged> {
  const { path, content, runSkipped } = test;
  const ran = await run(test, { kind: 'suite', suite: { path, content, runSkipped }, from: 0 });
  // While the suite is loaded it may call the learner's code already, with what a hidden suite would hide.
  const loadStdout = test.visibility === 'always' && ran.load?.kind === 'collected' ? ran.load.stdout : '';
  return { results: judgeSuite(test, ran), loadStdout };
}

/**
 * No test could run. An error in the code is told with every test, so that it is seen whichever of them is hidden; a limit is told
 * once, with the first test that a learner sees.
 */
function failedLoad(tests: CallTest[], fault: Fault): TestResult[] {
  const isError = fault.verdict === 'compile_error' || fault.verdict === 'runtime_error';
  if (isError) return tests.map((test) => notRun(test, fault.verdict, fault.message));
  const firstVisible = Math.max(
    0,
    tests.findIndex((test) => test.visibility === 'always'),
  );
  return tests.map((test, index) =>
    index === firstVisible
      ? judgeCall(test, { ...fault, stdout: '', message: `${fault.message} while the file was loaded` })
      : notRun(test, 'skipped', 'skipped: the file could not be loaded'),
  );
}

/** What the learner may read of the output: that of hidden tests would tell their inputs. */
function visibleStdout(judged: Judged[]): string {
  const texts = judged.flatMap(({ results, loadStdout }) => [
    loadStdout,
    ...results.filter((test) => test.visibility === 'always').map((test) => test.stdout),
  ]);
  return shown(texts.join(''), MAX_GRADE_STDOUT_CHARS);
}
