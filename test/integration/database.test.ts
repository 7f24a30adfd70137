import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SchemaValidationError } from 'slonik';
import { v7 } from 'uuid';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { ensureMonthPartitions } from '../../shared/db/partitions.repository.ts';
import { sql } from '../../shared/db/sql.ts';
import { appendAudit } from '../../shared/audit/audit.repository.ts';
import { insertSubmission } from '../../shared/learning/submission.repository.ts';
import { buildExercise, buildUser } from '../support/factories.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('rows', () => {
  const Row = z.strictObject({ id: z.number(), name: z.string() });

  test('arrive as their schema says', async () => {
    await expect(database.db.one(sql.type(Row)`SELECT 1 AS id, 'Ada' AS name`)).resolves.toEqual({
      id: 1,
      name: 'Ada',
    });
  });

  test.each([
    ['a value of another type', sql.type(Row)`SELECT '1' AS id, 'Ada' AS name`],
    ['a null', sql.type(Row)`SELECT 1 AS id, NULL AS name`],
    ['a column too few', sql.type(Row)`SELECT 1 AS id`],
    ['a column too many', sql.type(Row)`SELECT 1 AS id, 'Ada' AS name, 'x' AS password_hash`],
  ])('that break their schema by %s are refused', async (_what, query) => {
    await expect(database.db.any(query)).rejects.toThrow(SchemaValidationError);
  });

  test('hold timestamps as ISO 8601 in UTC, big integers as bigint, numerics as numbers', async () => {
    const Values = z.strictObject({ moment: z.string(), big: z.bigint(), exact: z.number() });
    const row = await database.db.one(sql.type(Values)`
      SELECT '2026-03-01 12:00:00.5+02'::timestamptz AS moment, 9007199254740993::bigint AS big, 1.25::numeric AS exact`);
    expect(row).toEqual({ moment: '2026-03-01T10:00:00.500Z', big: 9007199254740993n, exact: 1.25 });
  });
});

/** Written by staff, and few: reading all of them once is nothing. */
const SMALL_TABLES = ['regrades', 'ai_switch'];

test('every foreign key has an index, so that what refers to a deleted row is found without reading a table', async () => {
  const unindexed = await database.db.anyFirst(sql.type(z.strictObject({ foreign_key: z.string() }))`
    SELECT conrelid::regclass || '.' || attname AS foreign_key
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace
      AND conrelid::regclass::text <> ALL (${sql.array(SMALL_TABLES, 'text')})
      AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)`);
  expect(unindexed).toEqual([]);
});

describe('monthly partitions', () => {
  /** Inserts a submission whose id was made at that moment, and tells where it went. */
  const partitionOf = async (moment: Date): Promise<string> => {
    const id = v7({ msecs: moment.getTime() });
    const learnerId = (await buildUser(database.db)).id;
    const { exerciseId, versionId } = await buildExercise(database.db);
    const submission = { id, learnerId, exerciseId, exerciseVersionId: versionId, code: 'x' };
    await insertSubmission(database.db, submission, 1);
    return database.db.oneFirst(sql.type(z.strictObject({ partition: z.string() }))`
      SELECT tableoid::regclass::text AS partition FROM submissions WHERE id = ${id}`);
  };
  const monthOf = (moment: Date) => `submissions_${moment.toISOString().slice(0, 7).replace('-', '_')}`;
  const startOfMonth = (offset: number) => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1));
  };

  test('are made once, however often one asks', async () => {
    expect(await ensureMonthPartitions(database.db, 2)).toBe(0);
    const made = await Promise.all([ensureMonthPartitions(database.db, 4), ensureMonthPartitions(database.db, 4)]);
    expect(made.sort((a, b) => a - b)).toEqual([0, 4]);
  });

  test('take what was made in their month, from its first millisecond to its last', async () => {
    const now = new Date();
    const next = startOfMonth(1);
    const lastOfThis = new Date(next.getTime() - 1);
    expect(await partitionOf(now)).toBe(monthOf(now));
    expect(await partitionOf(lastOfThis)).toBe(monthOf(lastOfThis));
    expect(await partitionOf(next)).toBe(monthOf(next));
  });

  test('lose nothing from a month that has none', async () => {
    expect(await partitionOf(new Date('2020-05-05'))).toBe('submissions_default');
    expect(await partitionOf(startOfMonth(30))).toBe('submissions_default');
  });

  test('can be made for any span, over a change of year too', async () => {
    const made = await database.db.oneFirst(sql.type(z.strictObject({ made: z.number() }))`
      SELECT ensure_month_partitions('submissions', '2031-11-15'::timestamptz, 3) AS made`);
    expect(made).toBe(4);
    for (const day of ['2031-11-01', '2031-12-31T23:59:59.999Z', '2032-01-01', '2032-02-29']) {
      expect(await partitionOf(new Date(day))).toBe(monthOf(new Date(day)));
    }
  });
});

describe('the audit log', () => {
  const event = (target: string) => ({
    action: 'ai.switch' as const,
    actorId: newId(),
    target,
    ip: '203.0.113.7',
    requestId: 'request-1',
    details: { count: 2, nested: { ключ: [true, null] } },
  });
  const AuditRow = z.strictObject({
    occurred_at: z.string(),
    action: z.string(),
    actor_id: z.string().nullable(),
    target: z.string().nullable(),
    ip: z.string().nullable(),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.json()),
    previous_hash: z.instanceof(Buffer),
    hash: z.instanceof(Buffer),
  });
  const readLog = () =>
    database.db.any(sql.type(AuditRow)`
      SELECT occurred_at, action, actor_id, target, host(ip) AS ip, request_id, details, previous_hash, hash
      FROM audit_log ORDER BY id`);
  type AuditRow = z.infer<typeof AuditRow>;
  const hashOf = (row: AuditRow) => {
    const record = [row.occurred_at, row.action, row.actor_id, row.target, row.ip, row.request_id, row.details];
    return createHash('sha256').update(row.previous_hash).update(JSON.stringify(record)).digest('hex');
  };

  test('links each record to the one before it by a hash over both, also when many are written at once', async () => {
    await appendAudit(database.db, event('first'));
    await Promise.all(Array.from({ length: 8 }, (_, index) => appendAudit(database.db, event(`at once ${index}`))));
    await appendAudit(database.db, { ...event('bare'), actorId: null, target: null, ip: null, requestId: null });
    const rows = await readLog();
    expect(rows).toHaveLength(10);
    let previous = Buffer.alloc(32).toString('hex');
    for (const row of rows) {
      expect(row.previous_hash.toString('hex')).toBe(previous);
      previous = row.hash.toString('hex');
    }
  });

  test('lets anybody who reads it recompute its hashes, and so see what was changed', async () => {
    await appendAudit(database.db, { ...event('deep'), details: { zebra: 1, a: { second: 2, b: 'x' } } });
    for (const row of await readLog()) {
      const hash = row.hash.toString('hex');
      expect(hashOf(row)).toBe(hash);
      expect(hashOf({ ...row, action: 'forged' })).not.toBe(hash);
    }
  });

  test.each([
    ['change', sql.typeAlias('void')`UPDATE audit_log SET action = 'harmless'`],
    ['removal', sql.typeAlias('void')`DELETE FROM audit_log`],
    ['emptying', sql.typeAlias('void')`TRUNCATE audit_log`],
  ])('refuses %s', async (_what, statement) => {
    await appendAudit(database.db, event('kept'));
    const before = await readLog();
    await expect(database.db.query(statement)).rejects.toThrow('append-only');
    expect(await readLog()).toEqual(before);
  });
});
