import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { Verdict } from '../../shared/contracts/grade.contract.ts';
import { ReviewCategory, ReviewScores } from '../../shared/contracts/review.contract.ts';
import type { Failure } from '../../worker/review/grounding.ts';
import { RUBRIC } from '../../worker/review/rubric.ts';
import { factScores } from '../../worker/review/score-parts.ts';
import { scoreReview } from '../../worker/review/scoring.ts';
import { buildFacts, buildSubject } from '../support/review-subjects.ts';

const items = ReviewCategory.options.flatMap((category) =>
  Object.keys(RUBRIC[category]).map((item): Failure => ({ category, item, line: 1 })),
);
const scoresWith = (failures: Failure[], subject = buildSubject()) => scoreReview({ failures }, subject, buildFacts());

describe('scores', () => {
  test('are those of tests and facts where no statement of the rubric fails', () => {
    const { overall, ...scores } = scoresWith([]);
    expect(scores).toEqual(factScores(buildSubject(), buildFacts()));
    expect(overall).toBe(Math.round(Object.values(scores).reduce((sum, score) => sum + score, 0) / 4));
  });

  test('lose the same for each statement, in its category only, and for the same one once', () => {
    const all = scoresWith([]);
    const failure: Failure = { category: 'edgeCases', item: 'emptyInput', line: 4 };
    const once = scoresWith([failure]);
    expect(once).toEqual({ ...all, edgeCases: all.edgeCases - 8, overall: once.overall });
    expect(scoresWith([failure, { ...failure, line: 5 }])).toEqual(once);
  });

  test('lose no more than a part, whatever a model says', () => {
    const all = scoresWith([]);
    const least = scoresWith(items);
    for (const category of ReviewCategory.options) expect(all[category] - least[category]).toBe(24);
  });

  test('never rise by what fails, and stay scores, after any verdict', () => {
    const failures = fc.subarray(items);
    fc.assert(
      fc.property(failures, failures, fc.constantFrom(...Verdict.options), (some, more, verdict) => {
        const subject = buildSubject({ grade: { verdict, score: verdict === 'accepted' ? 100 : 50 } });
        const before = ReviewScores.parse(scoresWith(some, subject));
        const after = ReviewScores.parse(scoresWith([...some, ...more], subject));
        for (const category of [...ReviewCategory.options, 'overall'] as const) {
          expect(after[category]).toBeLessThanOrEqual(before[category]);
        }
      }),
    );
  });
});
