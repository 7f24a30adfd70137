import { ReviewCategory, type ReviewScores } from '../../shared/contracts/review.contract.ts';
import type { StaticFacts } from './facts.ts';
import type { Failure, GroundedAnswer } from './grounding.ts';
import { factScores, type CategoryScores } from './score-parts.ts';
import type { ReviewSubject } from './subject.ts';

/** What a model may take off a category for one statement of the rubric that does not hold, and for all of them together. */
const OFF_PER_FAILURE = 8;
const MOST_OFF = 24;

/**
 * The scores of a review. Tests and static facts give them, and a failed test limits them there; a model can only lower them, by statements of
 * the rubric whose failure it has shown in the code, and only so far. What it says in favour of the code counts nothing, nor does what it
 * says nothing about.
 *
 * So no answer, however obtained, is worth more than no answer. And since a model sees none of the learner's own words (neutral-copy.ts), the
 * code cannot ask it for a better one than it gives to the same code without them.
 */
export function scoreReview(
  { failures }: Pick<GroundedAnswer, 'failures'>,
  subject: ReviewSubject,
  facts: StaticFacts,
): ReviewScores {
  const most = factScores(subject, facts);
  const scores = Object.fromEntries(
    ReviewCategory.options.map((category) => [category, Math.max(0, most[category] - offFor(category, failures))]),
  ) as CategoryScores;
  return { ...scores, overall: meanOf(scores) };
}

function offFor(category: ReviewCategory, failures: readonly Failure[]): number {
  const failed = new Set(failures.filter((failure) => failure.category === category).map(({ item }) => item));
  return Math.min(MOST_OFF, failed.size * OFF_PER_FAILURE);
}

function meanOf(scores: CategoryScores): number {
  const values = ReviewCategory.options.map((category) => scores[category]);
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
