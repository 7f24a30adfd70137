import { z } from 'zod';
import type { DegradedReason, ReviewBody, ReviewSource, TokenUsage } from '../contracts/review.contract.ts';
import type { Verdict } from '../contracts/grade.contract.ts';
import type { Database } from '../db/pool.ts';
import { CHANNELS } from '../db/notifications.ts';
import { sql } from '../db/sql.ts';
import { storableJson } from '../db/storable-json.ts';

/** The making of reviews: who may work on one, and what becomes of it. What learners see of it is in `review.repository.ts`. */

export const ReviewReason = z.enum(['graded', 'requested', 'regraded', 'upgrade']);
export type ReviewReason = z.infer<typeof ReviewReason>;

const ClaimedReviewRow = z.strictObject({
  id: z.string(),
  submission_id: z.string(),
  learner_id: z.string(),
  reason: ReviewReason,
  crashes: z.number(),
  attempt_token: z.string(),
  /** Since it was asked for, by the database's clock. */
  age_ms: z.number(),
});
export type ClaimedReviewRow = z.infer<typeof ClaimedReviewRow>;

/**
 * Stands in the RETURNING of the statements that end the making of a review: who watches the submission hears of it at the commit. Steps on the
 * way are no news that anybody waits for, and commits that notify are dear.
 */
const tellChange = sql.fragment`pg_notify(${CHANNELS.submissionChanged}, submission_id::text)`;

/** What was used in vain so far counts too. */
const spend = (usage: TokenUsage, costMicros: number) => sql.fragment`
  input_tokens = input_tokens + ${usage.inputTokens}, output_tokens = output_tokens + ${usage.outputTokens},
  cost_micros = cost_micros + ${costMicros}`;

/**
 * Takes a review that is to be made under a fresh token; whoever held it before can write nothing more. One that is completed already, and is
 * made anew, stays so meanwhile.
 *
 * @returns null when nothing is to be done about it, or it was dispatched anew since this job was made, or is gone.
 */
export async function claimReview(
  db: Database,
  id: string,
  dispatch: number,
  token: string,
): Promise<ClaimedReviewRow | null> {
  return db.maybeOne(sql.prepared('claim_review', ClaimedReviewRow)`
    UPDATE reviews
    SET attempt_token = ${token}, crashes = crashes + (work = 'running')::int, work = 'running',
      status = CASE WHEN status = 'pending' THEN 'running' ELSE status END, started_at = coalesce(started_at, now())
    WHERE id = ${id} AND dispatch = ${dispatch} AND work IN ('queued', 'running')
    RETURNING id, submission_id, learner_id, reason, crashes, attempt_token,
      (extract(epoch FROM now() - asked_at) * 1000)::float8 AS age_ms`);
}

/** Hands a review back to be claimed again. Returns false when it is somebody else's by now. */
export async function releaseReview(
  tx: Database,
  id: string,
  token: string,
  spent: { usage: TokenUsage; costMicros: number },
): Promise<boolean> {
  const released = await tx.query(sql.typeAlias('void')`
    UPDATE reviews
    SET work = 'queued', attempt_token = NULL, status = CASE WHEN status = 'running' THEN 'pending' ELSE status END,
      ${spend(spent.usage, spent.costMicros)}
    WHERE id = ${id} AND attempt_token = ${token} AND work = 'running'`);
  return released.rowCount === 1;
}

/** What was found out about a submission's code, and how. */
export interface ReviewOutcome {
  body: ReviewBody;
  source: ReviewSource;
  degradedReason: DegradedReason | null;
  /** Who said it; null for a static review. */
  provider: string | null;
  model: string | null;
  promptVersion: string | null;
  /** Of this making alone. */
  usage: TokenUsage;
  costMicros: number;
  contentHash: Buffer;
  verdict: Verdict;
  /** When a better one may be tried for; null: it is what it should be. */
  upgradeAfterMs: number | null;
}

