import { Verdict, type Fault, type TestResult, type TestVerdict } from '../contracts/grade.contract.ts';

/** What the tests of one run add up to. */
export type Summary = { verdict: Verdict; score: number; fault: Fault | null };

/**
 * Adds up the tests of one run. A test of weight 0, one that its suite skips, counts only where nothing else does.
 *
 * The verdict is that of the worst test, in the order of `Verdict`. Only one thing softens it: when every failure is a wrong
 * answer and at least half of the weight passed, the verdict is `partial`. The score is the share of passed weight, 0–100, and
 * is 100 only for `accepted`. A fault found here is the learner's: platform faults are thrown, they never become a grade.
 *
 * @throws RangeError when there is no test.
 */
export function summarize(tests: readonly TestResult[]): Summary {
  if (tests.length === 0) throw new RangeError('cannot summarize a run without tests');
  const weighty = tests.filter((test) => test.weight > 0);
  const counted = weighty.length > 0 ? weighty : tests;
  const failed = counted.filter((test) => test.verdict !== 'accepted');
  if (failed.length === 0) return { verdict: 'accepted', score: 100, fault: null };

  const totalWeight = weightOf(counted);
  const passedWeight = totalWeight - weightOf(failed);
  const onlyWrongAnswers = failed.every((test) => test.verdict === 'wrong_answer');
  const verdict = onlyWrongAnswers && passedWeight > 0 && passedWeight * 2 >= totalWeight ? 'partial' : worstOf(failed);
  return {
    verdict,
    score: totalWeight === 0 ? 0 : Math.min(99, Math.round((100 * passedWeight) / totalWeight)),
    fault: 'learner',
  };
}

function weightOf(tests: readonly TestResult[]): number {
  return tests.reduce((sum, test) => sum + test.weight, 0);
}

function worstOf(failed: readonly TestResult[]): Verdict {
  const found = new Set<TestVerdict>(failed.map((test) => test.verdict));
  // Skipped tests stand behind the fault that made them pointless; alone they still mean that nothing was shown to work.
  return Verdict.options.find((verdict) => verdict !== 'partial' && found.has(verdict)) ?? 'wrong_answer';
}
