import { z } from 'zod';
import type { TokenUsage } from '../contracts/review.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

/** One provider with one model: what limits are about. */
export type ModelName = { provider: string; model: string };

/** A request about to be sent, at its worst. */
export type NewAiRequest = ModelName & {
  id: string;
  purpose: 'review' | 'curriculum';
  learnerId: string | null;
  subjectId: string;
  estimatedTokens: number;
  reservedMicros: number;
  /** After how long without being settled its sender counts as dead. */
  leaseMs: number;
};

const StandingRow = z.strictObject({
  enabled: z.boolean(),
  /** How much longer the provider wants to be left alone. */
  pause_ms: z.number(),
  /** Of the last 60 s. */
  requests: z.number(),
  tokens: z.number(),
  /** Age of the oldest of them. */
  oldest_ms: z.number(),
  /** Requests that are under way just now. */
  under_way: z.number(),
  learner_micros: z.number(),
  platform_micros: z.number(),
});
/** What is used up of every limit, just now. */
export type Standing = z.infer<typeof StandingRow>;

/** Makes all admissions of all processes wait for each other until the transaction ends. */
export async function lockAdmission(tx: Database): Promise<void> {
  await tx.query(sql.typeAlias('void')`SELECT FROM pg_advisory_xact_lock(hashtext('ai_admission'))`);
}

/**
 * Where a model, a learner (since midnight UTC) and the platform (since the full hour) stand. A cost that nobody knows counts in full
 * against the platform, since it may have been spent, and not against the learner, who is not to blame for it.
 */
export async function getStanding(
  db: Database,
  { provider, model }: ModelName,
  learnerId: string | null,
): Promise<Standing> {
  // clock_timestamp(), since now() is the start of a transaction that may have waited for its turn.
  return db.one(sql.type(StandingRow)`
    WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at),
    lately AS (
      SELECT count(*) AS requests, sum(coalesce(input_tokens + output_tokens, estimated_tokens)) AS tokens, min(created_at) AS oldest
      FROM ai_requests
      WHERE provider = ${provider} AND model = ${model} AND created_at > (SELECT at FROM moment) - interval '60 s'
    )
    SELECT
      (SELECT enabled FROM ai_switch) AS enabled,
      coalesce((SELECT ceil(extract(epoch FROM paused_until - at) * 1000) FROM ai_pauses
        WHERE provider = ${provider} AND model = ${model}), 0)::float8 AS pause_ms,
      lately.requests::float8 AS requests,
      coalesce(lately.tokens, 0)::float8 AS tokens,
      coalesce(extract(epoch FROM at - lately.oldest) * 1000, 0)::float8 AS oldest_ms,
      (SELECT count(*) FROM ai_requests WHERE provider = ${provider} AND model = ${model} AND settled_at IS NULL
        AND expires_at > (SELECT at FROM moment))::float8 AS under_way,
      coalesce((SELECT sum(CASE WHEN settled_at IS NULL AND expires_at > at THEN reserved_micros ELSE cost_micros END)
        FROM ai_requests WHERE learner_id = ${learnerId}::uuid
        AND created_at >= date_trunc('day', (SELECT at FROM moment), 'UTC')), 0)::float8 AS learner_micros,
      coalesce((SELECT micros FROM ai_spending WHERE hour = date_trunc('hour', at, 'UTC')), 0)::float8 AS platform_micros
    FROM moment, lately`);
}

export async function insertAiRequest(db: Database, request: NewAiRequest): Promise<void> {
  await db.query(sql.typeAlias('void')`
    WITH inserted AS (
      INSERT INTO ai_requests (id, provider, model, purpose, learner_id, subject_id, estimated_tokens, reserved_micros, expires_at)
      VALUES (${request.id}, ${request.provider}, ${request.model}, ${request.purpose}, ${request.learnerId}, ${request.subjectId},
        ${request.estimatedTokens}, ${request.reservedMicros}, clock_timestamp() + make_interval(secs => ${request.leaseMs / 1000}))
      RETURNING created_at, reserved_micros
    )
    INSERT INTO ai_spending AS spending (hour, micros)
    SELECT date_trunc('hour', created_at, 'UTC'), reserved_micros FROM inserted
    ON CONFLICT (hour) DO UPDATE SET micros = spending.micros + excluded.micros`);
}

/** How a request ended. `counted` is null when nobody knows what the provider counted. */
export type AiRequestEnding = { outcome: string; counted: { usage: TokenUsage; costMicros: number } | null };

/** Records how a request ended; false when that was recorded before, so that nothing is charged twice. */
export async function settleAiRequest(
  db: Database,
  id: string,
  { outcome, counted }: AiRequestEnding,
): Promise<boolean> {
  const settled = await db.maybeOne(sql.type(z.strictObject({ id: z.string() }))`
    WITH settled AS (
      UPDATE ai_requests
      SET settled_at = clock_timestamp(), outcome = ${outcome}, input_tokens = ${counted?.usage.inputTokens ?? null},
        output_tokens = ${counted?.usage.outputTokens ?? null}, cost_micros = ${counted?.costMicros ?? null}
      WHERE id = ${id} AND settled_at IS NULL
      RETURNING id, created_at, coalesce(cost_micros - reserved_micros, 0) AS correction
    ), corrected AS (
      UPDATE ai_spending SET micros = micros + correction FROM settled
      WHERE hour = date_trunc('hour', created_at, 'UTC') AND correction <> 0
    )
    SELECT id FROM settled`);
  return settled !== null;
}

/** Lets nobody ask a provider for a while; a longer pause stays. */
export async function pauseProvider(db: Database, { provider, model }: ModelName, forMs: number): Promise<void> {
  await db.query(sql.typeAlias('void')`
    INSERT INTO ai_pauses AS pause (provider, model, paused_until)
    VALUES (${provider}, ${model}, clock_timestamp() + make_interval(secs => ${forMs / 1000}))
    ON CONFLICT (provider, model) DO UPDATE SET paused_until = greatest(pause.paused_until, excluded.paused_until)`);
}

const SubjectCostRow = z.strictObject({
  requests: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost_micros: z.number(),
});

/** What all requests about a subject counted together, whatever became of them. */
export async function getSubjectCost(
  db: Database,
  purpose: NewAiRequest['purpose'],
  subjectId: string,
): Promise<z.infer<typeof SubjectCostRow>> {
  return db.one(sql.type(SubjectCostRow)`
    SELECT count(*)::int AS requests, coalesce(sum(input_tokens), 0)::float8 AS input_tokens,
      coalesce(sum(output_tokens), 0)::float8 AS output_tokens, coalesce(sum(cost_micros), 0)::float8 AS cost_micros
    FROM ai_requests WHERE purpose = ${purpose} AND subject_id = ${subjectId}`);
}

/** Removes the records of requests older than `days`, and pauses that are over. Returns how many requests went. */
export async function deleteOldAiRequests(db: Database, days: number): Promise<number> {
  await db.query(sql.typeAlias('void')`DELETE FROM ai_pauses WHERE paused_until < now()`);
  await db.query(sql.typeAlias('void')`DELETE FROM ai_spending WHERE hour < now() - make_interval(days => ${days})`);
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM ai_requests WHERE created_at < now() - make_interval(days => ${days})`);
  return deleted.rowCount;
}
