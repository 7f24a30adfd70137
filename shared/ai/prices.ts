import type { TokenUsage } from '../contracts/review.contract.ts';

/** US dollars for a million tokens; which is the same as micro-dollars for one. */
export type Price = { readonly input: number; readonly output: number };

/** Prices by model; `default` is that of every other. */
export type PriceList = { readonly default: Price; readonly [model: string]: Price };

/** List prices of models in use, per million tokens. AI_PRICES adds to these and overrides them: providers change theirs. */
export const KNOWN_PRICES: PriceList = {
  default: { input: 5, output: 25 },
  'gpt-4.1': { input: 2, output: 8 },
  'gpt-4.1-mini': { input: 0.4, output: 1.6 },
  'gpt-4.1-nano': { input: 0.1, output: 0.4 },
  'gpt-4o': { input: 2.5, output: 10 },
  'gpt-4o-mini': { input: 0.15, output: 0.6 },
  'claude-haiku-4-5': { input: 1, output: 5 },
  'claude-sonnet-4-5': { input: 3, output: 15 },
};

/** What follows a model's name in those of its dated snapshots: `-2025-04-14`, `-20251001`, `@20251001`. */
const SNAPSHOT = /[-@]\d{4}-?\d{2}-?\d{2}$/;

/** The price of a model: its own, that of the model it is a snapshot of, or the default. */
export function priceOf(prices: PriceList, model: string): Price {
  const own = (name: string): Price | undefined => (Object.hasOwn(prices, name) ? prices[name] : undefined);
  return own(model) ?? own(model.replace(SNAPSHOT, '')) ?? prices.default;
}

/** Micro-dollars, rounded up. */
export function costMicros(price: Price, { inputTokens, outputTokens }: TokenUsage): number {
  // 0.1 + 0.2 must not be rounded up to one more: what binary fractions add is far below a thousandth.
  const exact = inputTokens * price.input + outputTokens * price.output;
  return Math.ceil(Math.round(exact * 1000) / 1000);
}
