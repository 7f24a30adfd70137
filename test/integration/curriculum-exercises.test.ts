import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Language } from '../../shared/contracts/exercise.contract.ts';
import { exerciseFromTemplate } from '../../worker/curriculum/draft-exercise.ts';
import { BLUEPRINT_KINDS } from '../../worker/curriculum/variables.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { verify } from '../../worker/grading/verification.ts';
import { AWKWARD_VARIABLES, BEE_VARIABLES } from '../support/curriculum.ts';
import { openSandbox } from '../support/grading.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ warm: [], python: 'python-wasi' });
});
afterAll(() => sandbox.close());

describe.each(Language.options)('exercises of the blueprint in %s', (language) => {
  test.each(BLUEPRINT_KINDS)('are verified by the platform: %s', async (kind) => {
    for (const variables of [BEE_VARIABLES, AWKWARD_VARIABLES]) {
      const exercise = exerciseFromTemplate({ kind }, variables, language);
      const report = await verify(exercise, (code) => grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
      expect(report.reasons).toEqual([]);
      expect(report.outcome).toBe('verified');
    }
  });
});
