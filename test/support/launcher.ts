import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { parentOf } from './grading.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BANNER_END = 'Ctrl-C stops everything';
const START_TIMEOUT_MS = 240_000;

/** A machine of its own as far as the launcher can tell: a state folder and free ports. */
export interface LauncherHome {
  dir: string;
  apiUrl: string;
  workerUrl: string;
  environment: Record<string, string>;
  remove: () => void;
}

export async function makeLauncherHome(): Promise<LauncherHome> {
  const dir = mkdtempSync(join(tmpdir(), 'learnify-launcher-'));
  // As root the embedded PostgreSQL runs as another user, who has to get to its data.
  chmodSync(dir, 0o755);
  const [server, worker, database] = [await freePort(), await freePort(), await freePort()].map(String);
  return {
    dir,
    apiUrl: `http://127.0.0.1:${server}`,
    workerUrl: `http://127.0.0.1:${worker}`,
    environment: {
      LOCAL_DIR: dir,
      SERVER_PORT: server ?? '',
      WORKER_PORT: worker ?? '',
      LOCAL_DB_PORT: database ?? '',
      RATE_LIMIT_AUTH_PER_MINUTE: '10000',
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export interface TestLauncher {
  pid: number;
  /** Everything it has written so far; all of it once it has exited. */
  output: () => string;
  exited: Promise<number | null>;
  kill: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Runs what `npm start` runs, with nothing of this process's environment but the PATH. */
export function runLauncher(home: LauncherHome, extra: Record<string, string> = {}): TestLauncher {
  const child = spawn(process.execPath, ['shared/local/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...home.environment, ...extra },
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  // Not at its exit: what it wrote last may still be in the pipes. Its children write to files, and do not hold them.
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    pid: child.pid ?? 0,
    output: () => chunks.join(''),
    exited,
    kill: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs the launcher and waits for the block that says where everything is. */
export async function startLauncher(home: LauncherHome, extra: Record<string, string> = {}): Promise<TestLauncher> {
  const launcher = runLauncher(home, extra);
  let ended = false;
  void launcher.exited.then(() => (ended = true));
  await eventually('the launcher is up', () => ended || launcher.output().includes(BANNER_END), START_TIMEOUT_MS);
  if (ended) throw new Error(`The launcher ended at its start:\n${launcher.output()}`);
  return launcher;
}

export const Credentials = z.array(z.strictObject({ role: z.string(), email: z.string(), password: z.string() }));

export function readCredentials(home: LauncherHome): z.infer<typeof Credentials> {
  return Credentials.parse(JSON.parse(readFileSync(join(home.dir, 'credentials.json'), 'utf8')));
}

/**
 * Pids of what belongs to a home: whatever has its folder in its command line (PostgreSQL) or in its environment (launcher, api, worker),
 * and the sandboxes below those, which have neither.
 */
export function processesOf(home: LauncherHome): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => ['cmdline', 'environ'].some((file) => readProc(pid, file).includes(home.dir)))
    .map(Number);
}

/** The pid of the one process of a home whose command line matches. */
export function processRunning(home: LauncherHome, command: string): number {
  const parents = new Map(
    processesOf(home)
      .filter((pid) => readProc(String(pid), 'cmdline').includes(command))
      .map((pid) => [pid, parentOf(pid)]),
  );
  // What was forked just now has the command line of its parent until it gets one of its own, or ends; it is no second one.
  const running = [...parents].filter(([, parent]) => parent !== null && !parents.has(parent));
  const [pid, ...others] = running.map(([candidate]) => candidate);
  if (pid === undefined || others.length > 0) throw new Error(`Not exactly one process runs ${command}.`);
  return pid;
}

function readProc(pid: string, file: string): string {
  const path = `/proc/${pid}/${file}`;
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch {
    // It ended between the listing and the look.
    return '';
  }
}
