import { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import { z } from 'zod';
import { readConfigOrExit } from '../config/env.ts';
import { databaseSettings, databaseUri, EVEN_IF_OTHERS_FAILED, requireDatabase } from '../config/sections.ts';
import { createDatabaseMetrics } from '../observability/database.metrics.ts';
import { openDatabase } from './pool.ts';

const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * Runs a command on the database that the environment names, and closes it. A bad environment ends the process with 78.
 *
 * @throws what the command throws, or when the database cannot be reached.
 */
export async function withCommandDatabase<Result>(run: (db: DatabasePool) => Promise<Result>): Promise<Result> {
  const config = readConfigOrExit(z.object(databaseSettings).superRefine(requireDatabase, EVEN_IF_OTHERS_FAILED));
  const db = await openDatabase({
    uri: databaseUri(config),
    poolMax: 2,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    metrics: createDatabaseMetrics(new Registry()),
    // A connection that breaks fails the query that is on it.
    onError: () => undefined,
  });
  try {
    return await run(db);
  } finally {
    await db.end();
  }
}
