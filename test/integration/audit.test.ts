import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { canonicalIp, chainedBody, chainHash, GENESIS_HASH } from '../../shared/audit/audit-chain.ts';
import { verifyAudit, type AuditVerification } from '../../shared/audit/audit-verification.ts';
import {
  appendAudit,
  findAuditHead,
  listChainRows,
  type AuditEvent,
  type AuditHead,
} from '../../shared/audit/audit.repository.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
/** Ids of the records, in order. */
let ids: bigint[];

const event = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'ai.switch',
  actorId: newId(),
  target: 'a target',
  ip: '203.0.113.7',
  requestId: 'request-1',
  details: { enabled: false, nested: { b: 1, a: [true, null] } },
  ...overrides,
});

const nothing = { actorId: null, target: null, ip: null, requestId: null, details: {} };

beforeAll(async () => {
  database = await createTestDatabase();
  for (let index = 0; index < 5; index++) await appendAudit(database.db, event({ target: `target ${index}` }));
  await appendAudit(database.db, event(nothing));
  await appendAudit(database.db, event());
  ids = [
    ...(await database.db.anyFirst(sql.type(z.strictObject({ id: z.bigint() }))`SELECT id FROM audit_log ORDER BY id`)),
  ];
});
afterAll(() => database.drop());

const MIDDLE = 2;
const idAt = (index: number): bigint => ids[index] ?? 0n;

class Undone extends Error {}

