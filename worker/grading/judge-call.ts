import type { CallTest } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult } from '../../shared/contracts/grade.contract.ts';
import { compare } from './comparison.ts';
import { nestingDepth, type Json } from './json.ts';
import { MAX_ANSWER_DEPTH } from './sandbox/limits.ts';
import type { Outcome } from './sandbox/protocol.ts';
import { MAX_SHOWN_CHARS, testResult, type Judgement } from './test-result.ts';

const MAX_MESSAGE_VALUE_CHARS = 120;

/** Turns what the sandbox saw of one call into its result. The answer is held against the expected one here, outside. */
export function judgeCall(test: CallTest, outcome: Outcome): TestResult {
  return testResult(test, judgementOf(test, outcome), outcome);
}

function judgementOf(test: CallTest, outcome: Outcome): Judgement {
  switch (outcome.kind) {
    case 'answer':
      return judgeAnswer(test, outcome.json);
    case 'not_json':
      return { verdict: 'wrong_answer', message: notJsonMessage(outcome.description, test.expected) };
    case 'fault':
      return { verdict: outcome.verdict, message: outcome.message };
    case 'loaded':
    case 'collected':
    case 'passed':
    case 'failed':
    case 'rows':
    case 'starved':
      throw new TypeError(`"${outcome.kind}" is no outcome of a call`);
  }
}

function judgeAnswer(test: CallTest, json: string): Judgement {
  if (nestingDepth(json) > MAX_ANSWER_DEPTH) {
    return { verdict: 'wrong_answer', message: `returned a value nested deeper than ${MAX_ANSWER_DEPTH} levels` };
  }
  const actual = JSON.parse(json) as Json;
  if (holdsInfinity(actual)) {
    return {
      verdict: 'wrong_answer',
      message: 'returned a number too large to be compared; such numbers can be returned as text',
    };
  }
  const { equal, differences } = compare(test.expected, actual, test.comparison);
  const kept = json.length <= MAX_SHOWN_CHARS ? { actual } : {};
  if (equal) return { verdict: 'accepted', message: null, ...kept };
  const diff = differences.map(({ path, kind, ...values }) => ({
    path,
    kind,
    ...('expected' in values ? showable('expected', values.expected) : {}),
    ...('actual' in values ? showable('actual', values.actual) : {}),
  }));
  const message = `expected ${brief(test.expected)}, got ${brief(actual)}`;
  return { verdict: 'wrong_answer', message, ...kept, diff };
}

/** Numbers of Python can have any number of digits; beyond 1.8e308 nothing is left of them here. The depth is known to be bounded. */
function holdsInfinity(value: Json): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => member !== undefined && holdsInfinity(member));
}

/** A side of a difference, left out when it is too long to be read. */
function showable<Side extends 'expected' | 'actual'>(side: Side, value: Json | undefined): { [key in Side]?: Json } {
  if (value === undefined || JSON.stringify(value).length > MAX_SHOWN_CHARS) return {};
  return { [side]: value } as { [key in Side]: Json };
}

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > MAX_MESSAGE_VALUE_CHARS ? `${text.slice(0, MAX_MESSAGE_VALUE_CHARS)}…` : text;
}

function notJsonMessage(description: string, expected: Json): string {
  const plain = ['undefined', 'NaN', 'Infinity', '-Infinity'].includes(description);
  return `returned ${plain ? '' : 'a value that is not JSON: '}${description}, expected ${kindOf(expected)}`;
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
