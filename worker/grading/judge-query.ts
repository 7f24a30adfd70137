import { z } from 'zod';
import type { QueryTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult } from '../../shared/contracts/grade.contract.ts';
import { nestingDepth, type Json } from './json.ts';
import { compareRows, type RowSet } from './row-comparison.ts';
import { MAX_ANSWER_DEPTH } from './sandbox/limits.ts';
import type { Outcome } from './sandbox/protocol.ts';
import { shownRows, testResult, type Judgement } from './test-result.ts';

const MAX_DIFF_VALUE_CHARS = 2000;

/** The values of a row are checked no further: whatever they are, they are JSON. */
const Answer = z.strictObject({ columns: z.array(z.string()), rows: z.array(z.array(z.custom<Json>())) });

/** Turns what the sandbox saw of one query into its result. The rows are held against the wanted ones here, outside. */
export function judgeQuery(test: QueryTest, wanted: RowSet, outcome: Outcome): TestResult {
  return testResult(test, judgementOf(test, wanted, outcome), outcome);
}

/**
 * The rows of an outcome.
 * @returns the reason in words when they cannot be compared
 */
export function readRows(json: string): RowSet | string {
  if (nestingDepth(json) > MAX_ANSWER_DEPTH)
    return `the rows hold a value nested deeper than ${MAX_ANSWER_DEPTH} levels`;
  return Answer.parse(JSON.parse(json));
}

function judgementOf(test: QueryTest, wanted: RowSet, outcome: Outcome): Judgement {
  const expected = { expected: shownRows(wanted.rows) };
  if (outcome.kind === 'fault') return { verdict: outcome.verdict, message: outcome.message, ...expected };
  if (outcome.kind !== 'rows') throw new TypeError(`"${outcome.kind}" is no outcome of a query`);
  const answer = readRows(outcome.json);
  if (typeof answer === 'string') return { verdict: 'wrong_answer', message: answer, ...expected };
  if (answer.columns?.length === 0 && wanted.columns?.length !== 0) {
    const asked = test.check === undefined ? 'the script' : 'the check of this test';
    return { verdict: 'wrong_answer', message: `${asked} returns no rows; end with a SELECT`, ...expected };
  }
  const { message, differences } = compareRows(wanted, answer, test.ordered);
  const judged = { message, ...expected, actual: shownRows(answer.rows) };
  if (message === null) return { ...judged, verdict: 'accepted' };
  return { ...judged, verdict: 'wrong_answer', diff: differences.map(clipped) };
}

type Difference = NonNullable<TestResult['diff']>[number];

/** Values that are too long to be read are left out. */
function clipped({ path, kind, expected, actual }: Difference): Difference {
  return {
    path,
    kind,
    ...(isShort(expected) ? { expected } : {}),
    ...(isShort(actual) ? { actual } : {}),
  };
}

function isShort(value: Json | undefined): value is Json {
  return value !== undefined && JSON.stringify(value).length <= MAX_DIFF_VALUE_CHARS;
}
