import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { sql } from '../../shared/db/sql.ts';
import { appendAudit, findAuditHead, type AuditHead } from '../../shared/audit/audit.repository.ts';
import { openAuditWatch } from '../../worker/maintenance/note-audit-head.ts';
import { runCommand } from '../support/commands.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const VERIFY = 'shared/audit/verify-audit-command.ts';
const EVENT = { action: 'ai.switch', actorId: null, target: null, ip: null, requestId: null, details: {} } as const;

let database: TestDatabase;
/** The head after each record. */
const heads: AuditHead[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  for (let index = 0; index < 3; index++) {
    await appendAudit(database.db, EVENT);
    heads.push(await headNow());
  }
});
afterAll(() => database.drop());

async function headNow(): Promise<AuditHead> {
  const head = await findAuditHead(database.db);
  if (head === null) throw new Error('The log is empty.');
  return head;
}

const textOf = ({ id, hash }: AuditHead): string => `${id}:${hash}`;

describe('the maintenance worker', () => {
  test('notes the head where it can be found without the database', async () => {
    const lines: string[] = [];
    const registry = new Registry();
    const log = pino({ messageKey: 'message' }, { write: (line) => void lines.push(line) });
    const note = openAuditWatch({ db: database.db, log, registry });
    await note();
    const head = await headNow();
    const [line = ''] = lines;
    expect(JSON.parse(line)).toMatchObject({ audit_head: textOf(head), message: 'audit log noted' });
    expect(await registry.getSingleMetricAsString('audit_log_head')).toMatch(
      new RegExp(`^audit_log_head ${head.id}$`, 'm'),
    );
  });
});

describe('npm run audit:verify', () => {
  test('tells the head of a sound log, and proves that a head noted earlier is in it', async () => {
    const head = await headNow();
    const noted = textOf(head);
    const uses = [[], ['--expect', textOf(heads[0] ?? head), '--expect', noted]];
    const results = await Promise.all(uses.map((args) => runCommand(VERIFY, args, { DATABASE_URL: database.uri })));
    const sound = { code: 0, stdout: `Sound: ${heads.length} records. Head: ${noted}\n`, stderr: '' };
    expect(results).toEqual(uses.map(() => sound));
    const later = `${head.id + 1n}:${head.hash}`;
    expect(await runCommand(VERIFY, ['--expect', later], { DATABASE_URL: database.uri })).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`^Broken at record ${head.id + 1n} \\(cut_off\\): `)),
    });
  });

  test('says which record is broken and fails', async () => {
    const other = await createTestDatabase();
    try {
      expect(await runCommand(VERIFY, [], { DATABASE_URL: other.uri })).toMatchObject({
        code: 0,
        stdout: 'Sound: 0 records. Head: none\n',
      });
      for (let index = 0; index < 3; index++) await appendAudit(other.db, EVENT);
      await other.db.query(sql.typeAlias('void')`ALTER TABLE audit_log DISABLE TRIGGER USER`);
      await other.db.query(sql.typeAlias('void')`UPDATE audit_log SET target = 'forged' WHERE id = 2`);
      expect(await runCommand(VERIFY, [], { DATABASE_URL: other.uri })).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(
          /^Broken at record 2 \(changed\): .*\.\n1 records before it are sound, up to 1:[0-9a-f]{64}\n$/,
        ),
      });
    } finally {
      await other.drop();
    }
  });

  test('does not take a wrong use, a bad environment or an absent database for a sound log', async () => {
    const absent = { DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/none' };
    const results = await Promise.all([
      runCommand(VERIFY, ['--expect', 'nonsense'], absent),
      runCommand(VERIFY, ['--head'], absent),
      runCommand(VERIFY, [], {}),
      runCommand(VERIFY, [], absent),
    ]);
    expect(results.map(({ code }) => code)).toEqual([64, 64, 78, 2]);
    expect(results[3]).toMatchObject({ stdout: '', stderr: expect.not.stringContaining('nothing@') });
  });
});
