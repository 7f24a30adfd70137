import { z } from 'zod';
import type { TokenUsage } from '../../shared/contracts/review.contract.ts';

/** What a provider tells of tokens is believed as far as it can be true of one request. */
export const TokenCount = z.number().min(0).max(1_000_000_000).transform(Math.ceil);

/** Tokens of a text at most: no tokeniser needs one for less than three bytes of prose or code on the whole. */
export function estimateTokens(...texts: readonly string[]): number {
  return Math.ceil(texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) / 3);
}

export const NOTHING_USED: TokenUsage = { inputTokens: 0, outputTokens: 0 };

export function addUsage(one: TokenUsage, other: TokenUsage): TokenUsage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
  };
}
