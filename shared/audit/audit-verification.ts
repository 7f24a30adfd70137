import type { Database } from '../db/pool.ts';
import { chainedBody, chainHash, GENESIS_HASH } from './audit-chain.ts';
import { findRecordAfter, findRecordByHash, listChainRows, type AuditHead, type ChainRow } from './audit.repository.ts';

/**
 * What is wrong with the first record that does not fit:
 * `changed` – it, or its hash, is not what was written; also of a forged record whose hash was made up.
 * `missing` – one or more records before it are gone.
 * `reordered` – what it follows stands after it.
 * `extra` – it, or what stands right before it, was put in between.
 * `cut_off` – a head that was noted earlier is gone from the log's end.
 * `rewritten` – a head that was noted earlier has another hash now.
 */
export type AuditFaultKind = 'changed' | 'missing' | 'reordered' | 'extra' | 'cut_off' | 'rewritten';

export interface AuditFault {
  kind: AuditFaultKind;
  recordId: bigint;
}

export interface AuditVerification {
  /** Sound records, from the beginning. */
  count: number;
  /** The last of them. */
  head: AuditHead | null;
  fault: AuditFault | null;
}

const PAGE = 1000;

/**
 * Recomputes the hash of every record and follows the chain through all of them, a page at a time, up to the first fault. The chain alone does
 * not show that its end was cut off, or that somebody rewrote all of it: heads noted outside the database do, given as `expected`.
 */
export async function verifyAudit(db: Database, expected: readonly AuditHead[] = []): Promise<AuditVerification> {
  const noted = new Map(expected.map(({ id, hash }) => [id, hash]));
  let count = 0;
  let head: AuditHead | null = null;
  for (;;) {
    const rows = await listChainRows(db, head?.id ?? null, PAGE);
    for (const row of rows) {
      const kind = await findFault(db, row, head, noted.get(row.id));
      if (kind !== null) return { count, head, fault: { kind, recordId: row.id } };
      noted.delete(row.id);
      head = { id: row.id, hash: row.hash };
      count += 1;
    }
    if (rows.length < PAGE) break;
  }
  const [lost] = noted.keys();
  return { count, head, fault: lost === undefined ? null : { kind: 'cut_off', recordId: lost } };
}

async function findFault(
  db: Database,
  row: ChainRow,
  last: AuditHead | null,
  notedHash: string | undefined,
): Promise<AuditFaultKind | null> {
  if (chainHash(row.previous_hash, bodyOf(row)) !== row.hash) return 'changed';
  const lastHash = last?.hash ?? GENESIS_HASH;
  if (row.previous_hash !== lastHash) return explainBrokenLink(db, row, lastHash);
  return notedHash === undefined || notedHash === row.hash ? null : 'rewritten';
}

/** The record is as it was written, and does not follow the one before it. */
async function explainBrokenLink(db: Database, row: ChainRow, lastHash: string): Promise<AuditFaultKind> {
  const predecessor = row.previous_hash === GENESIS_HASH ? null : await findRecordByHash(db, row.previous_hash);
  if (predecessor !== null) return predecessor > row.id ? 'reordered' : 'extra';
  if (row.previous_hash === GENESIS_HASH) return 'extra';
  return (await findRecordAfter(db, lastHash)) === null ? 'missing' : 'extra';
}

function bodyOf(row: ChainRow): Buffer {
  return chainedBody({
    occurredAt: writtenTime(row.occurred_at),
    action: row.action,
    actorId: row.actor_id,
    target: row.target,
    ip: row.ip,
    requestId: row.request_id,
    details: row.details,
  });
}

/** The moment as it was written: with three decimals. One with more, or none at all, was never written; it is left as it is. */
function writtenTime(stored: string): string {
  const [, seconds, decimals = ''] = /^([-\d]{10}T[:\d]{8})(?:\.(\d{1,3}))?$/.exec(stored) ?? [];
  return seconds === undefined ? stored : `${seconds}.${decimals.padEnd(3, '0')}Z`;
}
