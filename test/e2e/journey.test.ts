import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { seedCatalogue } from '../../shared/local/seed.ts';
import { countVerifications } from '../../shared/learning/authoring.repository.ts';
import { readCatalogue } from '../../shared/learning/course-directory.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { countUnsentJobs, logLines } from '../support/grading-records.ts';
import { startApi, startWorkerProcess, TEST_JWT_SECRET, type TestProcess } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { travel } from './frontend-journey.ts';

const SAMPLE_SOLUTION = new URL(
  '../../shared/learning/catalogue/skerry-post/01-atom/label-reader/solution.js',
  import.meta.url,
);

jest.setTimeout(300_000);

describe.each(BACKENDS)('the platform as a frontend sees it, queues on %s', (kind) => {
  let database: TestDatabase;
  let api: TestProcess;
  let worker: TestProcess;

  beforeAll(async () => {
    database = await createTestDatabase();
    await seedCatalogue(database.db);
    const environment = {
      databaseUri: database.uri,
      redisUrl: kind === 'redis' ? sharedRedisUrl() : undefined,
      prefix: uniquePrefix(),
    };
    [api, worker] = await Promise.all([startApi(environment), startWorkerProcess(environment)]);
  });
  afterAll(async () => {
    await Promise.all([api, worker].map((started) => started.kill('SIGKILL')));
    await database.drop();
  });

  test('every exercise of the catalogue passes its own verification', async () => {
    const exercises = readCatalogue().flatMap(({ modules }) => modules.flatMap((module) => module.exercises));
    expect(exercises.length).toBeGreaterThan(10);
    const counts = await eventually(
      'all are verified or rejected',
      async () => {
        const read = await countVerifications(database.db);
        return read.pending === 0 ? read : null;
      },
      240_000,
    );
    expect(counts).toEqual({ pending: 0, verified: exercises.length, rejected: [] });
  });

  test('a learner registers, finds an exercise, and gets the right verdict for four kinds of code', async () => {
    const journey = await travel(api.url, readFileSync(SAMPLE_SOLUTION, 'utf8'));
    expect(journey.accepted).toMatchObject({ status: 'completed', verdict: 'accepted', score: 100, fault: null });
    expect(journey.wrong).toMatchObject({ status: 'completed', verdict: 'wrong_answer', score: 0, fault: 'learner' });
    expect(journey.endless).toMatchObject({ status: 'completed', verdict: 'time_limit', fault: 'learner' });
    expect(journey.crashing).toMatchObject({ status: 'completed', verdict: 'runtime_error', fault: 'learner' });
    expect(journey.crashing.tests.some(({ message }) => message?.includes('ran aground'))).toBe(true);
    expect(journey.solved).toBe(true);
  });

  test('neither process logs a password, a token or a secret, and all they log is JSON', async () => {
    const { client, password, refreshToken, email } = await new Client(api.url).registerLearner();
    const login = await client.post('/api/v1/auth/login', { email, password });
    const { accessToken } = login.body as { accessToken: string };
    await client.post('/api/v1/auth/login', { email, password: `${password}, but wrong` });
    await client.post('/api/v1/auth/refresh', { refreshToken });
    await new Client(api.url).as(`${accessToken}broken`).get('/api/v1/users/me');
    await eventually('the last request is logged', () => api.output().includes('/api/v1/users/me'));
    // After the job that the registration asks for.
    await eventually('nothing is left to be sent', async () => (await countUnsentJobs(database.db)) === 0);
    await eventually('the worker says what it runs', () => worker.output().includes('worker running'));

    expect(logLines(api).length).toBeGreaterThan(5);
    expect(logLines(worker).length).toBeGreaterThan(5);
    const databasePassword = new URL(database.uri).password;
    for (const secret of [TEST_JWT_SECRET, password, refreshToken, accessToken, databasePassword]) {
      expect(secret.length).toBeGreaterThan(8);
      expect(api.output()).not.toContain(secret);
      expect(worker.output()).not.toContain(secret);
    }
  });

  test('both processes stop on SIGTERM, cleanly and within their grace', async () => {
    await Promise.all([api.kill('SIGTERM'), worker.kill('SIGTERM')]);
    // What does not stop within its grace exits with 1.
    expect(await Promise.all([api.exited, worker.exited])).toEqual([0, 0]);
    for (const started of [api, worker]) expect(logLines(started).at(-1)?.['message']).toBe('stopped');
  });
});