/** Writes a review if the token still holds it. Returns false when it does not: then nothing may be written at all. */
export async function completeReview(
  tx: Database,
  id: string,
  token: string,
  outcome: ReviewOutcome,
): Promise<boolean> {
  const completed = await tx.query(sql.typeAlias('void')`
    WITH completed AS (
      UPDATE reviews
      SET status = 'completed', work = 'idle', attempt_token = NULL, failure = NULL, completed_at = now(),
        source = ${outcome.source}, degraded_reason = ${outcome.degradedReason}, body = ${sql.jsonb(storableJson(outcome.body))},
        content_hash = ${sql.binary(outcome.contentHash)}, verdict = ${outcome.verdict}, provider = ${outcome.provider},
        model = ${outcome.model}, prompt_version = ${outcome.promptVersion}, upgrade_after = ${later(outcome.upgradeAfterMs)},
        ${spend(outcome.usage, outcome.costMicros)}
      WHERE id = ${id} AND attempt_token = ${token} AND work = 'running'
      RETURNING ${tellChange}
    )
    SELECT FROM completed`);
  return completed.rowCount === 1;
}

/** Leaves a completed review as it is: the better one that was tried for did not come. Returns false when the token does not hold it. */
export async function keepReview(
  tx: Database,
  id: string,
  token: string,
  spent: { usage: TokenUsage; costMicros: number; upgradeAfterMs: number | null },
): Promise<boolean> {
  const kept = await tx.query(sql.typeAlias('void')`
    UPDATE reviews
    SET work = 'idle', attempt_token = NULL, upgrade_after = ${later(spent.upgradeAfterMs)}, ${spend(spent.usage, spent.costMicros)}
    WHERE id = ${id} AND attempt_token = ${token} AND work = 'running' AND status = 'completed'`);
  return kept.rowCount === 1;
}

/** The platform gives up; a review that was completed before stays. Returns false when the token does not hold it any more. */
export async function failReview(tx: Database, id: string, token: string, failure: string): Promise<boolean> {
  const failed = await tx.query(sql.typeAlias('void')`
    WITH failed AS (
      UPDATE reviews
      SET status = CASE WHEN status = 'completed' THEN status ELSE 'failed' END, work = 'idle', attempt_token = NULL,
        failure = ${failure.slice(0, MAX_FAILURE_CHARS)}, upgrade_after = NULL,
        completed_at = CASE WHEN status = 'completed' THEN completed_at ELSE now() END
      WHERE id = ${id} AND attempt_token = ${token} AND work = 'running'
      RETURNING ${tellChange}
    )
    SELECT FROM failed`);
  return failed.rowCount === 1;
}

const MAX_FAILURE_CHARS = 500;

const later = (milliseconds: number | null) =>
  milliseconds === null ? sql.fragment`NULL` : sql.fragment`now() + make_interval(secs => ${milliseconds / 1000})`;

/**
 * Takes back one counted crash: whoever held the review under this token is alive, it only lost its lock for a while.
 * Does nothing while the token still holds the review.
 */
