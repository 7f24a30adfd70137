import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { TestVerdict, Verdict, type TestResult } from '../../shared/contracts/grade.contract.ts';
import { summarize } from '../../shared/learning/verdict.ts';

function buildResult(verdict: TestVerdict, weight = 1): TestResult {
  return {
    name: verdict,
    verdict,
    weight,
    visibility: 'always',
    cpuMs: 1,
    wallMs: 1,
    memoryKb: null,
    message: null,
    stdout: '',
  };
}

const anyResult = fc
  .record({ verdict: fc.constantFrom(...TestVerdict.options), weight: fc.integer({ min: 1, max: 1000 }) })
  .map(({ verdict, weight }) => buildResult(verdict, weight));
const anyResults = fc.array(anyResult, { minLength: 1, maxLength: 30 });

describe('summarize', () => {
  test('is accepted with 100 exactly when every test is accepted', () => {
    fc.assert(
      fc.property(anyResults, (tests) => {
        const { verdict, score, fault } = summarize(tests);
        const allAccepted = tests.every((result) => result.verdict === 'accepted');
        expect(verdict === 'accepted').toBe(allAccepted);
        expect(score === 100).toBe(allAccepted);
        expect(fault).toBe(allAccepted ? null : 'learner');
      }),
    );
  });

  test('scores the share of passed weight, whatever the order of the tests', () => {
    fc.assert(
      fc.property(anyResults, (tests) => {
        const { verdict, score } = summarize(tests);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(summarize([...tests].reverse())).toMatchObject({ verdict, score });
      }),
    );
  });

  test('never gets better when a test gets worse', () => {
    fc.assert(
      fc.property(anyResults, fc.nat(), (tests, pick) => {
        const spoiled = tests.with(
          pick % tests.length,
          buildResult('security_violation', tests[pick % tests.length]?.weight),
        );
        expect(summarize(spoiled).score).toBeLessThanOrEqual(summarize(tests).score);
        expect(summarize(spoiled).verdict).toBe('security_violation');
      }),
    );
  });

  test('takes the worst verdict unless only wrong answers failed', () => {
    fc.assert(
      fc.property(anyResults, (tests) => {
        const failed = tests.map((result) => result.verdict).filter((verdict) => verdict !== 'accepted');
        fc.pre(failed.some((verdict) => verdict !== 'wrong_answer' && verdict !== 'skipped'));
        const worst = Verdict.options.find((verdict) => failed.some((found) => found === verdict));
        expect(summarize(tests).verdict).toBe(worst);
      }),
    );
  });

  test('is partial when wrong answers cost at most half of the weight', () => {
    expect(summarize([buildResult('accepted'), buildResult('wrong_answer')]).verdict).toBe('partial');
    expect(summarize([buildResult('accepted', 1), buildResult('wrong_answer', 2)]).verdict).toBe('wrong_answer');
    expect(summarize([buildResult('accepted', 9), buildResult('time_limit', 1)]).verdict).toBe('time_limit');
  });

  test('does not round a failure up to 100', () => {
    expect(summarize([buildResult('accepted', 1000), buildResult('wrong_answer', 1)]).score).toBe(99);
  });

  test('refuses a run without tests', () => {
    expect(() => summarize([])).toThrow(RangeError);
  });

  test('leaves out what weighs nothing, unless nothing else is there', () => {
    expect(summarize([buildResult('accepted'), buildResult('skipped', 0)])).toMatchObject({
      verdict: 'accepted',
      score: 100,
    });
    expect(summarize([buildResult('skipped', 0)])).toMatchObject({ verdict: 'wrong_answer', score: 0 });
  });
});
