import type { DatabasePool } from 'slonik';
import type { AuditQuery, AuditRecord } from '../../shared/contracts/audit.contract.ts';
import { toPage } from '../../shared/contracts/common.contract.ts';
import { AppError } from '../../shared/errors.ts';
import { AUDIT_ACTIONS } from '../../shared/audit/audit-action.ts';
import { listAudit, type AuditRow } from '../../shared/audit/audit.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';

export interface AuditDeps {
  db: DatabasePool;
}

/**
 * A page of the audit log. Each that is looked at is recorded in it: a cursor can be made up, so a first page need not come before.
 *
 * @throws AppError VALIDATION_FAILED for an action that there is none of.
 */
export async function readAudit(
  { db }: AuditDeps,
  actor: Actor,
  { limit, cursor, ...filter }: AuditQuery,
  request: RequestFacts,
): Promise<{ items: AuditRecord[]; nextCursor: string | null }> {
  requireKnownAction(filter.action);
  return db.transaction(async (tx) => {
    const rows = await listAudit(tx, filter, cursor, limit + 1);
    const details = definedOnly({ ...filter, cursor });
    await recordAudit(tx, request, { action: 'audit.read', actorId: actor.id, details });
    return toPage(rows, limit, toRecord);
  });
}

function requireKnownAction(action: string | undefined): void {
  if (action === undefined || AUDIT_ACTIONS.some((known) => known === action)) return;
  throw new AppError('VALIDATION_FAILED', 'The request is not valid; see errors.', {
    errors: [{ path: 'action', message: `must be one of: ${AUDIT_ACTIONS.join(', ')}` }],
  });
}

function definedOnly(asked: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function toRecord(row: AuditRow): AuditRecord {
  return {
    id: row.id,
    occurredAt: row.occurred_at,
    action: row.action,
    actorId: row.actor_id,
    target: row.target,
    ip: row.ip,
    requestId: row.request_id,
    details: row.details,
  };
}