export async function recantReviewCrash(db: Database, id: string, token: string): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE reviews SET crashes = crashes - 1
    WHERE id = ${id} AND attempt_token IS DISTINCT FROM ${token} AND crashes > 0 AND work IN ('queued', 'running')`);
}

const DispatchRow = z.strictObject({ id: z.string(), dispatch: z.number(), priority: z.number() });
export type ReviewDispatchRow = z.infer<typeof DispatchRow>;

/** As `listUnfinishedRuns`, of reviews. */
export async function listUnfinishedReviews(
  db: Database,
  olderThanMs: number,
  afterId: string | null,
  limit: number,
): Promise<readonly ReviewDispatchRow[]> {
  return db.any(sql.type(DispatchRow)`
    SELECT id, dispatch, priority
    FROM reviews r
    WHERE work IN ('queued', 'running') AND dispatched_at < now() - make_interval(secs => ${olderThanMs / 1000})
      AND ${afterId === null ? sql.fragment`true` : sql.fragment`id > ${afterId}`}
      AND NOT EXISTS (SELECT FROM outbox o WHERE o.job_id = 'review-' || r.id || '-' || r.dispatch)
    ORDER BY id
    LIMIT ${limit}`);
}

/** Moves an unfinished review to its next dispatch, unless somebody did so already. The old job, should it turn up, claims nothing. */
export async function redispatchReview(tx: Database, review: ReviewDispatchRow): Promise<boolean> {
  const moved = await tx.query(sql.typeAlias('void')`
    UPDATE reviews SET dispatch = dispatch + 1, dispatched_at = now()
    WHERE id = ${review.id} AND dispatch = ${review.dispatch} AND work IN ('queued', 'running')`);
  return moved.rowCount === 1;
}

interface AskAgain {
  reason: ReviewReason;
  priority: number;
}

/** What a completed or failed review looks like once it is asked for again. */
const askAgain = ({ reason, priority }: AskAgain) => sql.fragment`
  work = 'queued', reason = ${reason}, priority = ${priority}, attempt_token = NULL, crashes = 0, failure = NULL, upgrade_after = NULL,
  dispatch = dispatch + 1, dispatched_at = now(), asked_at = now(), started_at = NULL`;

/** Asks again for a review that failed. Returns null when it did not, or was asked for already. */
export async function reopenFailedReview(
  tx: Database,
  submissionId: string,
  again: AskAgain,
): Promise<ReviewDispatchRow | null> {
  return tx.maybeOne(sql.type(DispatchRow)`
    UPDATE reviews SET status = 'pending', completed_at = NULL, ${askAgain(again)}
    WHERE submission_id = ${submissionId} AND status = 'failed' AND work = 'idle'
    RETURNING id, dispatch, priority`);
}

/** Asks again for a completed review that speaks of another verdict than the submission has now. It stays readable until then. */
export async function reopenContradictedReview(
  tx: Database,
  submissionId: string,
  verdict: Verdict,
  again: AskAgain,
): Promise<ReviewDispatchRow | null> {
  return tx.maybeOne(sql.type(DispatchRow)`
    UPDATE reviews SET ${askAgain(again)}
    WHERE submission_id = ${submissionId} AND status = 'completed' AND work = 'idle' AND verdict IS DISTINCT FROM ${verdict}
    RETURNING id, dispatch, priority`);
}

/** Moves waiting reviews of so old a date to the front, under their next dispatch: a flood of others must not keep them past their deadline. */
export async function hastenOverdueReviews(
  tx: Database,
  olderThanMs: number,
  limit: number,
): Promise<readonly ReviewDispatchRow[]> {
  return tx.any(sql.type(DispatchRow)`
    UPDATE reviews SET priority = 0, dispatch = dispatch + 1, dispatched_at = now()
    WHERE id IN (
      SELECT id FROM reviews
      WHERE work = 'queued' AND status = 'pending' AND priority > 0 AND asked_at < now() - make_interval(secs => ${olderThanMs / 1000})
      ORDER BY id
      LIMIT ${limit}
      FOR UPDATE SKIP LOCKED)
    RETURNING id, dispatch, priority`);
}

/** Asks again for the newest of those static reviews whose time to be tried again has come. They stay readable until then. */
export async function reopenUpgradable(
  tx: Database,
  windowMs: number,
  again: AskAgain,
  limit: number,
): Promise<readonly ReviewDispatchRow[]> {
  return tx.any(sql.type(DispatchRow)`
    UPDATE reviews SET ${askAgain(again)}
    WHERE id IN (
      SELECT id FROM reviews
      WHERE upgrade_after <= now() AND completed_at > now() - make_interval(secs => ${windowMs / 1000}) AND work = 'idle'
      ORDER BY id DESC
      LIMIT ${limit}
      FOR UPDATE SKIP LOCKED)
    RETURNING id, dispatch, priority`);
}

/** Holds until the transaction ends; false when another worker has it. */
export async function tryLeadUpgrades(tx: Database): Promise<boolean> {
  return tx.oneFirst(sql.type(z.strictObject({ leads: z.boolean() }))`
    SELECT pg_try_advisory_xact_lock(hashtext('review upgrades')) AS leads`);
}

/** How many reviews are being made better just now. */
export async function countUpgradesInFlight(db: Database): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM reviews WHERE work IN ('queued', 'running') AND reason = 'upgrade'`);
}

/** A provider answers again: lets everything that was waiting for a better time be tried now. Returns how many that are. */
export async function hastenUpgrades(db: Database): Promise<number> {
  const hastened = await db.query(
    sql.typeAlias('void')`UPDATE reviews SET upgrade_after = now() WHERE upgrade_after > now()`,
  );
  return hastened.rowCount;
}

/** Reviews older than the window stay what they are. Returns how many were waiting in vain. */
export async function forgetOldUpgrades(db: Database, windowMs: number): Promise<number> {
  const forgotten = await db.query(sql.typeAlias('void')`
    UPDATE reviews SET upgrade_after = NULL
    WHERE upgrade_after IS NOT NULL AND completed_at <= now() - make_interval(secs => ${windowMs / 1000})`);
  return forgotten.rowCount;
}
