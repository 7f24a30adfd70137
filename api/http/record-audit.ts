import type { Database } from '../../shared/db/pool.ts';
import { appendAudit, type AuditEvent } from '../../shared/audit/audit.repository.ts';
import type { RequestFacts } from './define-route.ts';
import { requestId } from './request-context.ts';

interface RequestEvent extends Pick<AuditEvent, 'action' | 'actorId'> {
  target?: string | null;
  details?: AuditEvent['details'];
}

/**
 * Appends what happened in this request to the audit log. Inside a transaction it has to be the last step: the log's end is locked from
 * here to the commit, and whoever took other locks afterwards could wait for somebody who waits for the log.
 */
export async function recordAudit(
  db: Pick<Database, 'query'>,
  request: Pick<RequestFacts, 'ip'>,
  { action, actorId, target = null, details = {} }: RequestEvent,
): Promise<void> {
  await appendAudit(db, { action, actorId, target, ip: request.ip, requestId: requestId(), details });
}