/** What verification says after somebody with all rights over the database has done this; then it is as before. */
async function afterTampering(
  tamper: (tx: Database) => Promise<unknown>,
  verify: (tx: Database) => Promise<AuditVerification> = verifyAudit,
): Promise<AuditVerification> {
  let found: AuditVerification | undefined;
  await database.db
    .transaction(async (tx) => {
      await tx.query(sql.typeAlias('void')`ALTER TABLE audit_log DISABLE TRIGGER USER`);
      await tx.query(sql.typeAlias('void')`ALTER TABLE audit_log DROP CONSTRAINT audit_log_previous_hash_unique`);
      await tamper(tx);
      found = await verify(tx);
      throw new Undone();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
  if (found === undefined) throw new Error('Nothing was verified.');
  return found;
}

const CHANGES = {
  'the time': sql.fragment`occurred_at = occurred_at - interval '1 hour'`,
  'the time, by a microsecond': sql.fragment`occurred_at = occurred_at + interval '1 microsecond'`,
  'the time, to the same one before Christ': sql.fragment`occurred_at = (occurred_at::text || ' BC')::timestamptz`,
  'the time, to no time': sql.fragment`occurred_at = 'infinity'`,
  'the action': sql.fragment`action = 'login.succeeded'`,
  'the actor': sql.fragment`actor_id = gen_random_uuid()`,
  'the actor, to nobody': sql.fragment`actor_id = NULL`,
  'the target': sql.fragment`target = 'another'`,
  'the target, to none': sql.fragment`target = NULL`,
  'the target, with a trailing blank': sql.fragment`target = target || ' '`,
  'the address': sql.fragment`ip = '203.0.113.8'`,
  'the address, to a network': sql.fragment`ip = '203.0.113.7/24'`,
  'the address, to none': sql.fragment`ip = NULL`,
  'the request': sql.fragment`request_id = 'request-2'`,
  'the details': sql.fragment`details = '{"enabled":true,"nested":{"b":1,"a":[true,null]}}'`,
  'the order of the details': sql.fragment`details = '{"nested":{"b":1,"a":[true,null]},"enabled":false}'`,
  'the hash': sql.fragment`hash = sha256(hash)`,
  'the hash before': sql.fragment`previous_hash = sha256(previous_hash)`,
};

describe('the chain of the audit log', () => {
  test('is sound as it was written, and its head is the newest record', async () => {
    const head = await findAuditHead(database.db);
    expect(head).toEqual({ id: ids.at(-1), hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await verifyAudit(database.db, head === null ? [] : [head])).toEqual({ count: 7, head, fault: null });
  });

  test.each(Object.entries(CHANGES))('shows a change of %s', async (_what, change) => {
    const found = await afterTampering((tx) =>
      tx.query(sql.typeAlias('void')`UPDATE audit_log SET ${change} WHERE id = ${idAt(MIDDLE)}`),
    );
    expect(found).toMatchObject({ count: MIDDLE, fault: { kind: 'changed', recordId: idAt(MIDDLE) } });
  });

  test('shows something put where there was nothing', async () => {
    for (const change of [
      sql.fragment`actor_id = gen_random_uuid()`,
      sql.fragment`target = ''`,
      sql.fragment`ip = '0.0.0.0/0'`,
      sql.fragment`request_id = ''`,
      sql.fragment`details = '{"a":1}'`,
    ]) {
      const found = await afterTampering((tx) =>
        tx.query(sql.typeAlias('void')`UPDATE audit_log SET ${change} WHERE id = ${idAt(5)}`),
      );
      expect(found.fault).toEqual({ kind: 'changed', recordId: idAt(5) });
    }
  });

  test('shows a record gone from its beginning and from its middle', async () => {
    for (const index of [0, MIDDLE]) {
      const found = await afterTampering((tx) =>
        tx.query(sql.typeAlias('void')`DELETE FROM audit_log WHERE id = ${idAt(index)}`),
      );
      expect(found).toMatchObject({ count: index, fault: { kind: 'missing', recordId: idAt(index + 1) } });
    }
  });

  test('shows two records that changed places', async () => {
    const found = await afterTampering(async (tx) => {
      await letIdsChange(tx);
      const [first, second] = [idAt(1), idAt(2)];
      for (const [from, to] of [
        [first, 0n],
        [second, first],
        [0n, second],
      ] as const)
        await tx.query(sql.typeAlias('void')`UPDATE audit_log SET id = ${to} WHERE id = ${from}`);
    });
    expect(found).toMatchObject({ count: 1, fault: { kind: 'reordered', recordId: idAt(1) } });
  });

  test('shows a forged record, whatever it claims to follow', async () => {
    const third = await hashAt(MIDDLE);
    // Behind the third, with a proper hash of its own: it follows the third, something that there never was, or nothing.
    for (const [previousHash, count] of [
      [third, MIDDLE + 2],
      [chainHash(third, Buffer.from('nothing')), MIDDLE + 1],
      [GENESIS_HASH, MIDDLE + 1],
    ] as const) {
      const found = await afterTampering((tx) => insertBehind(tx, idAt(MIDDLE), previousHash));
      expect(found).toMatchObject({ count, fault: { kind: 'extra' } });
    }
    const madeUp = await afterTampering((tx) => insertBehind(tx, idAt(MIDDLE), third, third));
    expect(madeUp).toMatchObject({ count: MIDDLE + 1, fault: { kind: 'changed' } });
  });

  test('shows a changed record whose own hash was made right', async () => {
    const found = await afterTampering(async (tx) => {
      await tx.query(sql.typeAlias('void')`UPDATE audit_log SET action = 'login.failed' WHERE id = ${idAt(MIDDLE)}`);
      await rewriteHashes(tx, [idAt(MIDDLE)]);
    });
    expect(found).toMatchObject({ count: MIDDLE + 1, fault: { kind: 'missing', recordId: idAt(MIDDLE + 1) } });
  });

  test('shows that its end was cut off to whoever has noted a head', async () => {
    const head = await headNow();
    const cutOff = (tx: Database) =>
      tx.query(sql.typeAlias('void')`DELETE FROM audit_log WHERE id >= ${idAt(ids.length - 2)}`);
    const unnoticed = await afterTampering(cutOff);
    expect(unnoticed).toMatchObject({ count: ids.length - 2, fault: null });
    const noticed = await afterTampering(cutOff, (tx) => verifyAudit(tx, [head]));
    expect(noticed).toMatchObject({ count: ids.length - 2, fault: { kind: 'cut_off', recordId: head.id } });
  });

  test('shows that all of it was rewritten to whoever has noted a head', async () => {
    const noted = { id: idAt(MIDDLE + 1), hash: await hashAt(MIDDLE + 1) };
    const rewrite = async (tx: Database): Promise<void> => {
      await tx.query(sql.typeAlias('void')`UPDATE audit_log SET actor_id = NULL WHERE id = ${idAt(MIDDLE)}`);
      await rewriteHashes(tx, ids.slice(MIDDLE));
    };
    expect(await afterTampering(rewrite)).toMatchObject({ count: ids.length, fault: null });
    const noticed = await afterTampering(rewrite, (tx) => verifyAudit(tx, [noted]));
    expect(noticed).toMatchObject({ count: MIDDLE + 1, fault: { kind: 'rewritten', recordId: noted.id } });
  });

  test('is followed across pages', async () => {
    const found = await afterTampering(async (tx) => {
      for (let index = 0; index < 1100; index++) await appendAudit(tx, event());
      await tx.query(sql.typeAlias('void')`
        DELETE FROM audit_log WHERE id = (SELECT id FROM audit_log ORDER BY id OFFSET 1050 LIMIT 1)`);
    });
    expect(found).toMatchObject({ count: 1050, fault: { kind: 'missing' } });
  });
});

describe('a record', () => {
  test('cannot be changed, removed or emptied away, not even by a session that claims to replicate', async () => {
    for (const replicating of [false, true]) {
      for (const statement of [
        sql.fragment`UPDATE audit_log SET target = 'another'`,
        sql.fragment`DELETE FROM audit_log`,
        sql.fragment`TRUNCATE audit_log`,
      ]) {
        const tampering = database.db.transaction(async (tx) => {
          if (replicating) await tx.query(sql.typeAlias('void')`SET LOCAL session_replication_role = replica`);
          await tx.query(sql.typeAlias('void')`${statement}`);
        });
        await expect(tampering).rejects.toThrow(/append-only/);
      }
    }
    expect(await verifyAudit(database.db)).toMatchObject({ count: ids.length, fault: null });
  });

  test('keeps the chain sound whatever is recorded', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 }).map((value) => value.replaceAll('\0', '').toWellFormed());
    const events = fc.record({
      actorId: fc.option(fc.uuid()),
      target: fc.option(text),
      ip: fc.option(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())),
      requestId: fc.option(text),
      details: fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<AuditEvent['details']>,
    });
    const samples = fc.sample(events, { numRuns: 150 });
    const found = await afterTampering(async (tx) => {
      for (const sample of samples) await appendAudit(tx, event(sample));
    });
    expect(found).toMatchObject({ count: ids.length + samples.length, fault: null });
  });

  test('spells an address as PostgreSQL does, and IPv4 as such wherever it came through', async () => {
    const addresses = fc.sample(fc.oneof(fc.ipV4(), fc.ipV6()), { numRuns: 2000 });
    const spelled = addresses.map(canonicalIp).filter((ip) => ip !== null);
    expect(spelled.length).toBeGreaterThan(1500);
    const stored = await database.db.anyFirst(sql.type(z.strictObject({ ip: z.string() }))`
      SELECT ip::inet AS ip FROM unnest(${sql.array(spelled, 'text')}) WITH ORDINALITY AS given (ip, place) ORDER BY place`);
    expect(stored).toEqual(spelled);
    expect(['::ffff:203.0.113.7', '::FFFF:cb00:7107', '203.0.113.7'].map(canonicalIp)).toEqual(
      Array.from({ length: 3 }, () => '203.0.113.7'),
    );
    expect(['fe80::1%eth0', '2001:DB8:0:0:0:0:0:1', '::1', '::'].map(canonicalIp)).toEqual([
      'fe80::1',
      '2001:db8::1',
      '::1',
      '::',
    ]);
    expect(
      ['unknown', '', '203.0.113.7:443', '203.0.113.7/24', '[::1]', '::5', '::203.0.113.7'].map(canonicalIp),
    ).toEqual(Array.from({ length: 7 }, () => null));
  });
});

