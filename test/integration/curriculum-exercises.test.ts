import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Language } from '../../shared/contracts/exercise.contract.ts';
import { exerciseFromTemplate } from '../../worker/curriculum/draft-exercise.ts';
import { BLUEPRINT_KINDS } from '../../worker/curriculum/variables.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { verify } from '../../worker/grading/verification.ts';
import { AWKWARD_VARIABLES, BEE_VARIABLES } from '../support/curriculum.ts';
import { openSandbox } from '../support/grading.ts';

/** What runs each language. A language whose runner is not there cannot be verified by anybody yet. */
const RUNNERS: Record<Language, string> = {
  javascript: 'quickjs/quickjs-runner.ts',
  typescript: 'quickjs/quickjs-runner.ts',
  python: 'python/wasi/python-wasi-runner.ts',
  sql: 'sql/sqlite-runner.ts',
};

describe.each(Object.entries(RUNNERS) as [Language, string][])(
  'exercises of the blueprint in %s',
  (language, runner) => {
    const isThere = existsSync(new URL(`../../worker/grading/sandbox/runner/${runner}`, import.meta.url));
    const testWithRunner = isThere ? test : test.skip;
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox({ warm: [], python: 'python-wasi' });
    });
    afterAll(() => sandbox.close());

    testWithRunner.each(BLUEPRINT_KINDS)('are verified by the platform: %s', async (kind) => {
      for (const variables of [BEE_VARIABLES, AWKWARD_VARIABLES]) {
        const exercise = exerciseFromTemplate({ kind }, variables, language);
        const report = await verify(exercise, (code) => grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
        expect(report.reasons).toEqual([]);
        expect(report.outcome).toBe('verified');
      }
    });
  },
);
