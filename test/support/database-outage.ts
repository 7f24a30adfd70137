import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate, migrateQueueBackend } from '../../shared/db/migrate.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../shared/local/embedded-postgres.ts';
import { freePort } from './free-port.ts';

/** A PostgreSQL server of one suite's own, with a migrated database, that can go away and come back. */
export interface MortalDatabase {
  uri: string;
  /** Ends every session and the server, as a restart for an upgrade does. */
  stop: () => Promise<void>;
  /** Starts it again with the same data at the same address. */
  start: () => Promise<void>;
  remove: () => Promise<void>;
}

const DATABASE = 'learnify';

/** @param settings of the server, on top of those of a test */
export async function startMortalDatabase(settings: Record<string, string> = {}): Promise<MortalDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'learnify-outage-'));
  mkdirSync(join(dir, 'data'));
  // As root the server runs as another user, who has to get to its data.
  chmodSync(dir, 0o755);
  const options = {
    dataDir: join(dir, 'data'),
    logFile: join(dir, 'postgres.log'),
    port: await freePort(),
    password: randomBytes(12).toString('hex'),
    settings: { fsync: 'off', full_page_writes: 'off', ...settings },
  };
  let server: EmbeddedPostgres = await startEmbeddedPostgres(options);
  await createDatabase(server);
  const uri = server.uri(DATABASE);
  await migrate({ uri, log: () => undefined });
  await migrateQueueBackend(uri);
  return {
    uri,
    stop: () => server.stop(),
    start: async () => {
      server = await startEmbeddedPostgres(options);
    },
    remove: async () => {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function createDatabase(server: EmbeddedPostgres): Promise<void> {
  const client = new Client({ connectionString: server.uri('postgres') });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
