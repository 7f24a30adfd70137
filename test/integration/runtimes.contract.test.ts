import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestVisibility } from '../../shared/contracts/exercise.contract.ts';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import { probeIsolation, probePython } from '../../worker/grading/sandbox/isolation.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, openSandbox } from '../support/grading.ts';
import { SAMPLE_LIMITS, samples } from '../support/runtime-samples.ts';

const isolation = await probeIsolation('auto');
const native = await probePython('auto', isolation);

describe.each(Object.entries(samples))('%s', (name, { python: engine, language, entrypoint, ...sample }) => {
  const isPossible = engine === undefined || engine === 'python-wasi' || native.engine === engine;
  if (!isPossible) {
    test.skip(`${name} does not run here: ${native.reason}`, () => undefined);
    return;
  }
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox({ isolation, warm: [], ...(engine === undefined ? {} : { python: engine }) });
  });
  afterAll(() => sandbox.close());

  describe.each(sample.kinds)('$kind', ({ kind, tests, sources }) => {
    async function gradeOf(code: string, visibility: TestVisibility = 'always'): Promise<Grade> {
      const shown = tests.map((found) => ({ ...found, visibility }));
      const exercise = buildExercise({ language, entrypoint, limits: SAMPLE_LIMITS, tests: shown });
      return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
    }

    test('a right solution is accepted', async () => {
      const result = await gradeOf(sources.right);
      expect(result).toMatchObject({ verdict: 'accepted', score: 100, fault: null });
      expect(result.tests.length).toBeGreaterThanOrEqual(3);
      for (const found of result.tests) expect(found).toMatchObject({ verdict: 'accepted', message: null });
    });

    test('a partly right one is partial', async () => {
      expect(await gradeOf(sources.partly)).toMatchObject({ verdict: 'partial', fault: 'learner' });
    });

    test('a wrong one is a wrong answer, with what was expected and what came', async () => {
      const result = await gradeOf(sources.wrong);
      const wrong = result.tests.filter((found) => found.verdict === 'wrong_answer');
      expect(wrong).toHaveLength(3);
      for (const found of wrong) expect(found.message).toMatch(/expected[\s\S]*-1/);
    });

    test('a slow one hits the time limit', async () => {
      const found = (await gradeOf(sources.slow)).tests.map(({ verdict }) => verdict);
      expect(found).toContain('time_limit');
      expect(found).not.toContain('wrong_answer');
    });

    test('a crashing one is a runtime error with its place', async () => {
      const crashed = (await gradeOf(sources.crashing)).tests.find((found) => found.verdict === 'runtime_error');
      expect(crashed?.message).toMatch(sample.crash);
      expect(crashed?.message).toMatch(sample.crashPlace);
    });

    test('one that cannot be parsed is a compile error with its place', async () => {
      const result = await gradeOf(sources.uncompilable);
      expect(result).toMatchObject({ verdict: 'compile_error', score: 0 });
      expect(result.tests[0]?.message).toMatch(/^SyntaxError/);
      expect(result.tests[0]?.message).toMatch(sample.syntaxPlace);
    });

    test('hidden tests are graded the same', async () => {
      const result = await gradeOf(sources.right, 'never');
      expect(result.verdict).toBe('accepted');
      expect(result.tests.every((found) => found.visibility === 'never')).toBe(true);
    });

    if (kind !== 'stdio') {
      test('one that lacks what is asked for is invalid', async () => {
        const result = await gradeOf(sample.missing);
        expect(result.verdict).toBe('invalid_submission');
        expect(result.tests[0]?.message).toMatch(sample.missingMessage);
      });
    }
  });
});
