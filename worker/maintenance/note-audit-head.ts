import { Gauge } from 'prom-client';
import { findAuditHead } from '../../shared/audit/audit.repository.ts';
import type { WorkerDeps } from '../processor.ts';

/**
 * Tells the head of the audit log to the log lines, which are kept outside the database: with `npm run audit:verify -- --expect` any of them
 * proves that what was recorded until then is still there, as it was. Returns what notes the head of the moment.
 */
export function openAuditWatch({
  db,
  log,
  registry,
}: Pick<WorkerDeps, 'db' | 'log' | 'registry'>): () => Promise<void> {
  const newest = new Gauge({
    name: 'audit_log_head',
    help: 'Id of the newest record of the audit log when it was last noted; it never falls',
    registers: [registry],
  });
  return async () => {
    const head = await findAuditHead(db);
    newest.set(Number(head?.id ?? 0));
    log.info({ audit_head: head === null ? 'none' : `${head.id}:${head.hash}` }, 'audit log noted');
  };
}
