import type { Grade, TestResult } from '../contracts/grade.contract.ts';

/**
 * What of a grade its learner may see: everything of visible tests; of a test that opens when passed, the rest once it is;
 * of hidden ones nothing but their verdict.
 */
export function revealTests(grade: Grade): TestResult[] {
  return grade.tests.map((test, index) => (isRevealed(test) ? test : conceal(test, index)));
}

function isRevealed(test: TestResult): boolean {
  return test.visibility === 'always' || (test.visibility === 'after_pass' && test.verdict === 'accepted');
}

function conceal(test: TestResult, index: number): TestResult {
  return {
    name: `Hidden test ${index + 1}`,
    verdict: test.verdict,
    visibility: test.visibility,
    weight: test.weight,
    cpuMs: 0,
    wallMs: 0,
    memoryKb: null,
    message: null,
    stdout: '',
  };
}