async function headNow(): Promise<AuditHead> {
  const head = await findAuditHead(database.db);
  if (head === null) throw new Error('The log is empty.');
  return head;
}

async function hashAt(index: number): Promise<string> {
  return database.db.oneFirst(sql.type(z.strictObject({ hash: z.string() }))`
    SELECT encode(hash, 'hex') AS hash FROM audit_log WHERE id = ${idAt(index)}`);
}

const letIdsChange = (tx: Database) =>
  tx.query(sql.typeAlias('void')`ALTER TABLE audit_log ALTER COLUMN id SET GENERATED BY DEFAULT`);

/** Puts a record behind another; without a hash given it gets the right one. */
async function insertBehind(tx: Database, id: bigint, previousHash: string, hash?: string): Promise<void> {
  await letIdsChange(tx);
  // To make room; what is moved keeps its order.
  await tx.query(sql.typeAlias('void')`UPDATE audit_log SET id = id + 1000000 WHERE id > ${id}`);
  const fields = { occurredAt: '2026-01-01T00:00:00.000Z', action: 'forged', ...nothing, details: '{}' };
  await tx.query(sql.typeAlias('void')`
    INSERT INTO audit_log (id, occurred_at, action, details, previous_hash, hash)
    VALUES (${id + 1n}, ${fields.occurredAt}, ${fields.action}, ${fields.details}, decode(${previousHash}, 'hex'),
      decode(${hash ?? chainHash(previousHash, chainedBody(fields))}, 'hex'))`);
}

/** Makes the hashes of these records right again, each following the one before it. */
async function rewriteHashes(tx: Database, recordIds: readonly bigint[]): Promise<void> {
  for (const id of recordIds) {
    const [before, row] = await listChainRows(tx, id - 2n, 2);
    if (before === undefined || row === undefined) throw new Error('There is nothing to rewrite.');
    const { occurred_at: stored, action, actor_id: actorId, target, ip, request_id: requestId, details } = row;
    const occurredAt = new Date(`${stored}Z`).toISOString();
    const hash = chainHash(before.hash, chainedBody({ occurredAt, action, actorId, target, ip, requestId, details }));
    await tx.query(sql.typeAlias('void')`
      UPDATE audit_log SET previous_hash = decode(${before.hash}, 'hex'), hash = decode(${hash}, 'hex') WHERE id = ${id}`);
  }
}
