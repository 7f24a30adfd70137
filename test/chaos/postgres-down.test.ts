import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Problem } from '../../shared/contracts/common.contract.ts';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { startMortalDatabase, type MortalDatabase } from '../support/database-outage.ts';
import { eventually } from '../support/eventually.ts';
import { countSolved, readRunOf, readRuns, whenSettled } from '../support/grading-records.ts';
import type { TestProcess } from '../support/processes.ts';
import { isGrading, whileRunnersAreHeld } from '../support/runners.ts';
import { openScene, RIGHT_SUM, waitForStatus, type Scene } from '../support/scene.ts';
import { openTestPool } from '../support/test-database.ts';

jest.setTimeout(180_000);

describe.each(BACKENDS)('PostgreSQL restarted under a running platform, queues on %s', (kind) => {
  let server: MortalDatabase;
  let scene: Scene;
  let api: TestProcess;
  let worker: TestProcess;
  let learner: Client;

  beforeEach(async () => {
    server = await startMortalDatabase();
    const db = await openTestPool(server.uri);
    scene = await openScene(kind, { database: { uri: server.uri, db, drop: () => db.end() } });
    [api, worker] = await Promise.all([scene.api(), scene.worker()]);
    learner = (await new Client(api.url).registerLearner()).client;
  });
  afterEach(async () => {
    await scene.close();
    await server.remove();
  });

  const exercise = () => `/api/v1/exercises/${scene.exercise.exerciseId}`;

  test('the api answers 503 problems and lives on, and works again without a restart', async () => {
    const before = await scene.submit(learner, RIGHT_SUM);
    await waitForStatus(learner, before, 'completed');
    // Its worker has been told that it was written: with the answer lost, it would find itself fenced by its own grade.
    await whenSettled(1, worker);
    await server.stop();

    const refused = [
      await learner.get(exercise()),
      await learner.post(`${exercise()}/submissions`, { code: RIGHT_SUM }),
      await new Client(api.url).post('/api/v1/auth/login', {
        email: 'a@example.com',
        password: 'of no account at all',
      }),
    ];
    for (const answer of refused) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Problem.parse(answer.body).code).toBe('SERVICE_UNAVAILABLE');
    }
    expect((await new Client(api.url).get('/health')).status).toBe(200);
    expect((await new Client(api.url).get('/readiness')).status).toBe(503);
    expect((await new Client(worker.url).get('/health')).status).toBe(200);
    expect((await new Client(worker.url).get('/readiness')).status).toBe(503);

    await server.start();
    await eventually('the exercise is read again', async () => (await learner.get(exercise())).status === 200, 30_000);
    const after = await scene.submit(learner, RIGHT_SUM);
    expect((await waitForStatus(learner, after, 'completed', 60_000)).verdict).toBe('accepted');
    await eventually(
      'both are ready',
      async () => {
        const answers = await Promise.all([api, worker].map(({ url }) => new Client(url).get('/readiness')));
        return answers.every(({ status }) => status === 200);
      },
      30_000,
    );
    const runs = (await readRuns(scene.database.db)).map(({ id }) => id).sort();
    expect(await whenSettled(runs.length, worker)).toEqual(runs);
  });

  test('a grade that ends while it is away is kept until it is back, and written once', async () => {
    const { id, token } = await whileRunnersAreHeld([worker], async () => {
      const submitted = await scene.submit(learner, RIGHT_SUM);
      await eventually('it is graded', () => isGrading(worker));
      const { attempt_token } = await readRunOf(scene.database.db, submitted);
      await server.stop();
      return { id: submitted, token: attempt_token };
    });
    await eventually('the worker wants to write', () => worker.output().includes('waiting for the database to take'));
    await server.start();

    expect((await waitForStatus(learner, id, 'completed', 60_000)).verdict).toBe('accepted');
    const run = await readRunOf(scene.database.db, id);
    expect(run.status).toBe('completed');
    // Where the queue was there all the time, it is the very first grade that was kept, not a second one made.
    if (kind === 'redis') expect(run).toMatchObject({ attempt_token: token, crashes: 0, dispatch: 1 });
    expect(await whenSettled(1, worker)).toEqual([run.id]);
    expect(await countSolved(scene.database.db)).toBe(1);
  });
});
