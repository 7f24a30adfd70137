import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import { openDatabase } from '../../shared/db/pool.ts';
import { createDatabaseMetrics } from '../../shared/observability/database.metrics.ts';

export interface TestDatabase {
  uri: string;
  db: DatabasePool;
  drop: () => Promise<void>;
}

/** The test server's administrative database. */
export function serverUri(): string {
  return required('LEARNIFY_TEST_POSTGRES');
}

/** A database of this suite's own: a copy of the migrated template, or an empty one. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const name = `learnify_test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} ${empty ? '' : `TEMPLATE ${required('LEARNIFY_TEST_TEMPLATE')}`}`);
  const uri = new URL(serverUri());
  uri.pathname = `/${name}`;
  const db = await openTestPool(uri.href);
  return {
    uri: uri.href,
    db,
    drop: async () => {
      await db.end();
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** A pool of the suite's own on any database. */
export function openTestPool(uri: string): Promise<DatabasePool> {
  return openDatabase({
    uri,
    poolMax: 10,
    statementTimeoutMs: 30_000,
    metrics: createDatabaseMetrics(new Registry()),
    onError: () => undefined,
  });
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUri() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests through jest's global setup.`);
  return value;
}
