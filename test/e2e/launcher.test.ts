import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { runCommand } from '../support/commands.ts';
import { eventually } from '../support/eventually.ts';
import { descendantsOf, isRunning } from '../support/grading.ts';
import {
  makeLauncherHome,
  processesOf,
  processRunning,
  readCredentials,
  runLauncher,
  startLauncher,
  type LauncherHome,
  type TestLauncher,
} from '../support/launcher.ts';
import { awaitMail } from '../support/mailbox.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { travel, type Journey } from './frontend-journey.ts';

const SOLUTION = readFileSync(
  new URL('../../shared/learning/catalogue/skerry-post/01-atom/label-reader/solution.js', import.meta.url),
  'utf8',
);
const RESTART_TIMEOUT_MS = 60_000;

jest.setTimeout(300_000);

function expectWholeJourney(journey: Journey): void {
  const { accepted, wrong, endless, crashing } = journey;
  expect([accepted, wrong, endless, crashing].map(({ verdict }) => verdict)).toEqual([
    'accepted',
    'wrong_answer',
    'time_limit',
    'runtime_error',
  ]);
  expect(journey.solved).toBe(true);
}

const killAll = (home: LauncherHome): void => {
  for (const pid of processesOf(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
};

describe('npm start, from the first start on', () => {
  let home: LauncherHome;
  let launcher: TestLauncher;
  let credentials: ReturnType<typeof readCredentials>;
  let submission: { id: string; verdict: string };

  beforeAll(async () => {
    home = await makeLauncherHome();
  });
  afterAll(() => {
    killAll(home);
    home.remove();
  });

  const login = async (): Promise<Client> => {
    const account = credentials.find(({ role }) => role === 'learner');
    const client = new Client(home.apiUrl);
    const answer = await client.post('/api/v1/auth/login', { email: account?.email, password: account?.password });
    expect(answer.status).toBe(200);
    return client.as((answer.body as { accessToken: string }).accessToken);
  };
  const expectSameData = async (): Promise<void> => {
    expect(readCredentials(home)).toEqual(credentials);
    const seen = await (await login()).get(`/api/v1/submissions/${submission.id}`);
    expect(seen.body).toMatchObject(submission);
  };
  const expectOneOfEach = (): void => {
    for (const command of ['shared/local/main.ts', 'api/main.ts', 'worker/main.ts', '/bin/postgres'])
      expect(processRunning(home, command)).toBeGreaterThan(1);
  };
  /** Everything of the platform, sandboxes and database sessions as well. */
  const everything = (): number[] => [launcher.pid, ...descendantsOf(launcher.pid)];

  test('prints where everything is and how to log in', async () => {
    launcher = await startLauncher(home);
    credentials = readCredentials(home);
    const output = launcher.output();
    for (const shown of [`${home.apiUrl}/api/v1`, `${home.apiUrl}/docs`, `${home.apiUrl}/ops/queues`, home.workerUrl])
      expect(output).toContain(shown);
    for (const { email, password } of credentials) expect(output).toContain(`${email}  ${password}`);
    expect(output).toContain('embedded PostgreSQL');
    expect(output).not.toContain('rejected');
    expectOneOfEach();
  });

  test('keeps the passwords of the four roles where only the owner reads them', () => {
    expect(credentials.map(({ role }) => role).sort()).toEqual(['admin', 'instructor', 'learner', 'operator']);
    expect(new Set(credentials.map(({ password }) => password)).size).toBe(4);
    for (const file of ['credentials.json', 'secrets.json'])
      expect(statSync(join(home.dir, file)).mode & 0o777).toBe(0o600);
  });

  test('grades the sample that it proposes, for the sample learner', async () => {
    submission = await submitSample(await login(), home);
    expect(submission.verdict).toBe('accepted');
  });

  test('writes mails into a folder of its own, and says which', async () => {
    const email = credentials.find(({ role }) => role === 'learner')?.email ?? '';
    const mails = join(home.dir, 'mail');
    expect(launcher.output()).toContain(mails);
    const asked = await new Client(home.apiUrl).post('/api/v1/auth/password/forgot', { email });
    expect(asked.status).toBe(202);
    expect(await awaitMail(mails, email)).toMatchObject({ link: expect.stringContaining('/reset-password#token=') });
  });

  test('keeps the address of its database for commands, where its owner alone can read it', async () => {
    const file = join(home.dir, 'database-url');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const sound = await runCommand('shared/audit/verify-audit-command.ts', [], { DATABASE_URL_FILE: file });
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Sound: /) });
  });

  test('serves the whole journey', async () => {
    expectWholeJourney(await travel(home.apiUrl, SOLUTION));
  });

  test('refuses a second start from the same folder, and leaves the first alone', async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const second = runLauncher(home);
      expect(await second.exited).toBe(1);
      expect(second.output()).toContain(`running from here already (pid ${launcher.pid})`);
    }
    await expectSameData();
    expectOneOfEach();
  });

  test.each(['api/main.ts', 'worker/main.ts'])('starts %s again when it is killed', async (entry) => {
    const before = processRunning(home, entry);
    process.kill(before, 'SIGKILL');
    const url = entry === 'api/main.ts' ? home.apiUrl : home.workerUrl;
    await eventually(
      'it is back',
      async () => {
        return processRunning(home, entry) !== before && (await new Client(url).get('/readiness')).status === 200;
      },
      RESTART_TIMEOUT_MS,
    );
    await eventually('the launcher says so', () =>
      launcher.output().includes(`${entry.split('/')[0]} ended (SIGKILL); starting it again`),
    );
    await expectSameData();
  });

  test('stops everything on Ctrl-C', async () => {
    const pids = everything();
    expect(pids.length).toBeGreaterThan(6);
    expect(await launcher.kill('SIGINT')).toBe(0);
    await eventually('all processes are gone', () => !pids.some(isRunning) && processesOf(home).length === 0);
  });

  test('continues with the same data at the next start', async () => {
    launcher = await startLauncher(home);
    await expectSameData();
  });

  test('recovers with the same data after it was killed, without doubles', async () => {
    const before = everything();
    await launcher.kill('SIGKILL');
    launcher = await startLauncher(home);
    await expectSameData();
    expectOneOfEach();
    await eventually('nothing of the killed start is left', () => !before.some(isRunning));
    const pids = everything();
    expect(await launcher.kill('SIGTERM')).toBe(0);
    await eventually('all processes are gone', () => !pids.some(isRunning) && processesOf(home).length === 0);
  });
});

