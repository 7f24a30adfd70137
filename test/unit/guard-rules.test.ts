import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { addFailure, delayAfter, guardRules } from '../../api/identity/guard/guard-rules.ts';

const { account_network: own, network, account } = guardRules(5);
const HOUR = 3600;

describe('how failures are judged', () => {
  test('the first ones are free, then each doubles the wait, up to a quarter of an hour', () => {
    const waits: number[] = [];
    let failures = 0;
    for (let index = 0; index < 18; index++) {
      failures = addFailure(failures, 0, own);
      waits.push(delayAfter(failures, own));
    }
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
  });

  test('what many share bears four times as many', () => {
    expect([network.failuresBeforeDelay, account.failuresBeforeDelay]).toEqual([20, 20]);
  });

  test('failures are forgiven one by one, in parts too', () => {
    expect(addFailure(4, HOUR, own)).toBe(4);
    expect(addFailure(4, HOUR / 2, own)).toBe(4.5);
    expect(addFailure(4, 100 * HOUR, own)).toBe(1);
    expect(addFailure(4, 60, network)).toBe(4);
  });

  test('somebody who guesses as fast as they are let has to wait on and on', () => {
    let failures = 0;
    let seconds = 0;
    let guesses = 0;
    while (seconds < 24 * HOUR) {
      const wait = delayAfter(failures, own);
      failures = addFailure(failures, wait, own);
      seconds += wait;
      guesses += 1;
    }
    expect(guesses).toBeLessThan(5 + 10 + 24 * 4);
  });

  test('more failures never wait less, and time never makes it worse', () => {
    const failures = fc.double({ min: 0, max: 40, noNaN: true });
    const idle = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(failures, failures, idle, idle, (one, other, short, long) => {
        const [fewer, more] = one < other ? [one, other] : [other, one];
        const [sooner, later] = short < long ? [short, long] : [long, short];
        expect(delayAfter(fewer, own)).toBeLessThanOrEqual(delayAfter(more, own));
        expect(addFailure(one, later, own)).toBeLessThanOrEqual(addFailure(one, sooner, own));
        expect(addFailure(one, sooner, own)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test('a clock that was set back forgives nothing and charges nothing', () => {
    expect(addFailure(3, -500, own)).toBe(4);
  });
});
