import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE_DIR } from '../../shared/startup/compile-cache.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

export interface TestProcess {
  url: string;
  pid: number;
  /** Everything it has written so far; all of it once it has exited. */
  output: () => string;
  exited: Promise<number | null>;
  kill: (signal?: NodeJS.Signals) => Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Ten times what it takes. */
const START_TIMEOUT_MS = 50_000;
export const TEST_JWT_SECRET = 'kH3vN8sQ2xW7zB5mT9pL4rY6uC1dF0aJ';

export interface ProcessEnvironment {
  databaseUri: string;
  redisUrl?: string | undefined;
  prefix: string;
  extra?: Record<string, string>;
}

/** Where workers of this run write their mails; those of global setup's folder go with it. */
export const mailFolder = (): Record<string, string> => {
  const dir = process.env['LEARNIFY_TEST_MAIL'];
  return dir === undefined ? {} : { MAIL_DIR: dir };
};

/** What nearly all exercises here are in; runners of other languages start when they are asked for. `npm start` is tested with all of them warm. */
export const FEW_WARM = { SANDBOX_WARM: 'quickjs' };

/** Starts the real api process. */
export async function startApi(environment: ProcessEnvironment): Promise<TestProcess> {
  const port = await freePort();
  return startProcess('api/main.ts', port, environment, {
    SERVER_PORT: String(port),
    RATE_LIMIT_RPS: '10000',
    RATE_LIMIT_AUTH_PER_MINUTE: '10000',
    SUBMISSIONS_PER_LEARNER_PER_HOUR: '10000',
  });
}

/** Starts a real worker process. */
export async function startWorkerProcess(environment: ProcessEnvironment): Promise<TestProcess> {
  const port = await freePort();
  return startProcess('worker/main.ts', port, environment, { WORKER_PORT: String(port), ...FEW_WARM });
}

async function startProcess(
  entry: string,
  port: number,
  environment: ProcessEnvironment,
  settings: Record<string, string>,
): Promise<TestProcess> {
  const child = spawn(process.execPath, [entry], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: COMPILE_CACHE_DIR,
      SERVER_ENV: 'test',
      DATABASE_URL: environment.databaseUri,
      QUEUE_PREFIX: environment.prefix,
      JWT_SECRET: TEST_JWT_SECRET,
      ...mailFolder(),
      ...(environment.redisUrl === undefined ? {} : { REDIS_URL: environment.redisUrl }),
      ...settings,
      ...environment.extra,
    },
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  // Not at its exit: what it wrote last may still be in the pipes.
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = `http://127.0.0.1:${port}`;
  const running: TestProcess = {
    url,
    pid: child.pid ?? 0,
    output: () => chunks.join(''),
    exited,
    kill: async (signal = 'SIGTERM') => {
      if (!hasEnded(child)) child.kill(signal);
      await exited;
    },
  };
  try {
    await eventually(
      `${entry} is ready`,
      async () => {
        if (hasEnded(child)) return true;
        return (await fetch(`${url}/readiness`)).ok;
      },
      START_TIMEOUT_MS,
    );
    if (hasEnded(child)) throw new Error(`${entry} ended at its start.`);
  } catch (error) {
    await running.kill('SIGKILL');
    throw new Error(`${entry} did not start:\n${running.output()}`, { cause: error });
  }
  return running;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
