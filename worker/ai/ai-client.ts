import type { z } from 'zod';
import type { TokenUsage } from '../../shared/contracts/review.contract.ts';
import type { Question } from './provider.ts';

/** Who pays for a question. */
export type Purpose = { kind: 'review' | 'curriculum'; learnerId: string | null; subjectId: string };

/** An answer that keeps the schema, and what all requests for it used and cost together, failed ones included. */
export type Answer<Value> = {
  value: Value;
  provider: string;
  model: string;
  usage: TokenUsage;
  costMicros: number;
};

/** Why there is no answer. `retryAfterMs`: asking again then may help, since only a limit or a pause is in the way. */
export class NoAnswer extends Error {
  readonly reason:
    | 'no_provider'
    | 'switched_off'
    | 'budget_learner'
    | 'budget_platform'
    | 'provider_unavailable'
    | 'provider_refused'
    | 'invalid_answer'
    | 'deadline';
  readonly retryAfterMs: number | null;
  readonly usage: TokenUsage;
  readonly costMicros: number;

  constructor(
    reason: NoAnswer['reason'],
    details: { retryAfterMs?: number | null; usage?: TokenUsage; costMicros?: number; cause?: unknown } = {},
  ) {
    super(`no answer: ${reason}`, { cause: details.cause });
    this.name = 'NoAnswer';
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.usage = details.usage ?? { inputTokens: 0, outputTokens: 0 };
    this.costMicros = details.costMicros ?? 0;
  }
}

/** Asks the configured providers in their order, inside limits, budgets and one deadline. */
export type AiClient = {
  /** Whether any provider is configured. (Whether it is switched off, `ask` tells: that may change at any moment.) */
  readonly isConfigured: boolean;
  /** Names the providers and models that would be asked, for cache keys. */
  readonly modelKey: string;
  /**
   * Not to be called inside a transaction: it may take as long as `AI_TIMEOUT_MS`.
   *
   * @throws NoAnswer; the signal's reason when aborted; a database error when limits and budgets cannot be read or written.
   */
  ask<Schema extends z.ZodType>(
    question: Question<Schema>,
    purpose: Purpose,
    signal: AbortSignal,
  ): Promise<Answer<z.output<Schema>>>;
};
