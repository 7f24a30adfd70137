import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { MAX_DIFFERENCES, canonicalJson, compare } from '../../worker/grading/comparison.ts';
import { storableJson } from '../../shared/db/storable-json.ts';
import { nestingDepth, type Json } from '../../worker/grading/json.ts';

const anyJson = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const exact = { type: 'exact' } as const;
const unordered = { type: 'unordered' } as const;
const approximate = { type: 'approximate', tolerance: 1e-9 } as const;

describe('exact comparison', () => {
  test('finds every value equal to a copy of itself', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        for (const comparison of [exact, unordered, approximate]) {
          expect(compare(value, structuredClone(value), comparison)).toEqual({ equal: true, differences: [] });
        }
      }),
    );
  });

  test('agrees with canonical JSON about what is equal', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (left, right) => {
        expect(compare(left, right, exact).equal).toBe(canonicalJson(left) === canonicalJson(right));
      }),
    );
  });

  test('does not mind the order of keys, does mind the order of elements', () => {
    expect(compare({ a: 1, b: 2 }, { b: 2, a: 1 }, exact).equal).toBe(true);
    expect(compare([1, 2], [2, 1], exact).equal).toBe(false);
  });

  test('takes -0 for 0, and tells null, false, 0 and "" apart', () => {
    expect(compare(0, -0, exact).equal).toBe(true);
    expect(compare([null, false, 0], [0, '', null], exact).differences).toHaveLength(3);
  });

  test('names each difference by a JSON Pointer', () => {
    const { differences } = compare({ 'a/b': [1, 2], '~': 1, gone: 0 }, { 'a/b': [1, 3, 4], '~': 2, extra: 0 }, exact);
    expect(differences).toEqual([
      { path: '/a~1b/1', kind: 'different', expected: 2, actual: 3 },
      { path: '/a~1b/2', kind: 'unexpected', actual: 4 },
      { path: '/~0', kind: 'different', expected: 1, actual: 2 },
      { path: '/gone', kind: 'missing', expected: 0 },
      { path: '/extra', kind: 'unexpected', actual: 0 },
    ]);
  });

  test('stops after so many differences', () => {
    const zeros: Json = Array.from({ length: 1000 }, () => 0);
    const ones: Json = Array.from({ length: 1000 }, () => 1);
    expect(compare(zeros, ones, exact).differences).toHaveLength(MAX_DIFFERENCES);
  });

  test('treats __proto__ and constructor as plain keys', () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true}}') as Json;
    expect(compare({}, hostile, exact).equal).toBe(false);
    expect(compare({ constructor: 1 }, {}, exact).equal).toBe(false);
    expect(canonicalJson(hostile)).toBe('{"__proto__":{"admin":true}}');
  });
});

describe('unordered comparison', () => {
  test('accepts any permutation and nothing with other counts', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyJson, { maxLength: 20 })
          .chain((items) => fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length }))),
        ([items, shuffled]) => {
          expect(compare(items, shuffled, unordered).equal).toBe(true);
          expect(compare(items, [...shuffled, 'one more'], unordered).equal).toBe(false);
        },
      ),
    );
  });

  test('counts duplicates', () => {
    expect(compare([1, 1, 2], [1, 2, 2], unordered).differences).toEqual([
      { path: '/1', kind: 'missing', expected: 1 },
      { path: '/2', kind: 'unexpected', actual: 2 },
    ]);
  });

  test('stays ordered below the top level', () => {
    expect(compare([[1, 2]], [[2, 1]], unordered).equal).toBe(false);
  });

  test('handles fifty thousand elements', () => {
    const numbers = Array.from({ length: 50_000 }, (_, index) => index);
    expect(compare(numbers, numbers.toReversed(), unordered).equal).toBe(true);
  });
});

describe('approximate comparison', () => {
  test('allows the tolerance, absolute for small and relative for large numbers, at any depth', () => {
    expect(compare({ x: [0.1 + 0.2] }, { x: [0.3] }, approximate).equal).toBe(true);
    expect(compare(1e20, 1e20 * (1 + 1e-12), approximate).equal).toBe(true);
    expect(compare(1, 1.001, approximate).equal).toBe(false);
    expect(compare('1', 1, approximate).equal).toBe(false);
  });
});

describe('answers as data', () => {
  test('the depth of JSON text is found without recursion, and brackets in strings do not count', () => {
    expect(nestingDepth('['.repeat(500_000))).toBe(500_000);
    expect(nestingDepth('{"a\\"[[[":[1,{"b":2}]}')).toBe(3);
    expect(nestingDepth('1')).toBe(0);
  });

  test('what PostgreSQL cannot store is replaced', () => {
    expect(storableJson({ 'a\0': ['\uD800', 1] })).toEqual({ 'a\uFFFD': ['\uFFFD', 1] });
  });
});
