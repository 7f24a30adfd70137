import type { DegradedReason, ReviewBody, TokenUsage } from '../../shared/contracts/review.contract.ts';
import { claimCacheEntry, findCachedReview, releaseCacheEntry } from '../../shared/learning/review-cache.repository.ts';
import type { ClaimedReviewRow, ReviewOutcome } from '../../shared/learning/review-work.repository.ts';
import { NoAnswer } from '../ai/ai-client.ts';
import { JobError, JobPostponed } from '../processor.ts';
import { askForReview } from './ask-review.ts';
import { hashContent } from './content-hash.ts';
import type { StaticFacts } from './facts.ts';
import { PROMPT_VERSION } from './prompt.ts';
import { ASKED_SHARE_OF_DEADLINE } from './review-deadline.ts';
import type { ReviewDeps } from './review-deps.ts';
import { RUBRIC_VERSION } from './rubric.ts';
import { NOTHING_SPENT, type Spent } from './spent.ts';
import { factsUnknown } from './static-analysis/facts-unknown.ts';
import { staticReview } from './static-analysis/static-review.ts';
import type { ReviewSubject } from './subject.ts';

/** What is sent to providers, and analysed, at most. */
const MAX_CODE_BYTES = 65_536;
/** For all requests about one review in one job; the rest of the job's deadline is for the fallback. */
const ASK_TIMEOUT_MS = 75_000;
/** Waiting for another review of the same code: no longer than a part of what was waited already, so that few looks find it. */
const SHARED_WAIT_MS = { least: 400, most: 5000, shareOfAge: 0.2 } as const;
const LEAST_POSTPONEMENT_MS = 500;
/** So that those who were all told the same do not all come back at once. */
const POSTPONEMENT_JITTER = 0.2;
/** For what comes before and after asking, while others wait for it. */
const ANALYSIS_RESERVE_MS = 15_000;

/** When a static review is tried to be made better, unless a provider's recovery hastens it. */
const UPGRADE_AFTER_MS = 10 * 60_000;
const UPGRADABLE: ReadonlySet<DegradedReason> = new Set([
  'provider_unavailable',
  'deadline',
  'budget_platform',
  'switched_off',
]);

/** To be gone on with later. What was asked in vain until then is not forgotten. */
export class ReviewPostponed extends JobPostponed {
  readonly spent: Spent;

  constructor(delayMs: number, reason: string, spent: Spent) {
    super(delayMs, reason);
    this.name = 'ReviewPostponed';
    this.spent = spent;
  }
}

interface Making {
  review: ClaimedReviewRow;
  subject: ReviewSubject;
  contentHash: Buffer;
  /** Analysed once, and only if somebody wants to know. */
  facts: () => Promise<StaticFacts>;
  /** How long ago it was asked for, in milliseconds. */
  age: () => number;
}

/**
 * Makes a review: what a language model says, checked, of this code or earlier of the same; in its place a static one, with the reason.
 *
 * @throws ReviewPostponed when it is worth while to wait; the signal's reason when the job was taken from us.
 */
export async function makeReview(
  deps: ReviewDeps,
  review: ClaimedReviewRow,
  subject: ReviewSubject,
  signal: AbortSignal,
): Promise<ReviewOutcome> {
  const making = startMaking(deps, review, subject, signal);
  try {
    if (Buffer.byteLength(subject.code) > MAX_CODE_BYTES)
      return staticOutcome(making, factsUnknown(subject), 'too_large');
    return (await findShared(deps, making)) ?? (await askOnce(deps, making, signal));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const delayMs = worthWaiting(deps, making, error);
    if (delayMs !== null) throw new ReviewPostponed(delayMs, error.message, error);
    return staticOutcome(making, await making.facts(), error.reason, error);
  }
}

function startMaking(deps: ReviewDeps, review: ClaimedReviewRow, subject: ReviewSubject, signal: AbortSignal): Making {
  const startedAt = performance.now();
  let facts: Promise<StaticFacts> | null = null;
  return {
    review,
    subject,
    contentHash: hashOf(deps, subject),
    facts: () => (facts ??= analyse(deps, subject, signal)),
    age: () => review.age_ms + performance.now() - startedAt,
  };
}

function hashOf({ ai }: Pick<ReviewDeps, 'ai'>, subject: ReviewSubject): Buffer {
  return hashContent(subject, { promptVersion: PROMPT_VERSION, rubricVersion: RUBRIC_VERSION, modelKey: ai.modelKey });
}

/** A review without analysis and without asking anybody, for when making one has failed. */
export function lastResort(deps: Pick<ReviewDeps, 'ai'>, subject: ReviewSubject): ReviewOutcome {
  return staticOutcome({ subject, contentHash: hashOf(deps, subject) }, factsUnknown(subject), 'platform_fault');
}

