import type { AnswerDifference } from '../../shared/contracts/grade.contract.ts';
import { MAX_DIFFERENCES, canonicalJson } from './comparison.ts';
import type { Json } from './json.ts';

export type Row = Json[];

/** Rows as a database gave them, or, without names of columns, as an author wrote them down. */
export type RowSet = { columns: string[] | null; rows: Row[] };

/** How rows compare to the wanted ones; `message` is null exactly when they are equal. */
export type RowComparison = { message: string | null; differences: AnswerDifference[] };

const RELATIVE_TOLERANCE = 1e-9;
/** Sums of decimals that should be 0 come out about so far from it. */
const ABSOLUTE_TOLERANCE = 1e-12;
const MAX_MESSAGE_ROW_CHARS = 200;

/**
 * Holds rows against the wanted ones. Pure. Names of columns are not compared, their number is; numbers are equal when they differ by
 * no more than rounding. Unless `ordered`, the rows are compared as multisets, in n log n.
 */
export function compareRows(expected: RowSet, actual: RowSet, ordered: boolean): RowComparison {
  const columns = compareColumns(expected, actual);
  if (columns !== null) return { message: columns, differences: [] };
  const unpaired = pairRows(expected.rows, actual.rows);
  const isPermutation = unpaired.missing.length === 0 && unpaired.unexpected.length === 0;
  if (ordered) return compareInOrder(expected.rows, actual.rows, isPermutation);
  if (isPermutation) return { message: null, differences: [] };
  const differences: AnswerDifference[] = [
    ...unpaired.missing.map(({ row, index }) => ({ path: `/${index}`, kind: 'missing' as const, expected: row })),
    ...unpaired.unexpected.map(({ row, index }) => ({ path: `/${index}`, kind: 'unexpected' as const, actual: row })),
  ];
  return { message: describeUnpaired(expected, actual, unpaired), differences: differences.slice(0, MAX_DIFFERENCES) };
}

function compareColumns(expected: RowSet, actual: RowSet): string | null {
  const wanted = expected.columns?.length ?? expected.rows[0]?.length;
  const given = actual.columns?.length ?? actual.rows[0]?.length;
  if (wanted === undefined || given === undefined || wanted === given) return null;
  return `expected ${count(wanted, 'column')}, got ${given}${actual.columns === null ? '' : `: ${actual.columns.join(', ')}`}`;
}

function compareInOrder(expected: Row[], actual: Row[], isPermutation: boolean): RowComparison {
  const differences: AnswerDifference[] = [];
  const longest = Math.max(expected.length, actual.length);
  let message: string | null = null;
  for (let index = 0; index < longest && differences.length < MAX_DIFFERENCES; index++) {
    const [wanted, given] = [expected[index], actual[index]];
    if (wanted !== undefined && given !== undefined) {
      if (sameValue(wanted, given)) continue;
      message ??= `row ${index + 1}: expected ${brief(wanted)}, got ${brief(given)}`;
      differences.push(...cellDifferences(wanted, given, index));
    } else if (wanted !== undefined) differences.push({ path: `/${index}`, kind: 'missing', expected: wanted });
    else if (given !== undefined) differences.push({ path: `/${index}`, kind: 'unexpected', actual: given });
  }
  if (differences.length === 0) return { message: null, differences };
  if (expected.length !== actual.length)
    message = `${countMessage(expected, actual)}${message === null ? '' : `; ${message}`}`;
  if (isPermutation) message = `${message}; these are the right rows in another order`;
  return { message, differences: differences.slice(0, MAX_DIFFERENCES) };
}

function cellDifferences(wanted: Row, given: Row, index: number): AnswerDifference[] {
  return wanted.flatMap((value, column) => {
    const other = given[column];
    if (other === undefined || sameValue(value, other)) return [];
    return [{ path: `/${index}/${column}`, kind: 'different' as const, expected: value, actual: other }];
  });
}

type Placed = { row: Row; index: number };
type Unpaired = { missing: Placed[]; unexpected: Placed[] };

