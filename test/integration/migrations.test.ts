import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { z } from 'zod';
import { migrate } from '../../shared/db/migrate.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const NAMES = readdirSync(new URL('../../migrations', import.meta.url))
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.replace(/\.sql$/, ''))
  .sort();

/**
 * Everything in a schema that a migration could leave behind or forget, one line each. The first months to get partitions are those of the
 * moment, and that may be another at the next look: they are told as the first, the second and so on.
 */
async function describeSchema(db: Database): Promise<readonly string[]> {
  const lines = await db.anyFirst(sql.type(z.strictObject({ line: z.string() }))`
    SELECT line FROM (
      SELECT format('column %s.%s %s null=%s default=%s identity=%s', table_name, column_name, data_type, is_nullable, column_default, is_identity) AS line
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
      UNION ALL
      SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
      UNION ALL
      SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 'schema_migrations'::regclass
      UNION ALL
      SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      UNION ALL
      SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal
      UNION ALL
      SELECT format('partition %s %s', oid::regclass, pg_get_expr(relpartbound, oid)) FROM pg_class WHERE relispartition AND relkind = 'r'
    ) everything ORDER BY line`);
  return [MONTH, BOUND].reduce(withoutDates, lines);
}

const MONTH = /_\d{4}_\d{2}(?!\d)/g;
const BOUND = /'[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}'/g;

/** Numbers what is found instead of naming it. */
function withoutDates(lines: readonly string[], dates: RegExp): readonly string[] {
  const found = [...new Set(lines.flatMap((line) => line.match(dates) ?? []))].sort();
  return lines.map((line) => line.replaceAll(dates, (date) => `<${found.indexOf(date)}>`));
}

describe('migrations', () => {
  let database: TestDatabase;
  let uri: string;
  const run = (direction: 'up' | 'down', count?: number) =>
    migrate({ uri, direction, log: () => undefined, ...(count === undefined ? {} : { count }) });

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    ({ uri } = database);
  });
  afterAll(() => database.drop());

  test('build the schema once when several processes start at the same time', async () => {
    const ran = await Promise.all([run('up'), run('up'), run('up')]);
    expect(ran.filter((names) => names.length > 0)).toEqual([NAMES]);
    expect((await describeSchema(database.db)).length).toBeGreaterThan(100);
  });

  test('find nothing to do in a database that is up to date', async () => {
    expect(await run('up')).toEqual([]);
  });

  test('can all be undone, which leaves nothing, and done again, which leaves the same', async () => {
    const before = await describeSchema(database.db);
    expect(await run('down', NAMES.length)).toEqual([...NAMES].reverse());
    expect(await describeSchema(database.db)).toEqual([]);
    expect(await run('up')).toEqual(NAMES);
    expect(await describeSchema(database.db)).toEqual(before);
  });

  test('can each be undone and done again, one by one', async () => {
    await run('down', NAMES.length);
    for (const name of NAMES) {
      const before = await describeSchema(database.db);
      expect(await run('up', 1)).toEqual([name]);
      const after = await describeSchema(database.db);
      expect(after).not.toEqual(before);
      expect(await run('down', 1)).toEqual([name]);
      expect(await describeSchema(database.db)).toEqual(before);
      expect(await run('up', 1)).toEqual([name]);
      expect(await describeSchema(database.db)).toEqual(after);
    }
  });

  test('leave the same schema as the template that all suites copy', async () => {
    const template = await createTestDatabase();
    try {
      expect(await describeSchema(database.db)).toEqual(await describeSchema(template.db));
    } finally {
      await template.drop();
    }
  });
});
