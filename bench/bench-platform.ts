import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client as PostgresClient } from 'pg';
import { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import { migrate, migrateQueueBackend } from '../shared/db/migrate.ts';
import { openDatabase } from '../shared/db/pool.ts';
import { countVerifications } from '../shared/learning/authoring.repository.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../shared/local/embedded-postgres.ts';
import { seedCatalogue } from '../shared/local/seed.ts';
import { createDatabaseMetrics } from '../shared/observability/database.metrics.ts';
import { freePort } from '../test/support/free-port.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A platform of real processes for one measurement, on the loopback interface. */
export interface BenchPlatform {
  url: string;
  db: DatabasePool;
  databaseUrl: string;
  workerPid: number;
  stop: () => Promise<void>;
}

/** PostgreSQL with its usual durability, so that commits cost what they cost in production. */
export async function startPostgres(): Promise<{ server: EmbeddedPostgres; stop: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'learnify-bench-'));
  chmodSync(dir, 0o755);
  mkdirSync(join(dir, 'data'));
  const server = await startEmbeddedPostgres({
    dataDir: join(dir, 'data'),
    logFile: join(dir, 'postgres.log'),
    port: await freePort(),
    password: randomBytes(12).toString('hex'),
  });
  return {
    server,
    stop: async () => {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Starts an api and a worker on a fresh seeded database; with a Redis URL the queues live there. `extra` is for the worker. */
export async function startPlatform(
  postgres: EmbeddedPostgres,
  redisUrl: string | undefined,
  extra: Record<string, string> = {},
): Promise<BenchPlatform> {
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const client = new PostgresClient({ connectionString: postgres.uri('postgres') });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const databaseUrl = postgres.uri(name);
  await migrate({ uri: databaseUrl, log: () => undefined });
  await migrateQueueBackend(databaseUrl);
  const metrics = createDatabaseMetrics(new Registry());
  const db = await openDatabase({
    uri: databaseUrl,
    poolMax: 4,
    statementTimeoutMs: 30_000,
    metrics,
    onError: () => undefined,
  });
  await seedCatalogue(db);

  const [apiPort, workerPort] = [await freePort(), await freePort()];
  const environment = {
    DATABASE_URL: databaseUrl,
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl, QUEUE_PREFIX: `{${name}}` }),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    RATE_LIMIT_RPS: '100000',
    RATE_LIMIT_AUTH_PER_MINUTE: '100000',
    SUBMISSIONS_IN_FLIGHT_PER_LEARNER: '1000',
    SUBMISSIONS_PER_LEARNER_PER_HOUR: '100000',
  };
  const api = startProcess('api/main.ts', { ...environment, SERVER_PORT: String(apiPort) });
  const worker = startProcess('worker/main.ts', { ...environment, ...extra, WORKER_PORT: String(workerPort) });
  await Promise.all([untilReady(apiPort), untilReady(workerPort)]);
  while ((await countVerifications(db)).pending > 0) await sleep(200);
  return {
    url: `http://127.0.0.1:${apiPort}`,
    db,
    databaseUrl,
    workerPid: worker.pid ?? 0,
    stop: async () => {
      await Promise.all([endProcess(api), endProcess(worker)]);
      await db.end();
    },
  };
}

/** Starts one of our own entry files as production would: JSON logs to a file. */
export function startProcess(
  entry: string,
  environment: Record<string, string>,
  args: readonly string[] = [],
): ChildProcess {
  const log = openSync('/dev/null', 'a');
  return spawn(process.execPath, [join(ROOT, entry), ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', log, 'inherit', 'ipc'],
  });
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}

async function untilReady(port: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readiness`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error(`Nothing became ready on port ${port}.`);
}
