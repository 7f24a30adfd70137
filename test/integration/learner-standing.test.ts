import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkerDeps } from '../../worker/processor.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { buildExercise, type BuiltExercise } from '../support/factories.ts';
import { gradeByHand, type HandGrader } from '../support/hand-grading.ts';
import { openApi, openWorkerDeps, type InProcessApi } from '../support/in-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { submitCode } from '../support/watching.ts';

describe('how a learner stands with an exercise', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let workerDeps: WorkerDeps;
  let grader: HandGrader;
  let exercise: BuiltExercise;
  let learner: Client;
  let ids: Record<'wrong' | 'partial' | 'failed' | 'cancelled' | 'queued', string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    [api, workerDeps] = await Promise.all([openApi(environment), openWorkerDeps(environment)]);
    grader = gradeByHand(workerDeps);
    exercise = await buildExercise(database.db);
    ({ client: learner } = await api.client.registerLearner());
    const submit = () => submitCode(learner, exercise.exerciseId);
    ids = { wrong: '', partial: '', failed: '', cancelled: '', queued: '' };
    ids.wrong = await submit();
    await grader.grade(ids.wrong, { verdict: 'wrong_answer', score: 20 });
    ids.partial = await submit();
    await grader.grade(ids.partial, { verdict: 'partial', score: 60 });
    ids.failed = await submit();
    const run = await grader.claim(ids.failed);
    if (run !== null) await grader.giveUp(run);
    ids.cancelled = await submit();
    await learner.post(`/api/v1/submissions/${ids.cancelled}/cancel`);
    ids.queued = await submit();
  });
  afterAll(async () => {
    await api.close();
    await workerDeps.backend.close();
    await workerDeps.db.end();
    await database.drop();
  });

  const exerciseOf = async (client: Client) => (await client.get(`/api/v1/exercises/${exercise.exerciseId}`)).body;
  const listed = async (query: string, client = learner) => {
    const { body } = await client.get(`/api/v1/exercises/${exercise.exerciseId}/submissions?${query}`);
    return (body as { items: { id: string }[] }).items.map(({ id }) => id);
  };

  test('counts the attempts that count: not what the platform failed, not what was cancelled', async () => {
    expect(await exerciseOf(learner)).toMatchObject({ attempts: 3, bestScore: 60, solved: false });
  });

  test('stands with the exercise in its course too', async () => {
    const { body } = await learner.get(`/api/v1/courses/${exercise.courseId}`);
    expect(body).toMatchObject({
      modules: [{ exercises: [{ id: exercise.exerciseId, attempts: 3, bestScore: 60, solved: false }] }],
    });
  });

  test('is nothing for who has not tried', async () => {
    const { client: other } = await api.client.registerLearner();
    expect(await exerciseOf(other)).toMatchObject({ attempts: 0, bestScore: null });
    expect(await listed('', other)).toEqual([]);
  });

  test('is told attempt by attempt in the list, which can be narrowed', async () => {
    expect(await listed('')).toEqual([ids.queued, ids.cancelled, ids.failed, ids.partial, ids.wrong]);
    expect(await listed('status=completed')).toEqual([ids.partial, ids.wrong]);
    expect(await listed('status=completed&limit=1')).toEqual([ids.partial]);
    expect(await listed(`status=completed&limit=1&cursor=${ids.partial}`)).toEqual([ids.wrong]);
    expect(await listed('verdict=wrong_answer')).toEqual([ids.wrong]);
    expect(await listed('verdict=accepted')).toEqual([]);
    const refused = await learner.get(`/api/v1/exercises/${exercise.exerciseId}/submissions?status=lost`);
    expect(refused.status).toBe(422);
  });
});
