import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { startApi, startWorkerProcess, type TestProcess } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { gradeEveryLanguage } from './language-journey.ts';

let database: TestDatabase;
let api: TestProcess;
let worker: TestProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  const redisUrl = BACKENDS.includes('redis') ? sharedRedisUrl() : undefined;
  const environment = { databaseUri: database.uri, redisUrl, prefix: uniquePrefix() };
  [api, worker] = await Promise.all([startApi(environment), startWorkerProcess(environment)]);
});
afterAll(async () => {
  await Promise.all([api, worker].map((started) => started.kill('SIGKILL')));
  await database.drop();
});

async function loginAsInstructor(): Promise<Client> {
  const anonymous = new Client(api.url);
  const { email, password, userId } = await anonymous.registerLearner();
  await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner,instructor}' WHERE id = ${userId}`);
  const login = await anonymous.post('/api/v1/auth/login', { email, password });
  return anonymous.as(z.object({ accessToken: z.string() }).parse(login.body).accessToken);
}

test('every language and kind of test is authored, verified and graded over HTTP', async () => {
  const { client: learner } = await new Client(api.url).registerLearner();
  const steps = await gradeEveryLanguage(await loginAsInstructor(), learner);
  expect(steps.length).toBeGreaterThanOrEqual(70);
  expect(steps.filter(({ wanted, seen }) => wanted !== seen)).toEqual([]);
}, 900_000);