describe('npm start with things in its way or at hand', () => {
  test('says which setting names a port that is taken, and exits with 1', async () => {
    const home = await makeLauncherHome();
    const squatter = createServer().listen(Number(home.environment['SERVER_PORT']), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const launcher = runLauncher(home);
      expect(await launcher.exited).toBe(1);
      expect(launcher.output()).toMatch(/Port \d+ \(SERVER_PORT\) is taken/);
      expect(processesOf(home)).toEqual([]);
    } finally {
      squatter.close();
      killAll(home);
      home.remove();
    }
  });

  test('can be interrupted while it starts, and leaves nothing behind', async () => {
    const home = await makeLauncherHome();
    try {
      const launcher = runLauncher(home);
      await eventually('half-way up', () => launcher.output().includes('Starting api and worker'), 240_000);
      expect(await launcher.kill('SIGINT')).toBe(0);
      expect(launcher.output()).not.toMatch(/error/i);
      await eventually('all processes are gone', () => processesOf(home).length === 0);
    } finally {
      killAll(home);
      home.remove();
    }
  });

  const testWithRedis = BACKENDS.includes('redis') ? test : test.skip;
  testWithRedis('takes the PostgreSQL and the Redis it is given, and starts no database of its own', async () => {
    const [home, database] = await Promise.all([makeLauncherHome(), createTestDatabase({ empty: true })]);
    try {
      const settings = { DATABASE_URL: database.uri, REDIS_URL: sharedRedisUrl(), QUEUE_PREFIX: uniquePrefix() };
      const launcher = await startLauncher(home, settings);
      expect(launcher.output()).toMatch(/Queue backend\s+Redis/);
      expect(descendantsOf(launcher.pid).filter((pid) => /\/bin\/postgres\0/.test(commandLine(pid)))).toEqual([]);
      expectWholeJourney(await travel(home.apiUrl, SOLUTION));
      expect(await launcher.kill('SIGINT')).toBe(0);
      await eventually('all processes are gone', () => processesOf(home).length === 0);
    } finally {
      killAll(home);
      home.remove();
      await database.drop();
    }
  });
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended between the look and the reading.
    return '';
  }
}

/** Sends what the launcher's own curl line sends, as the sample learner. */
async function submitSample(client: Client, home: LauncherHome): Promise<{ id: string; verdict: string }> {
  const body = readFileSync(join(home.dir, 'sample-submission.json'), 'utf8');
  const exerciseId = await firstExercise(client);
  const accepted = await client.request('POST', `/api/v1/exercises/${exerciseId}/submissions`, body);
  const { id } = accepted.body as { id: string };
  return eventually(
    'the sample is graded',
    async () => {
      const seen = (await client.get(`/api/v1/submissions/${id}`)).body as { id: string; verdict: string | null };
      return seen.verdict === null ? null : { id, verdict: seen.verdict };
    },
    RESTART_TIMEOUT_MS,
  );
}

async function firstExercise(client: Client): Promise<string> {
  const courses = (await client.get('/api/v1/courses')).body as { items: { id: string }[] };
  const course = (await client.get(`/api/v1/courses/${courses.items[0]?.id}`)).body as {
    modules: { exercises: { id: string }[] }[];
  };
  return course.modules[0]?.exercises[0]?.id ?? '';
}
