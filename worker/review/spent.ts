import type { TokenUsage } from '../../shared/contracts/review.contract.ts';

/** What was asked of providers, whether or not anything came of it. */
export interface Spent {
  usage: TokenUsage;
  costMicros: number;
}

export const NOTHING_SPENT: Spent = { usage: { inputTokens: 0, outputTokens: 0 }, costMicros: 0 };

export function sumSpent(one: Spent, other: Spent): Spent {
  return {
    usage: {
      inputTokens: one.usage.inputTokens + other.usage.inputTokens,
      outputTokens: one.usage.outputTokens + other.usage.outputTokens,
    },
    costMicros: one.costMicros + other.costMicros,
  };
}
