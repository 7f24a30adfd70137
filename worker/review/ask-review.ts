import type { ReviewBody } from '../../shared/contracts/review.contract.ts';
import { NoAnswer, type Answer, type Purpose } from '../ai/ai-client.ts';
import type { StaticFacts } from './facts.ts';
import { groundAnswer, type GroundedAnswer } from './grounding.ts';
import { findLeaks, withoutLeaks } from './leaks.ts';
import { buildPrompt, type PromptOptions } from './prompt.ts';
import type { ReviewDeps } from './review-deps.ts';
import { scoreReview } from './scoring.ts';
import { sumSpent, type Spent } from './spent.ts';
import type { ReviewSubject } from './subject.ts';

/** A review from a language model, as far as it holds against the code, and what all that was asked for it cost. */
type AskedReview = Omit<Answer<ReviewBody>, 'value'> & { body: ReviewBody };

type AskDeps = Pick<ReviewDeps, 'ai' | 'log' | 'reviewMetrics'>;

/**
 * Asks for a review and believes only what can be checked. An answer that gives the solution away is asked for once more; what still does
 * is reduced to the concept.
 *
 * @throws NoAnswer; the signal's reason when aborted.
 */
export async function askForReview(
  deps: AskDeps,
  subject: ReviewSubject,
  facts: StaticFacts,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<AskedReview> {
  const ask = async (options?: PromptOptions): Promise<Grounded> => {
    const { value, ...answer } = await deps.ai.ask(buildPrompt(subject, facts, options), purpose, signal);
    const said = groundAnswer(value, subject);
    countDrops(deps, said);
    return { ...answer, said };
  };
  const first = await ask();
  const leaks = findLeaks(first.said, subject);
  deps.reviewMetrics.dropped('leak', leaks.length);
  const answer =
    leaks.length === 0
      ? first
      : await askOnceMore(deps, first, () => ask({ leakingFields: leaks.map(({ field }) => field) }));
  const { said, ...asked } = answer;
  const { failures: _failures, drops: _drops, ...body } = said;
  return { ...asked, body: withoutLeaks({ ...body, scores: scoreReview(said, subject, facts) }, subject) };
}

type Grounded = Omit<Answer<unknown>, 'value'> & { said: GroundedAnswer };

/** The second answer, or the first one where there is no second: it can be had without what leaks. Both are paid for. */
async function askOnceMore({ log }: AskDeps, first: Grounded, ask: () => Promise<Grounded>): Promise<Grounded> {
  try {
    const second = await ask();
    return { ...second, ...sumSpent(first, second) };
  } catch (error) {
    log.info({ err: error }, 'no second answer in the place of one that gave too much away');
    const spent: Spent = error instanceof NoAnswer ? sumSpent(first, error) : first;
    return { ...first, usage: spent.usage, costMicros: spent.costMicros };
  }
}

function countDrops({ reviewMetrics }: AskDeps, { drops }: GroundedAnswer): void {
  reviewMetrics.dropped('finding', drops.quote + drops.duplicate + drops.excess + drops.empty);
  reviewMetrics.dropped('evidence', drops.evidence);
}
