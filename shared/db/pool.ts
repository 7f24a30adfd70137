import { createBigintTypeParser, createPool, type DatabasePool, type DriverTypeParser } from 'slonik';
import { defaults } from 'pg';
import { z } from 'zod';
import type { PasswordSource } from '../config/database-password.ts';
import { parseRows } from './parse-rows.ts';
import { sql } from './sql.ts';
import { observeDatabase, type DatabaseMetrics } from '../observability/database.metrics.ts';

const CLIENT_TIMEOUT_MARGIN_MS = 2000;

export interface DatabaseOptions {
  uri: string;
  /** Asked at each new connection; without it the one of the URI counts. */
  password?: PasswordSource | undefined;
  poolMax: number;
  statementTimeoutMs: number;
  metrics: DatabaseMetrics;
  onError: (error: Error) => void;
}

/** Anything a repository can run a query on: the pool, or a transaction of it. */
export type Database = Pick<
  DatabasePool,
  'any' | 'anyFirst' | 'exists' | 'maybeOne' | 'maybeOneFirst' | 'one' | 'oneFirst' | 'query' | 'transaction'
>;

/**
 * Opens the pool. Rows are parsed by the schema of their query, timestamps arrive as ISO 8601 strings in UTC.
 * Session state must never be set on its connections (`SET LOCAL` inside a transaction only): they are reused as they are.
 *
 * @throws when the database cannot be reached.
 */
export async function openDatabase(options: DatabaseOptions): Promise<DatabasePool> {
  // The server's own timeout does not help against a network that has gone silent, and slonik passes none on to its driver.
  defaults.query_timeout = options.statementTimeoutMs + CLIENT_TIMEOUT_MARGIN_MS;
  const pool = await createPool(options.uri, {
    ...(options.password === undefined ? {} : { password: options.password }),
    maxPoolSize: options.poolMax,
    statementTimeout: options.statementTimeoutMs,
    idleInTransactionSessionTimeout: options.statementTimeoutMs,
    connectionTimeout: 3000,
    connectionRetryLimit: 0,
    idleTimeout: 60_000,
    captureStackTrace: false,
    // The default runs DISCARD ALL at every release, which halves throughput and drops prepared statements.
    resetConnection: async () => {},
    typeParsers: [createBigintTypeParser(), isoTimestamp, numeric, date],
    interceptors: [observeDatabase(options.metrics), parseRows()],
  });
  pool.on('error', options.onError);
  options.metrics.watchPool(pool);
  return pool;
}

const isoTimestamp: DriverTypeParser = { name: 'timestamptz', parse: (value) => new Date(value).toISOString() };
const numeric: DriverTypeParser = { name: 'numeric', parse: Number };
const date: DriverTypeParser = { name: 'date', parse: (value) => value };

/** @throws when the database does not answer. */
export async function pingDatabase(db: Pick<Database, 'oneFirst'>): Promise<void> {
  await db.oneFirst(sql.type(z.strictObject({ ping: z.literal(1) }))`SELECT 1 AS ping`);
}
