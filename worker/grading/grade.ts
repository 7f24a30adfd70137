import type { CallTest, ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { Grade, TestResult } from '../../shared/contracts/grade.contract.ts';
import { summarize } from '../../shared/learning/verdict.ts';
import { judge, notRun, shown } from './judge.ts';
import { runtimes } from './runtimes/runtimes.ts';
import { engineLimits } from './sandbox/limits.ts';
import type { RunnerPool } from './sandbox/pool.ts';
import type { Fault } from './sandbox/protocol.ts';
import { runProgram, type ProgramRun } from './sandbox/run-program.ts';

/** What grading needs to know of an exercise. */
export type GradableExercise = Pick<ExerciseDefinition, 'language' | 'entrypoint' | 'files' | 'limits' | 'tests'>;

const MAX_GRADE_STDOUT_CHARS = 65_536;

/**
 * Grades one submission: runs it in the sandbox, compares the answers here, adds up the tests. The grade holds everything about
 * every test; who may see what is decided by whoever shows it.
 * @throws SandboxError when the platform could not do it, the signal's reason when aborted. Neither says anything about the code.
 */
export async function grade(
  pool: RunnerPool,
  exercise: GradableExercise,
  code: string,
  signal: AbortSignal,
): Promise<Grade> {
  const runtime = runtimes[exercise.language];
  const program = runtime.program(exercise, code);
  const calls = exercise.tests.map((test) => ({ function: test.function, args: JSON.stringify(test.args) }));
  const limits = engineLimits(exercise.limits, runtime.cpuScale);

  const run = await runProgram(pool, { program, calls, limits }, signal);
  const tests = run.load.kind === 'fault' ? failedLoad(exercise.tests, run.load) : judgeCalls(exercise.tests, run);
  return { ...summarize(tests), tests, stdout: visibleStdout(run.load.stdout, tests), engine: run.engine };
}

function judgeCalls(tests: CallTest[], run: ProgramRun): TestResult[] {
  return tests.map((test, index) => {
    const outcome = run.calls[index] ?? null;
    if (outcome === null)
      return notRun(test, 'skipped', 'skipped: earlier tests used up the limits of this submission');
    return judge(test, outcome);
  });
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
      ? judge(test, { ...fault, stdout: '', message: `${fault.message} while the file was loaded` })
      : notRun(test, 'skipped', 'skipped: the file could not be loaded'),
  );
}

/** What the learner may read of the output: that of hidden tests would tell their inputs. */
function visibleStdout(loadStdout: string, tests: TestResult[]): string {
  const visible = tests.filter((test) => test.visibility === 'always').map((test) => test.stdout);
  return shown([loadStdout, ...visible].join(''), MAX_GRADE_STDOUT_CHARS);
}
