import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

export interface TestRedis {
  url: string;
  /** Kills the server as a crash would. What it had appended to its log stays. */
  kill: () => Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart: () => Promise<void>;
  /** Stops it in its tracks: it keeps its connections and answers nothing until it is woken. */
  hang: () => void;
  wake: () => void;
  stop: () => Promise<void>;
}

/** The Redis server program of this machine; null when there is none. */
export function findRedisServer(): string | null {
  return ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0) ?? null;
}

/** Starts a Redis of our own, with an append-only file and noeviction as in production. */
export async function startRedis(): Promise<TestRedis> {
  const program = findRedisServer();
  if (program === null) throw new Error('There is no redis-server or valkey-server on PATH.');
  const dir = mkdtempSync(join(tmpdir(), 'learnify-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server = await start(program, dir, port, url);
  return {
    url,
    kill: () => end(server, 'SIGKILL'),
    restart: async () => {
      server = await start(program, dir, port, url);
    },
    hang: () => void server.kill('SIGSTOP'),
    wake: () => void server.kill('SIGCONT'),
    stop: async () => {
      await end(server, 'SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function start(program: string, dir: string, port: number, url: string): Promise<ChildProcess> {
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--maxmemory-policy',
    'noeviction',
    '--save',
    '',
  ];
  const server = spawn(program, settings, { stdio: 'ignore' });
  await eventually('Redis answers', async () => {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, disconnectTimeout: 10 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } finally {
      client.disconnect();
    }
  });
  return server;
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill(signal);
  await ended;
}
