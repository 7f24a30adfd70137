import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { Verdict, type Grade, type TestResult } from '../../shared/contracts/grade.contract.ts';
import { ReviewCategory } from '../../shared/contracts/review.contract.ts';
import type { StaticFacts, StaticFinding } from '../../worker/review/facts.ts';
import { factScores } from '../../worker/review/score-parts.ts';
import { staticReview } from '../../worker/review/static-analysis/static-review.ts';
import { buildGrade, buildTestResult } from '../support/graded.ts';
import { buildAnalysed } from '../support/static-analysis.ts';
import { buildFacts } from '../support/review-subjects.ts';

function scored(grade: Partial<Grade>, facts: Partial<StaticFacts> = {}) {
  return factScores({ grade: buildGrade(grade), language: 'python' }, buildFacts({ checksEdgeCases: true, ...facts }));
}

function finding(overrides: Partial<StaticFinding>): StaticFinding {
  return {
    rule: 'a-rule',
    usefulness: 0.5,
    gist: 'a thing',
    followUp: null,
    category: 'taste',
    severity: 'major',
    startLine: 1,
    endLine: 1,
    quote: '',
    explanation: 'It is so.',
    hint: 'Look.',
    concept: 'Things',
    ...overrides,
  };
}

const failed = (overrides: Partial<TestResult>) => buildTestResult({ verdict: 'wrong_answer', ...overrides });

describe('scores from facts', () => {
  test('a finding lowers its own category, a graver one more', () => {
    const plain = scored({});
    const minor = scored({}, { findings: [finding({ severity: 'minor' })] });
    const critical = scored({}, { findings: [finding({ severity: 'critical' })] });
    expect(minor.taste).toBeLessThan(plain.taste);
    expect(critical.taste).toBeLessThan(minor.taste);
    expect({ ...critical, taste: plain.taste }).toEqual(plain);
  });

  test('a failing test about input at the edge keeps the score of edge cases low', () => {
    const ordinary = scored({ verdict: 'partial', score: 80, tests: [failed({ name: 'a longer word' })] });
    const edge = scored({ verdict: 'partial', score: 80, tests: [failed({ name: 'an empty list' })] });
    expect(edge.edgeCases).toBeLessThan(ordinary.edgeCases);
    expect(edge.edgeCases).toBeLessThanOrEqual(40);
  });

  test('what hidden tests are called has no part in it', () => {
    const hidden = (name: string) =>
      scored({ verdict: 'partial', score: 80, tests: [failed({ name, visibility: 'never' })] });
    expect(hidden('an empty list')).toEqual(hidden('something else'));
  });

  test('running out of time and good efficiency do not go together', () => {
    expect(scored({ verdict: 'time_limit', score: 90 }).efficiency).toBeLessThan(30);
  });

  test.each(Verdict.options.filter((verdict) => verdict !== 'accepted'))(
    '%s is never worth more than accepted',
    (verdict) => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 99 }), (score) => {
          const accepted = scored({});
          const other = scored({ verdict, score });
          for (const category of ReviewCategory.options)
            expect(other[category]).toBeLessThanOrEqual(accepted[category]);
          expect(Math.min(other.codeSense, other.efficiency, other.edgeCases)).toBeLessThan(70);
        }),
      );
    },
  );

  test('one more finding never raises a score', () => {
    const anyFinding = fc.record({
      category: fc.constantFrom(...ReviewCategory.options),
      severity: fc.constantFrom('minor' as const, 'major' as const, 'critical' as const),
    });
    fc.assert(
      fc.property(fc.array(anyFinding, { maxLength: 8 }), anyFinding, (found, next) => {
        const before = scored({}, { findings: found.map(finding) });
        const after = scored({}, { findings: [...found, next].map(finding) });
        for (const category of ReviewCategory.options) expect(after[category]).toBeLessThanOrEqual(before[category]);
      }),
    );
  });
});

describe('the static review', () => {
  test('tells nothing of hidden tests but how many there are', () => {
    const tests = [
      buildTestResult(),
      failed({ name: 'a secret of the author', visibility: 'never', input: ['secret'], message: 'secret' }),
    ];
    const body = staticReview(
      buildAnalysed('python', 'x = 1\n', { grade: buildGrade({ verdict: 'partial', score: 50, tests }) }),
      buildFacts(),
    );
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(body.summary).toContain('not all of the hidden ones (1 of 2 in all)');
  });

  test('shows at most five findings and three small ones', () => {
    const minors = Array.from({ length: 6 }, (_, line) =>
      finding({ severity: 'minor', startLine: line + 1, endLine: line + 1 }),
    );
    const majors = Array.from({ length: 4 }, () => finding({}));
    const shown = (findings: StaticFinding[]) =>
      staticReview(buildAnalysed('python', 'x = 1\n'), buildFacts({ findings })).findings;
    expect(shown(minors)).toHaveLength(3);
    expect(shown([...majors, ...minors])).toHaveLength(5);
  });

  test('names the finding that explains why tests fail', () => {
    const slow = finding({ category: 'efficiency', gist: 'the loop inside a loop', startLine: 2, endLine: 3 });
    const grade = buildGrade({
      verdict: 'time_limit',
      score: 50,
      tests: [buildTestResult(), failed({ verdict: 'time_limit' })],
    });
    const { summary } = staticReview(
      buildAnalysed('python', 'x = 1\n', { grade }),
      buildFacts({ findings: [finding({}), slow] }),
    );
    expect(summary).toContain('The likeliest reason for what fails is the loop inside a loop (lines 2–3).');
  });
});
