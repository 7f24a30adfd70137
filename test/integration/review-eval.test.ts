import { beforeAll, describe, expect, test } from '@jest/globals';
import { staticReview } from '../../worker/review/static-analysis/static-review.ts';
import { readLabelledSet } from '../eval/review/labelled-set.ts';
import { figuresOf, measure, type Measured } from '../eval/review/measure.ts';
import { factsOf } from '../support/static-analysis.ts';

describe('static review of the labelled set', () => {
  let measured: Measured[];

  beforeAll(async () => {
    const programs = await readLabelledSet();
    measured = await Promise.all(
      programs.map(async (program) => measure(program, staticReview(program.subject, await factsOf(program.subject)))),
    );
  });

  test('the set is large enough to mean something', () => {
    const { programs, cleanPrograms, defects } = figuresOf(measured);
    expect(programs).toBeGreaterThanOrEqual(60);
    expect(programs - cleanPrograms).toBeGreaterThanOrEqual(40);
    expect(cleanPrograms).toBeGreaterThanOrEqual(15);
    expect(defects).toBeGreaterThanOrEqual(40);
    expect(new Set(measured.map(({ program }) => program.name)).size).toBe(programs);
  });

  test('labels lie in their programs', () => {
    for (const { program } of measured) {
      const lines = program.subject.code.split('\n').length;
      for (const { startLine, endLine } of [...program.defects, ...program.tolerated]) {
        expect(startLine).toBeGreaterThanOrEqual(1);
        expect(endLine).toBeGreaterThanOrEqual(startLine);
        expect(endLine).toBeLessThanOrEqual(lines);
      }
    }
  });

  test('what it finds is mostly right, what is there is mostly found, on programs it was tuned on and on others', () => {
    for (const isHeldOut of [false, true]) {
      const { precision, recall } = figuresOf(measured.filter(({ program }) => program.isHeldOut === isHeldOut));
      expect(precision).toBeGreaterThanOrEqual(0.7);
      expect(recall).toBeGreaterThanOrEqual(0.5);
    }
  });

  test('every finding is anchored, nothing leaks, and clean programs get nothing grave', () => {
    expect(measured.filter(({ invalidAnchors }) => invalidAnchors > 0)).toEqual([]);
    expect(measured.filter(({ leaks }) => leaks > 0)).toEqual([]);
    expect(measured.filter(({ falseAlarms }) => falseAlarms.length > 0)).toEqual([]);
  });
});
