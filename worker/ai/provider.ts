import type { z } from 'zod';
import type { TokenUsage } from '../../shared/contracts/review.contract.ts';

/** One question to a language model, to be answered as JSON of a schema. */
export type Question<Schema extends z.ZodType = z.ZodType> = {
  /** Names the schema to the provider: letters, digits, `_`. */
  name: string;
  schema: Schema;
  system: string;
  user: string;
  maxOutputTokens: number;
};

/** What came back, before anybody believed it. `text` is the whole text of the answer, which should be JSON. */
export type RawAnswer = { text: string; usage: TokenUsage; model: string };

/** What went wrong, as far as it matters to whoever asked. Usage is what the provider counted nonetheless. */
export type ProviderFault =
  | 'rate_limited'
  | 'quota'
  | 'overloaded'
  | 'unreachable'
  | 'timeout'
  | 'refused'
  | 'truncated'
  | 'bad_request'
  | 'unauthorized'
  | 'invalid_answer';

export class ProviderError extends Error {
  readonly fault: ProviderFault;
  readonly usage: TokenUsage;
  /** The request was sent and its count got lost with the answer: it may have cost something. */
  readonly mayHaveCost: boolean;
  /** The provider's own wish, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(
    fault: ProviderFault,
    message: string,
    details: { usage?: TokenUsage; mayHaveCost?: boolean; retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'ProviderError';
    this.fault = fault;
    this.usage = details.usage ?? { inputTokens: 0, outputTokens: 0 };
    this.mayHaveCost = details.mayHaveCost ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** One provider, one request: no retries in here. */
export type Provider = {
  /** `openai`, `anthropic`. */
  readonly name: string;
  readonly model: string;
  /** @throws ProviderError, with nothing in it that is secret or that the learner wrote; the signal's reason when aborted. */
  ask(question: Question, signal: AbortSignal): Promise<RawAnswer>;
};
