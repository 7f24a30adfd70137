import { deleteOldAiRequests } from '../../shared/ai/ai-request.repository.ts';
import { deleteOldIdempotencyKeys } from '../../shared/db/idempotency.repository.ts';
import { ensureMonthPartitions } from '../../shared/db/partitions.repository.ts';
import { deleteUnusedDevices } from '../../shared/identity/known-device.repository.ts';
import { deleteIdleGuards } from '../../shared/identity/login-guard.repository.ts';
import { deleteUnfinishedMfa } from '../../shared/identity/mfa.repository.ts';
import { deleteOldRevocations } from '../../shared/identity/revocation.repository.ts';
import {
  deleteEndedSessions,
  deleteUsedTokens,
  eraseSealedSuccessors,
} from '../../shared/identity/session.repository.ts';
import { deleteExpiredProposals } from '../../shared/learning/regrade.repository.ts';
import { pruneReviewCache } from '../../shared/learning/review-cache.repository.ts';
import { QueueName } from '../../shared/queues/queue-name.ts';
import { QUEUES } from '../../shared/queues/queues.ts';
import type { WorkerDeps } from '../processor.ts';
import { pruneMails } from './prune-mails.ts';

const KEEP_IDEMPOTENCY_KEYS_DAYS = 2;
const KEEP_ENDED_SESSIONS_DAYS = 30;
/** Who refreshes every quarter of an hour leaves a hundred used tokens a day. So long their second use is known for what it is. */
const KEEP_USED_TOKENS_DAYS = 7;
/** Longer than it takes until the most failures that are counted are forgiven. */
const KEEP_LOGIN_GUARDS_DAYS = 7;
/** Longer than any grace for refresh tokens whose answer got lost. */
const KEEP_SEALED_TOKENS_SECONDS = 300;
/** What language models cost stays known for a quarter. */
const KEEP_AI_REQUESTS_DAYS = 100;
const PARTITION_MONTHS_AHEAD = 2;
const JOBS_AT_ONCE = 5000;
const ROWS_AT_ONCE = 5000;

/** Removes what nobody needs any more, and makes the partitions that the next months will. */
export async function prune(deps: WorkerDeps): Promise<void> {
  const { config, db, backend, log } = deps;
  const partitions = await ensureMonthPartitions(db, PARTITION_MONTHS_AHEAD);
  const idempotencyKeys = await deleteOldIdempotencyKeys(db, KEEP_IDEMPOTENCY_KEYS_DAYS);
  const sessions = await deleteEndedSessions(db, KEEP_ENDED_SESSIONS_DAYS);
  const sealedTokens = await eraseSealedSuccessors(db, KEEP_SEALED_TOKENS_SECONDS);
  const usedTokens = await deleteUsedTokens(db, KEEP_USED_TOKENS_DAYS, ROWS_AT_ONCE);
  const revocations = await deleteOldRevocations(db);
  const loginGuards = await deleteIdleGuards(db, KEEP_LOGIN_GUARDS_DAYS);
  const unfinishedMfa = await deleteUnfinishedMfa(db);
  const devices = await deleteUnusedDevices(db);
  const regradeProposals = await deleteExpiredProposals(db);
  const cachedReviews = await pruneReviewCache(db, {
    keepMs: config.REVIEW_CACHE_DAYS * 86_400_000,
    maxEntries: config.REVIEW_CACHE_ENTRIES,
    batch: ROWS_AT_ONCE,
  });
  const aiRequests = await deleteOldAiRequests(db, KEEP_AI_REQUESTS_DAYS);
  const mails = await pruneMails(deps);
  let jobs = 0;
  for (const name of QueueName.options) {
    const { completedMs, failedMs } = QUEUES[name].retention;
    const queue = backend.queue(name);
    jobs += (await queue.clean(completedMs, JOBS_AT_ONCE, 'completed')).length;
    jobs += (await queue.clean(failedMs, JOBS_AT_ONCE, 'failed')).length;
  }
  log.debug(
    {
      partitions,
      idempotency_keys: idempotencyKeys,
      sessions,
      sealed_tokens: sealedTokens,
      used_tokens: usedTokens,
      revocations,
      unfinished_mfa: unfinishedMfa,
      login_guards: loginGuards,
      devices,
      regrade_proposals: regradeProposals,
      cached_reviews: cachedReviews,
      ai_requests: aiRequests,
      ...mails,
      jobs,
    },
    'pruned',
  );
}
