import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { addFailure, delayAfter, guardRules, type GuardRule } from '../../api/identity/guard/guard-rules.ts';

const { account_network: own, network, account, account_spent: spent } = guardRules(5);
const HOUR = 3600;

/** How many guesses somebody has within so many hours who makes each as soon as he is let. */
function guessesWithin(hours: number, rule: GuardRule): number {
  let [failures, guesses] = [0, 0];
  for (let seconds = 0; seconds < hours * HOUR; guesses += 1) {
    const wait = delayAfter(failures, rule);
    failures = addFailure(failures, wait, rule);
    seconds += wait;
  }
  return guesses;
}

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
    expect([network, account, spent].map(({ failuresBeforeDelay }) => failuresBeforeDelay)).toEqual([20, 20, 20]);
  });

  test('failures are forgiven one by one, in parts too', () => {
    expect(addFailure(4, HOUR, own)).toBe(4);
    expect(addFailure(4, HOUR / 2, own)).toBe(4.5);
    expect(addFailure(4, 100 * HOUR, own)).toBe(1);
    expect(addFailure(4, 60, network)).toBe(4);
  });

  test('somebody who guesses as fast as they are let has to wait on and on', () => {
    expect(guessesWithin(24, own)).toBeLessThan(5 + 10 + 24 * 4);
  });

  test('however many networks guess at one account, they have fewer than 100 guesses in an hour and 200 a day', () => {
    const ofAll = (hours: number) => guessesWithin(hours, account) + guessesWithin(hours, spent);
    expect(ofAll(1)).toBeLessThan(100);
    expect(ofAll(24 * 30)).toBeLessThan(60 + 30 * 200);
  });

  test('whoever shares a network with a guesser waits a minute at most, and the guesser has one guess a minute', () => {
    let failures = 0;
    for (let failed = 0; failed < 40; failed += 1) {
      failures = addFailure(failures, 0, network);
      expect(delayAfter(failures, network)).toBeLessThanOrEqual(60);
    }
    expect(guessesWithin(24, network)).toBeLessThan(1500);
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
