import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { DatabasePool } from 'slonik';
import { pauseProvider, settleAiRequest, type AiRequestEnding } from '../../shared/ai/ai-request.repository.ts';
import { costMicros, type Price } from '../../shared/ai/prices.ts';
import type { AiSettings } from '../../shared/config/ai.section.ts';
import { isDatabaseUnavailable } from '../../shared/db/database-errors.ts';
import { newId } from '../../shared/db/id.ts';
import type { AiMetrics } from '../../shared/observability/ai.metrics.ts';
import type { Breaker, Judgement } from '../../shared/resilience/breaker.ts';
import { admit, NotAdmitted } from './admission.ts';
import type { Purpose } from './ai-client.ts';
import { ProviderError, type Provider, type Question, type RawAnswer } from './provider.ts';
import type { Spending } from './spending.ts';
import { estimateTokens, NOTHING_USED } from './usage.ts';

/** One model that can be asked, with what guards it. */
export type Lane = { provider: Provider; breaker: Breaker; price: Price };

export type SendDeps = {
  db: DatabasePool;
  settings: AiSettings;
  log: Logger;
  metrics: AiMetrics;
};

export type SendRequest = (question: Question, signal: AbortSignal) => Promise<RawAnswer>;

/** A lease outlives the longest request by this much, so that only the dead lose theirs. */
const LEASE_MARGIN_MS = 15_000;
/** What a request weighs beyond its texts: the schema, and what a provider adds. */
const OVERHEAD_TOKENS = 1000;
const LONGEST_PAUSE_MS = 3_600_000;
/** An answer that is there is worth some seconds of waiting for a database that restarts. */
const SETTLE_RETRY = { retries: 6, minTimeout: 100, maxTimeout: 2000 } as const;

/**
 * Sends requests to one model: each is admitted, sent once, and settled with what it cost, whatever way it ends.
 *
 * @throws (of what is returned) ProviderError, NotAdmitted, BreakerOpen; the signal's reason when aborted.
 */
export function createSendRequest(deps: SendDeps, lane: Lane, purpose: Purpose, spending: Spending): SendRequest {
  return (question, signal) => lane.breaker.run(() => sendOne(deps, lane, purpose, spending, question, signal));
}

async function sendOne(
  deps: SendDeps,
  lane: Lane,
  purpose: Purpose,
  spending: Spending,
  question: Question,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const { provider, price } = lane;
  const id = newId();
  const inputTokens = estimateTokens(question.system, question.user) + OVERHEAD_TOKENS;
  await admit(deps.db, deps.settings, {
    id,
    provider: provider.name,
    model: provider.model,
    purpose: purpose.kind,
    learnerId: purpose.learnerId,
    subjectId: purpose.subjectId,
    estimatedTokens: inputTokens + question.maxOutputTokens,
    reservedMicros: costMicros(price, { inputTokens, outputTokens: question.maxOutputTokens }),
    leaseMs: deps.settings.requestTimeoutMs + LEASE_MARGIN_MS,
  });
  const startedAt = performance.now();
  const settle = (ending: AiRequestEnding): Promise<void> =>
    settleRequest(deps, lane, spending, { id, seconds: (performance.now() - startedAt) / 1000, ...ending });
  let answer: RawAnswer;
  try {
    answer = await askInTime(provider, question, signal, deps.settings.requestTimeoutMs);
  } catch (error) {
    if (!(error instanceof ProviderError)) {
      await settle({ outcome: signal.aborted ? 'aborted' : 'error', counted: null });
      throw error;
    }
    const counted = { usage: error.usage, costMicros: costMicros(price, error.usage) };
    await settle({ outcome: error.fault, counted: error.mayHaveCost ? null : counted });
    await heedWish(deps, lane, error);
    throw error;
  }
  await settle({ outcome: 'answered', counted: { usage: answer.usage, costMicros: costMicros(price, answer.usage) } });
  return answer;
}

/** @throws ProviderError `timeout` after `requestTimeoutMs`; the signal's reason when that is aborted. */
async function askInTime(
  provider: Provider,
  question: Question,
  signal: AbortSignal,
  requestTimeoutMs: number,
): Promise<RawAnswer> {
  const timeout = AbortSignal.timeout(requestTimeoutMs);
  try {
    return await provider.ask(question, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted || !timeout.aborted) throw error;
    const message = `${provider.name} did not answer within ${requestTimeoutMs} ms`;
    throw new ProviderError('timeout', message, { mayHaveCost: true });
  }
}

async function settleRequest(
  { db, log, metrics }: SendDeps,
  { provider }: Lane,
  spending: Spending,
  { id, seconds, ...ending }: AiRequestEnding & { id: string; seconds: number },
): Promise<void> {
  const { outcome, counted } = ending;
  const usage = counted?.usage ?? NOTHING_USED;
  spending.add(usage, counted?.costMicros ?? 0);
  const name = { provider: provider.name, model: provider.model };
  metrics.requested({ ...name, outcome, seconds, ...usage, costMicros: counted?.costMicros ?? 0 });
  log.debug({ ai_request_id: id, ...name, outcome, seconds }, 'language model asked');
  await pRetry(() => settleAiRequest(db, id, ending), {
    ...SETTLE_RETRY,
    shouldRetry: ({ error }) => isDatabaseUnavailable(error),
  });
}

/** A provider that wants to be left alone is left alone by every worker. */
async function heedWish({ db }: SendDeps, { provider }: Lane, { retryAfterMs }: ProviderError): Promise<void> {
  if (retryAfterMs === null || retryAfterMs === 0) return;
  await pauseProvider(db, { provider: provider.name, model: provider.model }, Math.min(retryAfterMs, LONGEST_PAUSE_MS));
}

/** What the breaker of a model makes of an error. A wrong key or an empty account stays so for a while. */
export function judgeError(error: unknown): Judgement {
  if (error instanceof NotAdmitted || !(error instanceof ProviderError)) return 'nothing';
  switch (error.fault) {
    case 'overloaded':
    case 'unreachable':
    case 'timeout':
      return 'failure';
    case 'quota':
    case 'unauthorized':
      return 'fatal';
    case 'rate_limited':
    case 'refused':
    case 'truncated':
    case 'bad_request':
    case 'invalid_answer':
      return 'success';
  }
}
