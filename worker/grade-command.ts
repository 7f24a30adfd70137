import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ExerciseDefinition } from '../shared/contracts/exercise.contract.ts';
import type { Grade } from '../shared/contracts/grade.contract.ts';
import { findDefinitionProblems } from '../shared/learning/definition.policy.ts';
import { readExerciseDirectory } from '../shared/learning/exercise-directory.ts';
import { gradeTable } from './grade-table.ts';
import { grade } from './grading/grade.ts';
import { probeIsolation, probePython } from './grading/sandbox/isolation.ts';
import { Sandbox } from './grading/sandbox/sandbox.ts';
import { verify } from './grading/verification.ts';

/** `npm run grade`: grades or verifies an exercise here, with the engine of the platform, for authors who write exercises in files. */

const USAGE = `Usage: npm run grade -- --exercise DIR|FILE [--solution FILE] [--json] [--isolation auto|required|off] [--python auto|wasi|native]

  --exercise   a folder with exercise.json, description.md, starter.* and solution.*, or one JSON file with the whole definition
  --solution   the code to grade; without it the exercise is verified: its solution has to pass every test, its starter must not
  --json       print JSON instead of tables
  --isolation  whether to run under bubblewrap; auto, the default, does so where it works
  --python     the engine of Python: natively or on WebAssembly; auto, the default, does it natively where that is safe

Exit code: 0 accepted or verified, 1 not, 2 wrong usage or a broken exercise, 3 grading is not possible on this machine.
`;

const EXIT = { accepted: 0, notAccepted: 1, unusable: 2, platform: 3 } as const;
type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Longer than any exercise may take; one that hangs shall not keep a terminal for ever. */
const DEADLINE_MS = 10 * 60_000;

/** What is wrong with what the author gave us, as text to be printed. */
class UsageError extends Error {}

const Options = z.object({
  exercise: z.string({ error: '--exercise is required' }),
  solution: z.string().optional(),
  json: z.boolean().default(false),
  isolation: z.enum(['auto', 'required', 'off'], { error: '--isolation is auto, required or off' }).default('auto'),
  python: z.enum(['auto', 'wasi', 'native'], { error: '--python is auto, wasi or native' }).default('auto'),
  help: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

async function run(args: string[]): Promise<ExitCode> {
  try {
    if (args.includes('--help')) {
      process.stdout.write(USAGE);
      return EXIT.accepted;
    }
    const options = readOptions(args);
    const exercise = readExercise(options.exercise);
    const solution = options.solution === undefined ? null : readText(options.solution);
    return await withGrader(options, exercise, (gradeCode) =>
      solution === null
        ? verifyExercise(options, exercise, gradeCode)
        : gradeSolution(options, exercise, solution, gradeCode),
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}\n`);
    return error instanceof UsageError ? EXIT.unusable : EXIT.platform;
  }
}

/** @throws UsageError. */
function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        exercise: { type: 'string' },
        solution: { type: 'string' },
        json: { type: 'boolean' },
        isolation: { type: 'string' },
        python: { type: 'string' },
      },
    });
    return Options.parse(values);
  } catch (error) {
    const reasons = error instanceof z.ZodError ? error.issues.map(({ message }) => message) : [messageOf(error)];
    throw new UsageError(`${reasons.join('\n')}\n\n${USAGE}`);
  }
}

/** @throws UsageError when it cannot be read, or is no valid exercise. */
function readExercise(path: string): ExerciseDefinition {
  const definition = parseExercise(path);
  const problems = findDefinitionProblems(definition);
  if (problems.length > 0) throw brokenExercise(path, problems);
  return definition;
}

function parseExercise(path: string): ExerciseDefinition {
  try {
    return statSync(path).isDirectory()
      ? readExerciseDirectory(path)
      : ExerciseDefinition.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
    throw brokenExercise(
      path,
      error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    );
  }
}

function brokenExercise(path: string, problems: readonly { path: string; message: string }[]): UsageError {
  const lines = problems.map((problem) => `  ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`);
  return new UsageError(`${path} is no valid exercise:\n${lines.join('\n')}`);
}

/** @throws UsageError. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type GradeCode = (code: string) => Promise<Grade>;

async function withGrader<Result>(
  { isolation: mode, python: pythonMode }: Options,
  exercise: ExerciseDefinition,
  work: (gradeCode: GradeCode) => Promise<Result>,
): Promise<Result> {
  const isolation = await probeIsolation(mode);
  const python = exercise.language === 'python' ? { python: (await probePython(pythonMode, isolation)).engine } : {};
  const sandbox = new Sandbox({ size: 1, spare: 0, isolation, ...python });
  try {
    return await work((code) => grade(sandbox, exercise, code, AbortSignal.timeout(DEADLINE_MS)));
  } finally {
    await sandbox.close();
  }
}

async function gradeSolution(
  { json, solution: name = '' }: Options,
  { slug }: ExerciseDefinition,
  code: string,
  gradeCode: GradeCode,
): Promise<ExitCode> {
  const result = await gradeCode(code);
  print(json ? toJson({ exercise: slug, ...result }) : gradeTable(`${slug}: ${name}`, result));
  return result.verdict === 'accepted' ? EXIT.accepted : EXIT.notAccepted;
}

async function verifyExercise(
  { json }: Options,
  exercise: ExerciseDefinition,
  gradeCode: GradeCode,
): Promise<ExitCode> {
  const titles = ['reference solution, which has to pass', 'starter code, which must not'];
  const tables: string[] = [];
  const report = await verify(exercise, async (code) => {
    const result = await gradeCode(code);
    tables.push(gradeTable(`${exercise.slug}: ${titles[tables.length] ?? ''}`, result));
    return result;
  });
  const { outcome, reasons } = report;
  print(
    json ? toJson({ exercise: exercise.slug, ...report }) : [...tables, [outcome, ...reasons].join('\n')].join('\n\n'),
  );
  return outcome === 'verified' ? EXIT.accepted : EXIT.notAccepted;
}

const toJson = (value: unknown): string => JSON.stringify(value, null, 2);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

process.exitCode = await run(process.argv.slice(2));
