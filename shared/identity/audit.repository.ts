import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import type { AuditAction } from './audit-action.ts';

export interface AuditEvent {
  action: AuditAction;
  actorId: string | null;
  target: string | null;
  ip: string | null;
  requestId: string | null;
  details: Record<string, z.core.util.JSONType>;
}

const GENESIS = Buffer.alloc(32);

/** Appends to the audit log. Each record's hash covers the one before it, so that a change or a gap shows. */
export async function appendAudit(db: Pick<Database, 'transaction'>, event: AuditEvent): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(sql.typeAlias('void')`SELECT FROM pg_advisory_xact_lock(hashtext('audit_log'))`);
    const last = await tx.maybeOne(sql.type(z.strictObject({ hash: z.instanceof(Buffer) }))`
      SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1`);
    const previousHash = last?.hash ?? GENESIS;
    const occurredAt = new Date().toISOString();
    await tx.query(sql.typeAlias('void')`
      INSERT INTO audit_log (occurred_at, action, actor_id, target, ip, request_id, details, previous_hash, hash)
      VALUES (${occurredAt}, ${event.action}, ${event.actorId}, ${event.target}, ${event.ip}, ${event.requestId},
        ${sql.json(event.details)}, ${sql.binary(previousHash)}, ${sql.binary(chainHash(previousHash, occurredAt, event))})`);
  });
}

function chainHash(previousHash: Buffer, occurredAt: string, event: AuditEvent): Buffer {
  const record = [occurredAt, event.action, event.actorId, event.target, event.ip, event.requestId, event.details];
  return createHash('sha256').update(previousHash).update(JSON.stringify(record)).digest();
}
