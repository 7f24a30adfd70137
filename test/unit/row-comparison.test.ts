import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { compareRows, type Row } from '../../worker/grading/row-comparison.ts';

const rowsOf = (rows: Row[], columns: string[] | null = null) => ({ columns, rows });
const compare = (expected: Row[], actual: Row[], ordered = false) =>
  compareRows(rowsOf(expected), rowsOf(actual, (actual[0] ?? expected[0] ?? []).map(String)), ordered);

describe('equal rows', () => {
  test.each<[string, Row[], Row[]]>([
    ['none at all', [], []],
    ['another order', [[1], [2]], [[2], [1]]],
    ['rounding', [[0.3, 'a']], [[0.1 + 0.2, 'a']]],
    ['rounding next to zero', [[0]], [[0.1 + 0.2 - 0.3]]],
    [
      'rounding that changes the order',
      [
        [0.3, 1],
        [0.3, 2],
      ],
      [
        [0.30000000000000004, 1],
        [0.3, 2],
      ],
    ],
    ['nulls', [[null, 1]], [[null, 1]]],
    ['arrays and objects', [[[1, null], { a: 1, b: 2 }]], [[[1, null], { b: 2, a: 1 }]]],
    ['rows that are there twice', [[1], [1], [2]], [[1], [2], [1]]],
  ])('%s', (_, expected, actual) => {
    expect(compare(expected, actual)).toEqual({ message: null, differences: [] });
  });
});

describe('other rows', () => {
  test.each<[string, Row[], Row[], string]>([
    ['a value', [[1, 'a']], [[1, 'b']], 'row 1: expected [1,"a"], got [1,"b"]'],
    ['text for a number', [[1]], [['1']], 'row 1: expected [1], got ["1"]'],
    ['a boolean for a number', [[true]], [[1]], 'row 1: expected [true], got [1]'],
    ['null for nothing', [[null]], [['']], 'row 1: expected [null], got [""]'],
    ['too few', [[1], [2]], [[2]], 'expected 2 rows, got 1: [1] is missing'],
    ['too many', [[1]], [[1], [1]], 'expected 1 row, got 2: [1] is not expected'],
    ['none', [[1]], [], 'expected 1 row, got 0: [1] is missing'],
    [
      'large numbers that differ',
      [[1e15]],
      [[1e15 + 1e8]],
      'row 1: expected [1000000000000000], got [1000000100000000]',
    ],
  ])('%s', (_, expected, actual, message) => {
    expect(compare(expected, actual).message).toBe(message);
  });

  test('the number of columns is told with their names', () => {
    expect(compareRows(rowsOf([[1, 2]]), rowsOf([], ['id', 'name', 'age']), false).message).toBe(
      'expected 2 columns, got 3: id, name, age',
    );
  });

  test('no rows have as many columns as anybody likes', () => {
    expect(compareRows(rowsOf([]), rowsOf([], ['id']), false).message).toBeNull();
  });
});

test('where order counts, cells are told', () => {
  expect(
    compare(
      [
        [1, 'a'],
        [2, 'b'],
      ],
      [
        [1, 'a'],
        [2, 'c'],
      ],
      true,
    ),
  ).toEqual({
    message: 'row 2: expected [2,"b"], got [2,"c"]',
    differences: [{ path: '/1/1', kind: 'different', expected: 'b', actual: 'c' }],
  });
  expect(compare([[1], [2]], [[2], [1]], true).message).toBe(
    'row 1: expected [1], got [2]; these are the right rows in another order',
  );
  expect(compare([[1], [2]], [[1]], true)).toEqual({
    message: 'expected 2 rows, got 1',
    differences: [{ path: '/1', kind: 'missing', expected: [2] }],
  });
});

test('no more differences are told than can be read', () => {
  const many = Array.from({ length: 500 }, (_, index): Row => [index]);
  expect(
    compare(
      many,
      many.map(([n]) => [Number(n) + 1000]),
    ).differences,
  ).toHaveLength(20);
});

const row = fc.tuple(
  fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
  fc.oneof(fc.string(), fc.constant(null)),
  fc.boolean(),
);

test('rows equal every shuffling of themselves, and nothing with a row more', () => {
  fc.assert(
    fc.property(
      fc.array(row).chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length }))),
      row,
      ([rows, shuffled], more) => {
        expect(compare(rows, shuffled).message).toBeNull();
        expect(compare(rows, [...shuffled, more]).message).not.toBeNull();
      },
    ),
  );
});
