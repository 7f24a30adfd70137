import { expect, test } from '@jest/globals';
import { grade } from '../../worker/grading/grade.ts';
import { HONEST_GCD, buildExercise, callOfF } from '../support/grading.ts';
import { SECRET, describeHostile } from './hostile-suite.ts';
import { hostileCases } from './javascript.cases.ts';

describeHostile({
  engine: 'quickjs',
  modes: ['off', 'auto'],
  cases: hostileCases,
  attacked: buildExercise({
    // Ten times the time on a cpu that its code gets, so that it is told by that on a busy machine.
    limits: { cpuMs: 50, wallMs: 3000, memoryMb: 32, outputKb: 16 },
    tests: [callOfF([1], 1), callOfF([7], SECRET, { visibility: 'never' })],
  }),
  honest: { exercise: buildExercise(), code: HONEST_GCD },
  also: (sandbox) => {
    test('globals of one submission are not there in the next', async () => {
      const exercise = buildExercise({ tests: [callOfF([], 'undefined')] });
      const code =
        'export const f = () => { const seen = typeof globalThis.left; globalThis.left = 1; Array.prototype.left = 1; return seen; };';
      for (let round = 0; round < 3; round++) {
        const result = await grade(sandbox(), exercise, code, AbortSignal.timeout(100_000));
        expect(result).toMatchObject({ verdict: 'accepted' });
      }
    });

    test('changed arguments do not reach the next test nor the grade', async () => {
      const exercise = buildExercise({ tests: [callOfF([[3, 1, 2]], 3), callOfF([[3, 1, 2]], 3)] });
      const code =
        'export const f = (list) => { const first = list[0]; list.length = 0; list.push("gone"); return first; };';
      const result = await grade(sandbox(), exercise, code, AbortSignal.timeout(100_000));
      expect(result.verdict).toBe('accepted');
      expect(result.tests[1]?.input).toEqual([[3, 1, 2]]);
    });
  },
});
