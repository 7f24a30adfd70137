import { fileURLToPath } from 'node:url';
import { createPool as createBullmqPool } from '../queues/postgres-backend.ts';
import { runner } from 'node-pg-migrate';
import { runMigrations as runBullmqMigrations } from 'bullmq';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

interface MigrateOptions {
  uri: string;
  direction?: 'up' | 'down';
  /** How many migrations; all by default. */
  count?: number;
  log: (message: string) => void;
}

/**
 * Applies (or undoes) the SQL files of `migrations/`, each recorded in `schema_migrations`.
 * Several processes may call this at once: the first takes an advisory lock, the others wait and find nothing to do.
 *
 * @returns the names of the migrations that ran.
 */
export async function migrate({ uri, direction = 'up', count = Infinity, log }: MigrateOptions): Promise<string[]> {
  const ran = await runner({
    databaseUrl: uri,
    dir: MIGRATIONS,
    direction,
    count,
    migrationsTable: 'schema_migrations',
    advisoryLockMode: 'wait',
    log: () => undefined,
    logger: { debug: () => undefined, info: () => undefined, warn: log, error: log },
  });
  return ran.map((migration) => migration.name);
}

/** Brings the schema of BullMQ's PostgreSQL backend up to date; only needed where there is no Redis. */
export async function migrateQueueBackend(uri: string): Promise<void> {
  const pool = createBullmqPool(uri, { max: 1 });
  try {
    const client = await pool.connect();
    try {
      await runBullmqMigrations(client);
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}
