import type { CallComparison } from '../../shared/contracts/exercise.contract.ts';
import type { AnswerDifference } from '../../shared/contracts/grade.contract.ts';
import type { Json } from './json.ts';

/** How an answer compares to the expected one; `differences` is empty exactly when `equal`. */
export type ComparisonResult = { equal: boolean; differences: AnswerDifference[] };

/** More differences than this tell a learner nothing new. */
export const MAX_DIFFERENCES = 20;

/**
 * Holds an answer against the expected one. Pure; both sides are JSON.
 *
 * - `exact`: equal values at every depth; the order of object keys does not matter; `-0` equals `0`, as in JSON text of a database.
 * - `unordered`: top-level arrays are compared as multisets, everything below them exactly.
 * - `approximate`: as `exact`, but numbers may differ by `tolerance`, absolute or relative to the larger one.
 */
export function compare(expected: Json, actual: Json, comparison: CallComparison): ComparisonResult {
  const found: AnswerDifference[] = [];
  if (comparison.type === 'unordered' && Array.isArray(expected) && Array.isArray(actual)) {
    compareMultisets(expected, actual, found);
  } else {
    const sameNumber = comparison.type === 'approximate' ? closeTo(comparison.tolerance) : exactly;
    walk(expected, actual, '', sameNumber, found);
  }
  return { equal: found.length === 0, differences: found };
}

/** JSON text that is the same for equal values: object keys sorted, `-0` as `0`. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

type SameNumber = (expected: number, actual: number) => boolean;

const exactly: SameNumber = (expected, actual) => expected === actual;

function closeTo(tolerance: number): SameNumber {
  return (expected, actual) =>
    expected === actual || Math.abs(expected - actual) <= tolerance * Math.max(1, Math.abs(expected), Math.abs(actual));
}

function walk(expected: Json, actual: Json, path: string, sameNumber: SameNumber, found: AnswerDifference[]): void {
  if (found.length >= MAX_DIFFERENCES) return;
  if (Array.isArray(expected) && Array.isArray(actual)) return walkArrays(expected, actual, path, sameNumber, found);
  if (isObject(expected) && isObject(actual)) return walkObjects(expected, actual, path, sameNumber, found);
  const equal =
    typeof expected === 'number' && typeof actual === 'number' ? sameNumber(expected, actual) : expected === actual;
  if (!equal) found.push({ path, kind: 'different', expected, actual });
}

function walkArrays(expected: Json[], actual: Json[], path: string, sameNumber: SameNumber, found: AnswerDifference[]) {
  const longest = Math.max(expected.length, actual.length);
  for (let index = 0; index < longest && found.length < MAX_DIFFERENCES; index++) {
    walkMember(expected[index], actual[index], `${path}/${index}`, sameNumber, found);
  }
}

function walkObjects(
  expected: JsonObject,
  actual: JsonObject,
  path: string,
  sameNumber: SameNumber,
  found: AnswerDifference[],
) {
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (found.length >= MAX_DIFFERENCES) return;
    walkMember(own(expected, key), own(actual, key), `${path}/${pointerToken(key)}`, sameNumber, found);
  }
}

/** One element or property; `undefined` stands for "not there", which no JSON value is. */
function walkMember(
  expected: Json | undefined,
  actual: Json | undefined,
  path: string,
  sameNumber: SameNumber,
  found: AnswerDifference[],
) {
  if (expected !== undefined && actual !== undefined) return walk(expected, actual, path, sameNumber, found);
  if (expected !== undefined) found.push({ path, kind: 'missing', expected });
  if (actual !== undefined) found.push({ path, kind: 'unexpected', actual });
}

/** Counts canonical texts, so a permutation of n elements costs n log n at worst, not n!. */
function compareMultisets(expected: Json[], actual: Json[], found: AnswerDifference[]): void {
  const unmatched = new Map<string, number>();
  const actualTexts = actual.map(canonicalJson);
  for (const text of actualTexts) unmatched.set(text, (unmatched.get(text) ?? 0) + 1);

  expected.forEach((value, index) => {
    if (take(unmatched, canonicalJson(value))) return;
    if (found.length < MAX_DIFFERENCES) found.push({ path: `/${index}`, kind: 'missing', expected: value });
  });
  // From the end, so that of several equal surplus elements the last ones are named.
  for (let index = actual.length - 1; index >= 0 && found.length < MAX_DIFFERENCES; index--) {
    const value = actual[index];
    if (value === undefined || !take(unmatched, actualTexts[index] ?? '')) continue;
    found.push({ path: `/${index}`, kind: 'unexpected', actual: value });
  }
}

function take(counts: Map<string, number>, text: string): boolean {
  const left = counts.get(text) ?? 0;
  if (left === 0) return false;
  counts.set(text, left - 1);
  return true;
}

type JsonObject = { [key: string]: Json };

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property only: a key such as `constructor` or `__proto__` must not find something inherited. */
function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** RFC 6901: `~` and `/` in a key are escaped. */
function pointerToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
