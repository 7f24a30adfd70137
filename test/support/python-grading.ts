import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExerciseFile } from '../../shared/contracts/exercise.contract.ts';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Json } from '../../worker/grading/json.ts';
import type { PythonEngine } from '../../worker/grading/sandbox/engines/engine.ts';
import { probeIsolation, probePython } from '../../worker/grading/sandbox/isolation.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, openSandbox, type TestInput } from './grading.ts';

const ENGINES: PythonEngine[] = ['python-wasi', 'python-native'];
/** No program is meant to come near these but by printing or hoarding. */
const LIMITS = { cpuMs: 2000, wallMs: 30_000, memoryMb: 64, outputKb: 16 };

export type PythonExercise = { tests: TestInput[]; entrypoint?: string; files?: ExerciseFile[]; clock?: string };

/** Grades code as the submission to an exercise in Python; the entrypoint is `f.py` unless told otherwise. */
export type GradePython = (code: string, exercise: PythonExercise) => Promise<Grade>;

/** Declares the same tests for each engine of Python, over one sandbox each. Where an engine cannot run here, a skipped test says why. */
export async function describePython(declare: (gradePython: GradePython, engine: PythonEngine) => void): Promise<void> {
  const isolation = await probeIsolation('auto');
  const possible = await probePython('auto', isolation);

  describe.each(ENGINES)('%s', (python) => {
    if (python === 'python-native' && possible.engine !== python) {
      test.skip(`native Python does not run here: ${possible.reason}`, () => undefined);
      return;
    }
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await openSandbox({ isolation, warm: [], python });
    });
    afterAll(() => sandbox.close());

    declare(async (code, overrides) => {
      const exercise = buildExercise({ language: 'python', entrypoint: 'f.py', limits: LIMITS, ...overrides });
      return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
    }, python);
  });
}

/**
 * Python as it stands in a test: backslashes are Python's own, the indentation of the test is taken away, and lines that are filled in
 * are indented as the place where they are filled in.
 */
export function py({ raw }: TemplateStringsArray, ...filled: string[]): string {
  const text = raw.reduce((before, part, index) => before + indented(filled[index - 1] ?? '', before) + part);
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const depth = Math.min(...lines.filter((line) => line.trim() !== '').map(indentOf));
  return `${lines.map((line) => line.slice(depth)).join('\n')}\n`;
}

function indented(text: string, before: string): string {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return text.trimEnd().replaceAll('\n', `\n${' '.repeat(indentOf(line))}`);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The names and verdicts of a grade's tests, e.g. `test_zero: accepted`. */
export function verdictsOf({ tests }: Grade): string[] {
  return tests.map(({ name, verdict }) => `${name}: ${verdict}`);
}

/** The message of a grade's first test that has one. */
export function messageOf({ tests }: Grade): string | null {
  return tests.find(({ message }) => message !== null)?.message ?? null;
}

/** What a message is held against: itself, or a pattern where words of Python differ from version to version. */
export const saying = (words: string | RegExp): unknown =>
  typeof words === 'string' ? words : expect.stringMatching(words);

/** A function `f0`, `f1`, … for each body. */
export const functionOfEach = (bodies: string[]) => bodies.map((body, index) => `def f${index}(): ${body}`).join('\n');

/** A call of each of them, under its title; `null` is expected where nothing else is. */
export function callsOfEach(titles: string[], expected: Json[]): TestInput[] {
  return titles.map((name, index) => {
    return { kind: 'call', name, function: `f${index}`, args: [], expected: expected[index] ?? null };
  });
}

export const ECHO = 'def f(n): return n\n';

type SuiteOptions = { code?: string; path?: string; files?: ExerciseFile[]; runSkipped?: boolean; weight?: number };

/** Grades suites over `f.py`, which returns what it is given unless told otherwise. */
export function suiteGrader(gradePython: GradePython) {
  const run = (content: string, { code = ECHO, path = 'f_test.py', files = [], ...suite }: SuiteOptions = {}) =>
    gradePython(code, { files, tests: [{ kind: 'suite', path, content, ...suite }] });

  /** The names and verdicts; where a test failed, what the first line of its message says. */
  async function linesOf(content: string, options: SuiteOptions = {}): Promise<string[]> {
    const { tests } = await run(content, options);
    return tests.map(({ name, verdict, message }) => {
      const hasFailed = verdict !== 'accepted' && verdict !== 'skipped';
      return `${name}: ${hasFailed ? message?.split('\n')[0] : verdict}`;
    });
  }
  return { run, linesOf };
}
