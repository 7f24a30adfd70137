import type { StdioTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult } from '../../shared/contracts/grade.contract.ts';
import type { Outcome } from './sandbox/protocol.ts';
import { compareText, type TextDifference } from './stdio-comparison.ts';
import { notRun, shown, testResult, type Judgement } from './test-result.ts';

const MAX_LINE_CHARS = 500;

/** Turns one run of a whole program into its result. What it printed is held against the expected text here, outside. */
export function judgeStdio(test: StdioTest, outcome: Outcome | null): TestResult {
  if (outcome === null) return notRun(test, 'skipped', 'skipped: earlier tests used up the limits of this submission');
  return testResult(test, judgementOf(test, outcome), outcome);
}

function judgementOf(test: StdioTest, outcome: Outcome): Judgement {
  if (outcome.kind === 'fault') return { verdict: outcome.verdict, message: outcome.message };
  if (outcome.kind !== 'loaded') throw new TypeError(`"${outcome.kind}" is no outcome of a program`);
  const difference = compareText(test.expectedStdout, outcome.stdout, test.comparison);
  const actual = shown(outcome.stdout);
  if (difference === null) return { verdict: 'accepted', message: null, actual };
  return { verdict: 'wrong_answer', message: describe(difference), actual, diff: [asDiff(difference)] };
}

function describe({ line, expected, actual }: TextDifference): string {
  const wanted = expected === null ? 'the end of the output' : quote(expected);
  return `line ${line}: expected ${wanted}, got ${actual === null ? 'the end of the output' : quote(actual)}`;
}

/** The path is that of a line, counted from 0 as JSON Pointer does. */
function asDiff({ line, expected, actual }: TextDifference): NonNullable<TestResult['diff']>[number] {
  const path = `/${line - 1}`;
  if (expected === null) return { path, kind: 'unexpected', actual: shown(actual ?? '', MAX_LINE_CHARS) };
  if (actual === null) return { path, kind: 'missing', expected: shown(expected, MAX_LINE_CHARS) };
  return { path, kind: 'different', expected: shown(expected, MAX_LINE_CHARS), actual: shown(actual, MAX_LINE_CHARS) };
}

function quote(line: string): string {
  return JSON.stringify(shown(line, MAX_LINE_CHARS));
}
