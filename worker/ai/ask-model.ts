import { setTimeout as sleep } from 'node:timers/promises';
import pRetry, { type RetryContext } from 'p-retry';
import type { z } from 'zod';
import { parseAnswer } from './parse-answer.ts';
import { ProviderError, type Question } from './provider.ts';
import type { SendRequest } from './send-request.ts';

/** The most requests that one provider gets for one question: the first, and retries and a repair together. */
const REQUESTS_PER_PROVIDER = 3;
/** A longer wish of a provider to be left alone is not waited for: whoever asked is told, and comes back. */
const LONGEST_WAIT_MS = 5000;
const RETRY = { retries: REQUESTS_PER_PROVIDER - 1, factor: 3, maxTimeout: 10_000, randomize: true } as const;
/** Time that another request must have left to be worth its beginning. */
export const LEAST_TIME_MS = 500;

/** What asking one model needs to know. */
type Asking = {
  /** Sends one request, inside the limits, the budgets and the breaker. */
  send: SendRequest;
  signal: AbortSignal;
  /** Until when all of it has to be over, by `performance.now()`. */
  deadline: number;
  /** Before the first retry. */
  retryDelayMs: number;
};

/**
 * Asks one model: tries again after what may pass by itself, and has an answer that breaks its schema mended once. This is the one place
 * where anything is retried.
 *
 * @throws ProviderError, NotAdmitted or BreakerOpen, whichever came last; the signal's reason when aborted.
 */
export async function askModel<Schema extends z.ZodType>(
  { send, signal, deadline, retryDelayMs }: Asking,
  question: Question<Schema>,
): Promise<z.output<Schema>> {
  let repairs = 0;
  let problems: readonly string[] = [];
  const ask = async (): Promise<z.output<Schema>> => {
    const { text } = await send(problems.length === 0 ? question : withProblems(question, problems), signal);
    const parsed = parseAnswer(text, question.schema);
    if (parsed.ok) return parsed.value;
    ({ problems } = parsed);
    throw new ProviderError('invalid_answer', `the answer breaks its schema: ${problems.length} problem(s)`);
  };
  const shouldRetry = async ({ error, retryDelay }: RetryContext): Promise<boolean> => {
    if (!(error instanceof ProviderError)) return false;
    if (error.fault === 'invalid_answer') {
      repairs += 1;
      return repairs === 1;
    }
    if (error.fault !== 'overloaded' && error.fault !== 'unreachable' && error.fault !== 'rate_limited') return false;
    const waitMs = error.retryAfterMs ?? 0;
    if (waitMs > LONGEST_WAIT_MS || performance.now() + waitMs + retryDelay + LEAST_TIME_MS > deadline) return false;
    await sleep(waitMs, undefined, { signal });
    return true;
  };
  return pRetry(ask, { ...RETRY, minTimeout: retryDelayMs, signal, shouldRetry });
}

/** The question again, with what was wrong with the answer. What the model wrote itself is not repeated to it. */
function withProblems<Schema extends z.ZodType>(
  question: Question<Schema>,
  problems: readonly string[],
): Question<Schema> {
  const list = problems.map((problem) => `- ${problem}`).join('\n');
  return {
    ...question,
    system: `${question.system}\n\nAn answer of yours was rejected because it broke its JSON schema:\n${list}\nAnswer anew, with JSON of that schema and nothing else.`,
  };
}
