import { parseArgs } from 'node:util';
import { withCommandDatabase } from '../db/command-database.ts';
import { verifyAudit, type AuditFaultKind, type AuditVerification } from './audit-verification.ts';
import type { AuditHead } from './audit.repository.ts';

/** `npm run audit:verify`: recomputes the audit log's chain and says where it is broken, if it is. */

const USAGE = `Usage: npm run audit:verify -- [--expect ID:HASH]...

  --expect  a head of the log that was noted earlier (the maintenance worker logs one every hour as audit_head). It proves that the log's
            end was not cut off, and that nobody has rewritten the whole log; the chain alone cannot.

Exit code: 0 sound, 1 tampered with, 2 not verified, 64 wrong usage.
`;

const EXIT = { sound: 0, tampered: 1, notVerified: 2, usage: 64 } as const;

const EXPLANATION: Record<AuditFaultKind, string> = {
  changed: 'it is not what was written, or was never written by Learnify',
  missing: 'one or more records right before it are gone',
  reordered: 'records were put into another order from here on',
  extra: 'it, or what stands right before it, was put in between',
  cut_off: 'it was noted earlier and is gone: the end of the log was cut off',
  rewritten: 'its hash is not the one noted earlier: the log was rewritten',
};

async function run(args: string[]): Promise<number> {
  const expected = readExpected(args);
  if (expected === null) {
    process.stderr.write(USAGE);
    return EXIT.usage;
  }
  try {
    const verification = await withCommandDatabase((db) => verifyAudit(db, expected));
    report(verification);
    return verification.fault === null ? EXIT.sound : EXIT.tampered;
  } catch (error) {
    process.stderr.write(
      `The audit log could not be read: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return EXIT.notVerified;
  }
}

function readExpected(args: string[]): AuditHead[] | null {
  try {
    const { values } = parseArgs({ args, options: { expect: { type: 'string', multiple: true, default: [] } } });
    return values.expect.map((text) => {
      const [, id, hash] = /^(\d{1,19}):([0-9a-f]{64})$/.exec(text) ?? [];
      if (id === undefined || hash === undefined) throw new TypeError(`Not a head: ${text}`);
      return { id: BigInt(id), hash };
    });
  } catch {
    return null;
  }
}

function report({ count, head, fault }: AuditVerification): void {
  const at = head === null ? 'none' : `${head.id}:${head.hash}`;
  if (fault === null) {
    process.stdout.write(`Sound: ${count} records. Head: ${at}\n`);
    return;
  }
  process.stdout.write(`Broken at record ${fault.recordId} (${fault.kind}): ${EXPLANATION[fault.kind]}.\n`);
  process.stdout.write(`${count} records before it are sound, up to ${at}\n`);
}

process.exitCode = await run(process.argv.slice(2));