async function analyse(
  { analysis, log }: ReviewDeps,
  subject: ReviewSubject,
  signal: AbortSignal,
): Promise<StaticFacts> {
  try {
    return await analysis.analyse(subject, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    log.error({ err: error, language: subject.language }, 'static analysis failed; the review goes without it');
    return factsUnknown(subject);
  }
}

async function findShared({ config, db, reviewMetrics }: ReviewDeps, making: Making): Promise<ReviewOutcome | null> {
  const cached = await findCachedReview(db, making.contentHash, { keepMs: keepMsOf(config) });
  reviewMetrics.cache(cached === null ? 'miss' : 'hit');
  if (cached === null) return null;
  return modelOutcome(making, 'cache', cached, NOTHING_SPENT);
}

/** Asks, unless another review of the same code is just being asked for: then waits for that. */
async function askOnce(deps: ReviewDeps, making: Making, signal: AbortSignal): Promise<ReviewOutcome> {
  const { ai, config, db, reviewMetrics } = deps;
  const { review, contentHash } = making;
  if (making.age() > lastAskMs(config)) throw new NoAnswer('deadline');
  if (!ai.isConfigured) return askWithin(deps, making, signal);

  const holdMs = ASK_TIMEOUT_MS + ANALYSIS_RESERVE_MS;
  if (!(await claimCacheEntry(db, contentHash, review.id, { holdMs, keepMs: keepMsOf(config) }))) {
    reviewMetrics.cache('shared');
    throw new ReviewPostponed(sharedWaitMs(making), 'the same code is being reviewed', NOTHING_SPENT);
  }
  try {
    return await askWithin(deps, making, signal);
  } catch (error) {
    // Whoever takes an interrupted review over holds its claim, too.
    if (!(error instanceof JobError)) await releaseCacheEntry(db, contentHash, review.id);
    throw error;
  }
}

async function askWithin(deps: ReviewDeps, making: Making, signal: AbortSignal): Promise<ReviewOutcome> {
  const { review, subject } = making;
  const facts = await making.facts();
  const remainingMs = deadlineMs(deps.config) - making.age();
  const patience = AbortSignal.timeout(Math.max(1, Math.min(ASK_TIMEOUT_MS, Math.floor(remainingMs))));
  try {
    const purpose = { kind: 'review', learnerId: review.learner_id, subjectId: review.id } as const;
    const answer = await askForReview(deps, subject, facts, purpose, AbortSignal.any([signal, patience]));
    return modelOutcome(making, 'llm', answer, answer);
  } catch (error) {
    if (signal.aborted && signal.reason instanceof JobError) throw signal.reason;
    if (signal.aborted || patience.aborted) throw new NoAnswer('deadline', { cause: error });
    throw error;
  }
}

/** How long to wait before asking again; null when a static review now serves the learner better. */
function worthWaiting({ config }: ReviewDeps, making: Making, { reason, retryAfterMs }: NoAnswer): number | null {
  if (reason !== 'provider_unavailable' || retryAfterMs === null || making.review.reason === 'upgrade') return null;
  const delayMs = Math.max(LEAST_POSTPONEMENT_MS, retryAfterMs * (1 + Math.random() * POSTPONEMENT_JITTER));
  return making.age() + delayMs < lastAskMs(config) ? Math.ceil(delayMs) : null;
}

function sharedWaitMs(making: Making): number {
  const waitMs = Math.min(
    SHARED_WAIT_MS.most,
    Math.max(SHARED_WAIT_MS.least, making.age() * SHARED_WAIT_MS.shareOfAge),
  );
  return Math.ceil(waitMs * (1 + Math.random() * POSTPONEMENT_JITTER));
}

const deadlineMs = ({ REVIEW_DEADLINE_SECONDS: seconds }: ReviewDeps['config']): number => seconds * 1000;

const lastAskMs = (config: ReviewDeps['config']): number => deadlineMs(config) * ASKED_SHARE_OF_DEADLINE;

const keepMsOf = ({ REVIEW_CACHE_DAYS: days }: ReviewDeps['config']): number => days * 86_400_000;

function modelOutcome(
  { subject, contentHash }: Making,
  source: 'llm' | 'cache',
  { body, provider, model }: { body: ReviewBody; provider: string; model: string },
  { usage, costMicros }: { usage: TokenUsage; costMicros: number },
): ReviewOutcome {
  return {
    body,
    source,
    degradedReason: null,
    provider,
    model,
    promptVersion: PROMPT_VERSION,
    usage,
    costMicros,
    contentHash,
    verdict: subject.grade.verdict,
    upgradeAfterMs: null,
  };
}

function staticOutcome(
  { subject, contentHash }: Pick<Making, 'subject' | 'contentHash'>,
  facts: StaticFacts,
  reason: DegradedReason,
  { usage, costMicros }: Spent = NOTHING_SPENT,
): ReviewOutcome {
  return {
    body: staticReview(subject, facts),
    source: 'static',
    degradedReason: reason,
    provider: null,
    model: null,
    promptVersion: null,
    usage,
    costMicros,
    contentHash,
    verdict: subject.grade.verdict,
    upgradeAfterMs: UPGRADABLE.has(reason) ? UPGRADE_AFTER_MS : null,
  };
}
