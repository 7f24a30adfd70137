import { z } from 'zod';
import { ReviewBody } from '../contracts/review.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { storableJson } from '../db/storable-json.ts';

/** What language models said about pieces of code, by the hash of everything that the answer depends on. Nothing here says whose code it was. */

const CachedRow = z.strictObject({ body: ReviewBody, provider: z.string(), model: z.string() });
export type CachedReview = z.infer<typeof CachedRow>;

/** Entries not used for so long are not believed any more, also before they are deleted. */
interface Freshness {
  keepMs: number;
}

/** What was said about the same code before, if it was. Using it keeps it from being forgotten. */
export async function findCachedReview(
  db: Database,
  contentHash: Buffer,
  { keepMs }: Freshness,
): Promise<CachedReview | null> {
  return db.maybeOne(sql.prepared('find_cached_review', CachedRow)`
    WITH used AS (
      UPDATE review_cache SET last_used_at = now()
      WHERE content_hash = ${sql.binary(contentHash)} AND body IS NOT NULL AND last_used_at < now() - interval '1 hour'
        AND last_used_at > now() - make_interval(secs => ${keepMs / 1000})
    )
    SELECT body, provider, model FROM review_cache
    WHERE content_hash = ${sql.binary(contentHash)} AND body IS NOT NULL AND last_used_at > now() - make_interval(secs => ${keepMs / 1000})`);
}

/**
 * Claims the right to ask about a piece of code. Whoever holds it asks; a claim ends by being filled, released, or with its time. The same
 * review may claim again, as it does after its worker died.
 *
 * @returns false when another review is asking, or has the answer already.
 */
export async function claimCacheEntry(
  db: Database,
  contentHash: Buffer,
  reviewId: string,
  { holdMs, keepMs }: Freshness & { holdMs: number },
): Promise<boolean> {
  const claimed = await db.query(sql.typeAlias('void')`
    INSERT INTO review_cache AS c (content_hash, holder_review_id, claimed_until)
    VALUES (${sql.binary(contentHash)}, ${reviewId}, now() + make_interval(secs => ${holdMs / 1000}))
    ON CONFLICT (content_hash) DO UPDATE
    SET holder_review_id = excluded.holder_review_id, claimed_until = excluded.claimed_until, body = NULL, provider = NULL, model = NULL,
      created_at = now(), last_used_at = now()
    WHERE (c.body IS NULL AND (c.claimed_until < now() OR c.holder_review_id = excluded.holder_review_id))
      OR (c.body IS NOT NULL AND c.last_used_at <= now() - make_interval(secs => ${keepMs / 1000}))`);
  return claimed.rowCount === 1;
}

/** Keeps the answer for others. Does nothing when the claim is another review's by now. */
export async function fillCacheEntry(
  tx: Database,
  contentHash: Buffer,
  reviewId: string,
  { body, provider, model }: CachedReview,
): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE review_cache
    SET body = ${sql.jsonb(storableJson(body))}, provider = ${provider}, model = ${model}, holder_review_id = NULL, claimed_until = NULL,
      last_used_at = now()
    WHERE content_hash = ${sql.binary(contentHash)} AND holder_review_id = ${reviewId}`);
}

/** There is no answer, or not now: lets another review ask. */
export async function releaseCacheEntry(db: Database, contentHash: Buffer, reviewId: string): Promise<void> {
  await db.query(sql.typeAlias('void')`
    DELETE FROM review_cache WHERE content_hash = ${sql.binary(contentHash)} AND holder_review_id = ${reviewId}`);
}

interface CacheLimits extends Freshness {
  /** Beyond so many the longest unused go first. */
  maxEntries: number;
  /** At most so many are deleted at once. */
  batch: number;
}

/** Deletes what is old, claims that were never filled, and what is too much. Returns how many entries. */
export async function pruneReviewCache(db: Database, { keepMs, maxEntries, batch }: CacheLimits): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM review_cache WHERE content_hash IN (
      SELECT content_hash FROM (
        (SELECT content_hash FROM review_cache
          WHERE last_used_at <= now() - make_interval(secs => ${keepMs / 1000}) OR claimed_until < now() - interval '1 hour'
          LIMIT ${batch})
        UNION
        (SELECT content_hash FROM review_cache WHERE body IS NOT NULL ORDER BY last_used_at DESC OFFSET ${maxEntries} LIMIT ${batch})
      ) superfluous)`);
  return deleted.rowCount;
}
