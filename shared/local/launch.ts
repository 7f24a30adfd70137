import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { DatabasePool } from 'slonik';
import { withSslMode } from '../config/database-ssl.ts';
import type { LauncherConfig } from '../config/launcher.config.ts';
import { connectDatabase } from '../db/connect.ts';
import { migrate, migrateQueueBackend } from '../db/migrate.ts';
import { createPasswords } from '../identity/passwords.ts';
import { countVerifications } from '../learning/authoring.repository.ts';
import { findFirstExercise } from '../learning/course.repository.ts';
import { createDatabaseMetrics } from '../observability/database.metrics.ts';
import { COMPILE_CACHE_DIR } from '../startup/compile-cache.ts';
import { banner } from './banner.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts';
import { LaunchError } from './launch-error.ts';
import type { LocalState } from './local-state.ts';
import { requireFreePort } from './ports.ts';
import { seedAccounts, seedCatalogue } from './seed.ts';
import { SupervisedProcess } from './supervised-process.ts';

type Say = (line: string) => void;

/** What has been started so far, to be stopped in the opposite order; also after a start that failed half-way. */
export class Launched {
  database: EmbeddedPostgres | undefined;
  processes: SupervisedProcess[] = [];

  /** Stops the processes, then the database they work with. */
  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    await this.database?.stop();
  }
}

const DATABASE = 'learnify';
const ENTRIES = {
  api: fileURLToPath(new URL('../../api/main.ts', import.meta.url)),
  worker: fileURLToPath(new URL('../../worker/main.ts', import.meta.url)),
};
const READY_TIMEOUT_MS = 60_000;
const AFTER_KILL_PATIENCE_MS = 20_000;

/** Starts the whole platform on this machine. @throws LaunchError when something has to be changed first. */
export async function launch(
  config: LauncherConfig,
  state: LocalState,
  launched: Launched,
  previousWasKilled: boolean,
  say: Say,
): Promise<void> {
  const patience = previousWasKilled ? AFTER_KILL_PATIENCE_MS : 0;
  await requireFreePort({ host: config.SERVER_HOST, port: config.SERVER_PORT, setting: 'SERVER_PORT' }, patience);
  await requireFreePort({ host: config.WORKER_HOST, port: config.WORKER_PORT, setting: 'WORKER_PORT' }, patience);

  const databaseUrl =
    config.DATABASE_URL === undefined
      ? await startDatabase(config, state, launched, say)
      : withSslMode(config.DATABASE_URL, config.DB_SSL_MODE);
  say('Migrating and seeding…');
  await migrate({ uri: databaseUrl, log: say });
  if (config.REDIS_URL === undefined) await migrateQueueBackend(databaseUrl);
  const db = await openDatabase(databaseUrl);
  try {
    await seedCatalogue(db);
    if (config.SERVER_ENV !== 'production') await seedAccounts(db, await createPasswords(), state.accounts);
    startProcesses(config, state, databaseUrl, launched, say);
    say('Starting api and worker, verifying the exercises…');
    await waitUntilServing(config);
    const exercises = await waitForVerification(db);
    const sample = await findFirstExercise(db);
    if (sample !== null) writeFileSync(state.sampleSubmissionFile, JSON.stringify({ code: sample.solution_code }));
    say(
      banner({
        config,
        state,
        database: describeDatabase(config, databaseUrl),
        exercises,
        sampleExerciseId: sample?.id ?? null,
      }),
    );
  } finally {
    await db.end();
  }
}

async function startDatabase(config: LauncherConfig, state: LocalState, launched: Launched, say: Say): Promise<string> {
  say('Starting the embedded PostgreSQL…');
  const logFile = join(state.logDir, 'postgres.log');
  launched.database = await startEmbeddedPostgres({
    dataDir: state.databaseDir,
    logFile: rotate(logFile),
    port: config.LOCAL_DB_PORT,
    password: state.secrets.databasePassword,
  });
  const client = new Client({ connectionString: launched.database.uri('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
  const uri = launched.database.uri(DATABASE);
  writeFileSync(state.databaseUrlFile, uri, { mode: 0o600 });
  return uri;
}

function openDatabase(uri: string): Promise<DatabasePool> {
  const metrics = createDatabaseMetrics(new Registry());
  return connectDatabase({ uri, poolMax: 2, statementTimeoutMs: 60_000, metrics }, pino({ level: 'silent' }));
}

function startProcesses(
  config: LauncherConfig,
  state: LocalState,
  databaseUrl: string,
  launched: Launched,
  say: Say,
): void {
  const environment = {
    DATABASE_URL: databaseUrl,
    // It was meant for another database than ours, which never leaves this machine and does without.
    ...(launched.database === undefined ? {} : { DB_SSL_MODE: '' }),
    JWT_SECRET: config.JWT_SECRET ?? state.secrets.jwtSecret,
    OPS_TOKEN: config.OPS_TOKEN ?? state.secrets.opsToken,
    MAIL_DIR: config.MAIL_DIR ?? state.mailDir,
    NODE_COMPILE_CACHE: COMPILE_CACHE_DIR,
  };
  for (const [name, entry] of Object.entries(ENTRIES)) {
    const logFile = rotate(join(state.logDir, `${name}.log`));
    const onRestart = (_name: string, reason: string): void =>
      say(`${name} ended (${reason}); starting it again. See ${logFile}`);
    launched.processes.push(new SupervisedProcess({ name, entry, environment, logFile, onRestart }));
  }
}

/** The log of the start before is kept as `.1`. */
function rotate(logFile: string): string {
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  return logFile;
}

async function waitUntilServing(config: LauncherConfig): Promise<void> {
  await Promise.all([
    waitUntilReady(`http://${reachable(config.SERVER_HOST)}:${config.SERVER_PORT}/readiness`, 'api'),
    waitUntilReady(`http://${reachable(config.WORKER_HOST)}:${config.WORKER_PORT}/readiness`, 'worker'),
  ]);
}

const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host);

async function waitUntilReady(url: string, name: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
      last = await response.text();
      if (response.ok) return;
    } catch (error) {
      last = error instanceof Error ? error.message : 'no answer';
    }
    await sleep(100);
  }
  throw new LaunchError(`The ${name} did not become ready (${url}): ${last}`);
}

async function waitForVerification(db: DatabasePool): Promise<{ verified: number; rejected: readonly string[] }> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const { pending, verified, rejected } = await countVerifications(db);
    if (pending === 0 || Date.now() > deadline) return { verified, rejected };
    await sleep(100);
  }
}

function describeDatabase(config: LauncherConfig, databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  return `${config.DATABASE_URL === undefined ? 'embedded PostgreSQL, ' : ''}${hostname}:${port || '5432'}${pathname}`;
}
