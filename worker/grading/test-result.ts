import type { ExerciseTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult, TestVerdict } from '../../shared/contracts/grade.contract.ts';
import type { Json } from './json.ts';
import type { Outcome } from './sandbox/protocol.ts';

/** Printed text and shown values longer than this, in characters, are clipped: a grade is read by people and kept for years. */
export const MAX_SHOWN_CHARS = 16_384;

/** What one judged test adds to its description. */
export type Judgement = Pick<TestResult, 'verdict' | 'message'> &
  Partial<Pick<TestResult, 'actual' | 'expected' | 'diff'>>;

type Measurements = Pick<Outcome, 'stdout' | 'cpuMs' | 'wallMs' | 'memoryKb'>;

/** A test, or one case of a suite, with what was found out about it. */
export function testResult(test: ExerciseTest, judgement: Judgement, measured: Measurements): TestResult {
  const { name, visibility, weight } = test;
  const { stdout, cpuMs, wallMs, memoryKb } = measured;
  const message = judgement.message === null ? null : shown(judgement.message);
  return {
    name,
    visibility,
    weight,
    cpuMs,
    wallMs,
    memoryKb,
    ...asked(test),
    ...judgement,
    message,
    stdout: shown(stdout),
  };
}

/** The result of a test that was not run, or that shares the fault of loading the program. */
export function notRun(test: ExerciseTest, verdict: TestVerdict, message: string | null): TestResult {
  return testResult(test, { verdict, message }, { stdout: '', cpuMs: 0, wallMs: 0, memoryKb: null });
}

/** Text as it is kept: not too long. */
export function shown(text: string, limit = MAX_SHOWN_CHARS): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** The first rows, as many as can be read. */
export function shownRows(rows: Json[][]): Json[][] {
  let chars = 0;
  const end = rows.findIndex((row) => (chars += JSON.stringify(row).length) > MAX_SHOWN_CHARS);
  return end < 0 ? rows : rows.slice(0, end);
}

/** What a test asked, and what it wanted to see. */
function asked(test: ExerciseTest): Pick<TestResult, 'input' | 'expected'> {
  switch (test.kind) {
    case 'call':
      return { input: test.args, expected: test.expected };
    case 'stdio':
      return { input: shown(test.stdin), expected: shown(test.expectedStdout) };
    case 'query':
      return {
        input: shown(test.setup),
        ...(test.expectedRows === undefined ? {} : { expected: shownRows(test.expectedRows) }),
      };
    case 'suite':
      return {};
  }
}
