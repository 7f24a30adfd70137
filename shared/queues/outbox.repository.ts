import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { QueueName } from './queue-name.ts';

export const OutboxRow = z.strictObject({
  id: z.string(),
  queue: QueueName,
  job_name: z.string(),
  job_id: z.string(),
  payload: z.record(z.string(), z.json()),
  priority: z.number(),
});
export type OutboxRow = z.infer<typeof OutboxRow>;

export async function insertOutboxRow(db: Database, row: OutboxRow): Promise<void> {
  await db.query(sql.typeAlias('void')`
    INSERT INTO outbox (id, queue, job_name, job_id, payload, priority)
    VALUES (${row.id}, ${row.queue}, ${row.job_name}, ${row.job_id}, ${sql.jsonb(row.payload)}, ${row.priority})`);
}

export async function deleteOutboxRows(db: Database, ids: readonly string[]): Promise<void> {
  await db.query(sql.typeAlias('void')`DELETE FROM outbox WHERE id = ANY(${sql.array([...ids], 'uuid')})`);
}

/** The oldest rows that nobody else is sending, locked until the transaction ends. Fresh ones are left to who wrote them. */
export async function lockUnsentRows(db: Database, olderThanMs: number, limit: number): Promise<readonly OutboxRow[]> {
  return db.any(sql.type(OutboxRow)`
    SELECT id, queue, job_name, job_id, payload, priority
    FROM outbox
    WHERE created_at < now() - make_interval(secs => ${olderThanMs / 1000})
    ORDER BY created_at
    LIMIT ${limit}
    FOR UPDATE SKIP LOCKED`);
}

/** Age in seconds of the oldest row not sent; 0 when all is sent. */
export async function getOutboxLagSeconds(db: Database): Promise<number> {
  return db.oneFirst(sql.type(z.strictObject({ lag: z.number() }))`
    SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS lag FROM outbox`);
}
