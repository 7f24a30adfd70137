import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import { z } from 'zod';
import { uniquePrefix } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { startApi, startWorkerProcess, type ProcessEnvironment, type TestProcess } from '../support/processes.ts';
import { createTestDatabase, serverUri, type TestDatabase } from '../support/test-database.ts';

const newSecret = () => randomBytes(36).toString('base64url');
const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });

describe('a JWT key is rotated', () => {
  const OLD = newSecret();
  const NEW = newSecret();
  /** The settings of one rollout after the other, as docs/security/rotation.md says. While one is under way, the one before still serves. */
  const ROLLOUTS = [
    { JWT_SECRET: OLD },
    { JWT_SECRET: OLD, JWT_PREVIOUS_SECRET: NEW },
    { JWT_SECRET: NEW, JWT_PREVIOUS_SECRET: OLD },
    { JWT_SECRET: NEW },
  ] as const;
  let database: TestDatabase;
  let apis: InProcessApi[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const open = (extra: Record<string, string>) =>
      openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
    apis = await Promise.all(ROLLOUTS.map(open));
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    await database.drop();
  });

  const clientOf = (rollout: number) => new Client(apis[rollout]?.url ?? '');
  const statusOf = async (rollout: number, token: string) =>
    (await clientOf(rollout).as(token).get('/api/v1/users/me')).status;

  test.each([
    [0, 1],
    [1, 2],
  ])('between rollouts %i and %i a token of either is taken by both', async (before, after) => {
    const { email, password } = await clientOf(before).registerLearner();
    for (const rollout of [before, after]) {
      const login = await clientOf(rollout).post('/api/v1/auth/login', { email, password });
      const { accessToken } = Tokens.parse(login.body);
      expect([await statusOf(before, accessToken), await statusOf(after, accessToken)]).toEqual([200, 200]);
    }
  });

  test('with the last rollout the old key opens nothing, and whoever still had such a token refreshes it', async () => {
    const { client, refreshToken } = await clientOf(1).registerLearner();
    const signedWithOldKey = client.at(apis[3]?.url ?? '');
    expectProblem(await signedWithOldKey.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    const refreshed = Tokens.parse((await clientOf(3).post('/api/v1/auth/refresh', { refreshToken })).body);
    expect([await statusOf(2, refreshed.accessToken), await statusOf(3, refreshed.accessToken)]).toEqual([200, 200]);
  });

  test('skipping the first rollout would turn away tokens of the processes that are ahead', async () => {
    const { client } = await clientOf(2).registerLearner();
    expectProblem(await client.at(apis[0]?.url ?? '').get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
  });
});

describe('the password of the database is rotated under running processes', () => {
  const role = `learnify_rotation_${randomBytes(6).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), 'learnify-rotation-'));
  const files = { url: join(directory, 'database_url'), password: join(directory, 'db_password') };
  let database: TestDatabase;
  let admin: PostgresClient;
  let api: TestProcess;
  let worker: TestProcess;
  let exerciseId: string;
  let password = newSecret();

  const uriWith = (secret: string): string => {
    const uri = new URL(database.uri);
    uri.username = role;
    uri.password = secret;
    return uri.href;
  };
  const writeFiles = (): void => {
    writeFileSync(files.url, `${uriWith(password)}\n`);
    writeFileSync(files.password, `${password}\n`);
  };
  const setPassword = async (next: string): Promise<void> => {
    password = next;
    await admin.query(`ALTER ROLE ${role} PASSWORD '${password}'`);
  };
  /** As if every connection had ended just now: the next ones have to log in. */
  const endConnections = async (): Promise<void> => {
    const { rows } = await admin.query<{ pid: number }>(
      'SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1',
      [role],
    );
    const told = rows.map(({ pid }) => pid);
    await eventually('all that were told to end have ended', async () => {
      const left = await admin.query('SELECT FROM pg_stat_activity WHERE usename = $1 AND pid = ANY ($2)', [
        role,
        told,
      ]);
      return left.rowCount === 0;
    });
  };
  const canLogIn = async (secret: string): Promise<boolean> => {
    const client = new PostgresClient({ connectionString: uriWith(secret) });
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    ({ exerciseId } = await buildExercise(database.db));
    admin = new PostgresClient({ connectionString: serverUri() });
    await admin.connect();
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}' IN ROLE CURRENT_USER`);
    writeFiles();
    const { hostname, port, pathname } = new URL(database.uri);
    const prefix = uniquePrefix();
    // Without Redis: the queues then have connections of their own to PostgreSQL. Empty strings are absent settings.
    const environment = (extra: Record<string, string>): ProcessEnvironment => ({
      databaseUri: '',
      prefix,
      extra: { ...extra, DB_POOL_MAX: '5' },
    });
    [api, worker] = await Promise.all([
      startApi(environment({ DATABASE_URL_FILE: files.url })),
      startWorkerProcess(
        environment({
          DB_HOST: hostname,
          DB_PORT: port,
          DB_USER: role,
          DB_NAME: pathname.slice(1),
          DB_PASSWORD_FILE: files.password,
          WORKER_QUEUES: 'grading,maintenance',
        }),
      ),
    ]);
  });
  afterAll(async () => {
    await Promise.all([api, worker].map((started) => started.kill('SIGKILL')));
    await database.drop();
    await admin.query(`DROP ROLE ${role}`);
    await admin.end();
    rmSync(directory, { recursive: true });
  });

  const submitAndGrade = async (learner: Client): Promise<void> => {
    const accepted = await learner.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'export const a = 1;' });
    expect(accepted.status).toBe(202);
    const location = accepted.headers.get('location') ?? '';
    await eventually('it is graded', async () => {
      const { status } = z.object({ status: z.string() }).parse((await learner.get(location)).body);
      return status === 'completed';
    });
  };

  test('connections that are open go on; new ones are answered with 503 until the file is written; then both serve, never restarted', async () => {
    const { client: learner } = await new Client(api.url).registerLearner();
    await submitAndGrade(learner);

    const old = password;
    await setPassword(newSecret());
    expect([await canLogIn(old), await canLogIn(password)]).toEqual([false, true]);
    // No new connection can be opened now; those that are may be busy for a moment.
    await eventually('open ones serve', async () => (await learner.get('/api/v1/users/me')).status === 200);

    await endConnections();
    await eventually('new connections are refused', () => api.output().includes('password authentication failed'));
    // No connection is left of those that were open, so each of these needs a new one.
    for (const path of ['/api/v1/courses', '/api/v1/users/me']) {
      expectProblem(await learner.get(path), 503, 'SERVICE_UNAVAILABLE');
    }

    writeFiles();
    await eventually('the api serves again', async () => (await learner.get('/api/v1/users/me')).status === 200);
    await eventually('the worker is ready again', async () => (await fetch(`${worker.url}/readiness`)).ok);
    await submitAndGrade(learner);
    for (const started of [api, worker]) {
      const hears = async (): Promise<boolean> =>
        /^database_notifications_live 1$/m.test(await (await fetch(`${started.url}/metrics`)).text());
      // Its turn to try again comes within ten seconds.
      await eventually('it hears notifications again', hears, 30_000);
      expect(started.output()).not.toContain(old);
      expect(started.output()).not.toContain(password);
    }
  });

  test('a file that is empty or gone for a moment, as while it is replaced, does no harm', async () => {
    const { client: learner } = await new Client(api.url).registerLearner();
    writeFileSync(files.url, '');
    rmSync(files.password);
    await endConnections();
    await eventually('the api serves', async () => (await learner.get('/api/v1/users/me')).status === 200);
    await eventually('the worker is ready', async () => (await fetch(`${worker.url}/readiness`)).ok);
    await submitAndGrade(learner);
    writeFiles();
  });
});

test('a process that is started with a wrong password says so and ends at once', async () => {
  const database = await createTestDatabase();
  const uri = new URL(database.uri);
  uri.password = newSecret();
  try {
    await expect(startApi({ databaseUri: uri.href, prefix: uniquePrefix() })).rejects.toThrow(
      /password authentication failed/,
    );
  } finally {
    await database.drop();
  }
});
