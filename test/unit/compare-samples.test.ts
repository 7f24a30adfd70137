import { describe, expect, test } from '@jest/globals';
import { compareSamples, median, smallestVisibleShift } from '../../bench/compare-samples.ts';

/** Numbers that look random and are the same at each run. */
function sample(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return 10 + (state / 2_147_483_648) * 4;
  });
}

describe('comparing two samples by rank', () => {
  test('knows the textbook: ten values each, U = 19 of 100', () => {
    const low = [1, 2, 3, 4, 5, 6, 8, 12, 15, 18];
    const high = [7, 9, 10, 11, 13, 14, 16, 17, 19, 20];
    const { p, superiority } = compareSamples(low, high);
    expect(superiority).toBeCloseTo(0.19, 5);
    expect(p).toBeCloseTo(0.0191, 3);
  });

  test('sees no difference in equal samples, and an utter one in separate ones', () => {
    expect(compareSamples([1, 1, 1], [1, 1, 1])).toEqual({ p: expect.closeTo(1, 6), superiority: 0.5 });
    expect(compareSamples(sample(50, 1), sample(50, 2)).p).toBeGreaterThan(0.01);
    const separate = compareSamples(
      sample(50, 1).map((value) => value + 10),
      sample(50, 2),
    );
    expect(separate.p).toBeLessThan(1e-9);
    expect(separate.superiority).toBe(1);
  });

  test('says from what shift on it would have seen one', () => {
    const options = { significance: 0.01, step: 0.05, most: 5 };
    const shift = smallestVisibleShift(sample(250, 1), sample(250, 2), options);
    expect(shift).toBeGreaterThan(0.1);
    expect(shift).toBeLessThan(0.6);
    expect(smallestVisibleShift([1, 2], [1, 2], options)).toBeNull();
  });

  test('takes the middle value, or the mean of the two', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
});
