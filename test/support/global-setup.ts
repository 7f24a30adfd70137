import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate, migrateQueueBackend } from '../../shared/db/migrate.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../shared/local/embedded-postgres.ts';
import { freePort } from './free-port.ts';
import { findRedisServer, startRedis, type TestRedis } from './test-redis.ts';

interface Servers {
  postgres: EmbeddedPostgres | undefined;
  /** Where PostgreSQL of these tests keeps its data. */
  directory: string | undefined;
  /** What workers under test that have no server write their mails to. */
  mailDirectory: string;
  redis: TestRedis | undefined;
}

declare global {
  // Where global setup leaves its servers for global teardown.
  var learnifyTestServers: Servers | undefined;
}

const TEMPLATE = 'learnify_test_template';

/**
 * Starts what all suites share: a PostgreSQL (`TEST_DATABASE_URL`, else the embedded one) with a migrated template database,
 * and a Redis (`REDIS_URL`, else a redis-server or valkey-server on PATH).
 */
export default async function setUp(): Promise<void> {
  const mailDirectory = mkdtempSync(join(tmpdir(), 'learnify-test-mail-'));
  const servers: Servers = { postgres: undefined, directory: undefined, mailDirectory, redis: undefined };
  globalThis.learnifyTestServers = servers;
  process.env['LEARNIFY_TEST_MAIL'] = mailDirectory;
  process.env['LEARNIFY_TEST_POSTGRES'] = process.env['TEST_DATABASE_URL'] ?? (await startPostgres(servers));
  process.env['LEARNIFY_TEST_TEMPLATE'] = TEMPLATE;
  await makeTemplate(process.env['LEARNIFY_TEST_POSTGRES']);
  process.env['LEARNIFY_TEST_REDIS'] = process.env['REDIS_URL'] ?? (await startSharedRedis(servers));
}

async function startPostgres(servers: Servers): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'learnify-test-'));
  servers.directory = dir;
  mkdirSync(join(dir, 'data'));
  chmodSync(dir, 0o755);
  servers.postgres = await startEmbeddedPostgres({
    dataDir: join(dir, 'data'),
    logFile: join(dir, 'postgres.log'),
    port: await freePort(),
    password: randomBytes(12).toString('hex'),
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  return servers.postgres.uri('postgres');
}

async function makeTemplate(serverUri: string): Promise<void> {
  const client = new Client({ connectionString: serverUri });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
  } finally {
    await client.end();
  }
  const uri = new URL(serverUri);
  uri.pathname = `/${TEMPLATE}`;
  await migrate({ uri: uri.href, log: (line) => process.stderr.write(`${line}\n`) });
  await migrateQueueBackend(uri.href);
}

async function startSharedRedis(servers: Servers): Promise<string> {
  if (findRedisServer() === null) {
    const message = 'No REDIS_URL, and no redis-server or valkey-server on PATH: the queue suites on Redis';
    if (process.env['CI'] === 'true') throw new Error(`${message} cannot run, which is a failure in CI.`);
    process.stderr.write(`\n!!! ${message} ARE SKIPPED. Install one: apt-get install redis-server\n\n`);
    return '';
  }
  servers.redis = await startRedis();
  return servers.redis.url;
}