/**
 * Pairs equal rows. Rows can only be equal when they agree in all that is not a number; of those that do, both sides are gone through in
 * the order of their numbers.
 */
function pairRows(expected: Row[], actual: Row[]): Unpaired {
  const groups = new Map<string, { wanted: Placed[]; given: Placed[] }>();
  const groupOf = (row: Row) => {
    const key = canonicalJson(row.map((value) => (typeof value === 'number' ? { number: null } : [value])));
    const group = groups.get(key) ?? { wanted: [], given: [] };
    groups.set(key, group);
    return group;
  };
  expected.forEach((row, index) => groupOf(row).wanted.push({ row, index }));
  actual.forEach((row, index) => groupOf(row).given.push({ row, index }));

  const unpaired: Unpaired = { missing: [], unexpected: [] };
  for (const { wanted, given } of groups.values()) pairSorted(wanted.sort(byNumbers), given.sort(byNumbers), unpaired);
  unpaired.missing.sort(byIndex);
  unpaired.unexpected.sort(byIndex);
  return unpaired;
}

function pairSorted(wanted: Placed[], given: Placed[], unpaired: Unpaired): void {
  let next = 0;
  for (const one of wanted) {
    for (let other = given[next]; other !== undefined && isBefore(other.row, one.row); other = given[next]) {
      unpaired.unexpected.push(other);
      next += 1;
    }
    const other = given[next];
    if (other !== undefined && sameValue(one.row, other.row)) next += 1;
    else unpaired.missing.push(one);
  }
  unpaired.unexpected.push(...given.slice(next));
}

function isBefore(one: Row, other: Row): boolean {
  return !sameValue(one, other) && compareNumbers(one, other) < 0;
}

function byNumbers(one: Placed, other: Placed): number {
  return compareNumbers(one.row, other.row) || one.index - other.index;
}

function byIndex(one: Placed, other: Placed): number {
  return one.index - other.index;
}

/** Column by column, as if almost equal numbers were equal. */
function compareNumbers(one: Row, other: Row): number {
  for (let column = 0; column < one.length; column++) {
    const [left, right] = [one[column], other[column]];
    if (typeof left !== 'number' || typeof right !== 'number' || sameNumber(left, right)) continue;
    return left - right;
  }
  return 0;
}

function sameValue(one: Json, other: Json): boolean {
  if (typeof one === 'number' && typeof other === 'number') return sameNumber(one, other);
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => sameValue(value, other[index] ?? null));
  }
  return typeof one === 'object' && typeof other === 'object'
    ? canonicalJson(one) === canonicalJson(other)
    : one === other;
}

function sameNumber(one: number, other: number): boolean {
  const largest = Math.max(Math.abs(one), Math.abs(other));
  return Math.abs(one - other) <= Math.max(RELATIVE_TOLERANCE * largest, ABSOLUTE_TOLERANCE);
}

function describeUnpaired(expected: RowSet, actual: RowSet, { missing, unexpected }: Unpaired): string {
  const [lost] = missing;
  const [surplus] = unexpected;
  if (expected.rows.length === actual.rows.length && lost !== undefined && surplus !== undefined) {
    return `row ${surplus.index + 1}: expected ${brief(lost.row)}, got ${brief(surplus.row)}`;
  }
  const details = [
    ...(surplus === undefined ? [] : [`${brief(surplus.row)} is not expected`]),
    ...(lost === undefined ? [] : [`${brief(lost.row)} is missing`]),
  ];
  return `${countMessage(expected.rows, actual.rows)}: ${details.join(', ')}`;
}

function countMessage(expected: Row[], actual: Row[]): string {
  return `expected ${count(expected.length, 'row')}, got ${actual.length}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function brief(row: Row): string {
  const text = JSON.stringify(row);
  return text.length > MAX_MESSAGE_ROW_CHARS ? `${text.slice(0, MAX_MESSAGE_ROW_CHARS)}…` : text;
}
