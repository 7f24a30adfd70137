import type { AiSettings } from '../../shared/config/ai.section.ts';
import {
  getStanding,
  insertAiRequest,
  lockAdmission,
  type NewAiRequest,
  type Standing,
} from '../../shared/ai/ai-request.repository.ts';
import type { Database } from '../../shared/db/pool.ts';

/** Why a request may not be sent just now. */
export type Refusal = {
  reason: 'switched_off' | 'paused' | 'concurrency' | 'requests' | 'tokens' | 'budget_learner' | 'budget_platform';
  /** After how long it may be; null when waiting is not what helps. */
  retryAfterMs: number | null;
};

/** The request was not sent. */
export class NotAdmitted extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`not admitted: ${refusal.reason}`);
    this.name = 'NotAdmitted';
    this.refusal = refusal;
  }
}

const MINUTE_MS = 60_000;
/** How soon a place may be free when all are taken: nobody knows, and requests take seconds. */
const CONCURRENCY_RETRY_MS = 1000;

/**
 * Takes a request's place in all limits and reserves its money, over all processes at once.
 *
 * @throws NotAdmitted when there is no room; nothing is reserved then.
 */
export async function admit(
  db: Database,
  { limits, budgets }: Pick<AiSettings, 'limits' | 'budgets'>,
  request: NewAiRequest,
): Promise<void> {
  await db.transaction(async (tx) => {
    await lockAdmission(tx);
    const refusal = findRefusal(await getStanding(tx, request, request.learnerId), request, limits, budgets);
    if (refusal !== null) throw new NotAdmitted(refusal);
    await insertAiRequest(tx, request);
  });
}

type Asked = Pick<NewAiRequest, 'learnerId' | 'estimatedTokens' | 'reservedMicros'>;

/** Why the request may not be sent given what is used up; null when it may. */
export function findRefusal(
  standing: Standing,
  { learnerId, estimatedTokens, reservedMicros }: Asked,
  limits: AiSettings['limits'],
  budgets: AiSettings['budgets'],
): Refusal | null {
  if (!standing.enabled) return { reason: 'switched_off', retryAfterMs: null };
  // Budgets before limits: to wait for a place that could not be paid for is of no use.
  if (learnerId !== null && standing.learner_micros + reservedMicros > budgets.learnerPerDayMicros) {
    return { reason: 'budget_learner', retryAfterMs: null };
  }
  if (standing.platform_micros + reservedMicros > budgets.platformPerHourMicros) {
    return { reason: 'budget_platform', retryAfterMs: null };
  }
  if (standing.pause_ms > 0) return { reason: 'paused', retryAfterMs: standing.pause_ms };
  if (standing.under_way >= limits.concurrency) return { reason: 'concurrency', retryAfterMs: CONCURRENCY_RETRY_MS };
  const untilOldestIsOver = Math.max(1, Math.ceil(MINUTE_MS - standing.oldest_ms));
  if (standing.requests >= limits.requestsPerMinute) return { reason: 'requests', retryAfterMs: untilOldestIsOver };
  // One request larger than the whole limit would wait for ever: it may go when there is nothing else.
  if (standing.tokens > 0 && standing.tokens + estimatedTokens > limits.tokensPerMinute) {
    return { reason: 'tokens', retryAfterMs: untilOldestIsOver };
  }
  return null;
}
