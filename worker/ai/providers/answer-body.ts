import type { z } from 'zod';
import type { TokenUsage } from '../../../shared/contracts/review.contract.ts';
import { boundedFetch } from '../bounded-fetch.ts';
import { faultOfCode, faultOfConnection, faultOfStatus } from '../faults.ts';
import { ProviderError, type Question } from '../provider.ts';
import { estimateTokens, NOTHING_USED } from '../usage.ts';

/** What the adapters of all providers have in common. */

/** Ten times what the longest answer of ours can be. */
const MAX_ANSWER_BYTES = 1_000_000;

/**
 * Settings under which both SDKs leave to us what is ours: retries, time limits and logs. The signal of every call limits its time; the
 * SDKs' own timeouts cover no body that stalls.
 */
export const SDK_OPTIONS = {
  maxRetries: 0,
  timeout: 600_000,
  logLevel: 'off',
  fetch: boundedFetch(MAX_ANSWER_BYTES),
} as const;

/** The errors of both SDKs that carry a server's answer. */
type SdkError = Error & { status?: unknown; headers?: unknown; error?: unknown };

/**
 * Sends a request and reads its answer, whatever way it ends.
 *
 * @throws ProviderError; the signal's reason when aborted.
 */
export async function exchange<Schema extends z.ZodType>(
  provider: string,
  schema: Schema,
  signal: AbortSignal,
  send: () => Promise<Response>,
): Promise<z.output<Schema>> {
  let body: unknown;
  try {
    const response = await send();
    body = JSON.parse(await response.text());
  } catch (error) {
    // After an abort, errors of all sorts come up; none of them is the cause.
    signal.throwIfAborted();
    throw toProviderError(provider, error);
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ProviderError('invalid_answer', `${provider} sent an answer of an unknown shape`, { mayHaveCost: true });
}

function toProviderError(provider: string, error: unknown): ProviderError {
  const { status, headers, error: body, message } = error as SdkError;
  if (typeof status !== 'number' || !(headers instanceof Headers)) return faultOfConnection(provider, error);
  const details = namesIn(body);
  return faultOfStatus(provider, { status, headers, ...details, message });
}

/** OpenAI's errors are `{ code, type }`; Anthropic's `{ error: { type } }`. */
function namesIn(body: unknown): { code: string | null; type: string | null } {
  if (typeof body !== 'object' || body === null) return { code: null, type: null };
  const inner = 'error' in body && typeof body.error === 'object' && body.error !== null ? body.error : body;
  return { code: word('code' in inner ? inner.code : null), type: word('type' in inner ? inner.type : null) };
}

/** A name such as `insufficient_quota`; anything longer or stranger is text, which does not belong into a log. */
function word(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[\w.-]{1,60}$/.test(text) ? text : null;
}

/** For answers that come with status 200 and report an error nonetheless. */
export function reportedFault(provider: string, code: unknown, counted: TokenUsage | null): ProviderError {
  const name = word(code);
  const fault = faultOfCode(name);
  return new ProviderError(fault, `${provider} answered 200 and reported ${name ?? 'an error'}`, {
    usage: counted ?? NOTHING_USED,
  });
}

/** What the provider counted; what the texts come to where it counted nothing, as some compatible servers do. */
export function usageOr(counted: TokenUsage | null, question: Question, text: string): TokenUsage {
  if (counted !== null && counted.inputTokens > 0) return counted;
  return { inputTokens: estimateTokens(question.system, question.user), outputTokens: estimateTokens(text) };
}
