import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { MAINTENANCE_INTERVALS_MS } from '../../shared/queues/maintenance.queue.ts';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { countSolved, countSubmissions, countUnsentJobs, readRuns, whenSettled } from '../support/grading-records.ts';
import type { TestProcess } from '../support/processes.ts';
import { isGrading, whileRunnersAreHeld } from '../support/runners.ts';
import { openScene, RIGHT_SUM, waitForStatus, type Scene } from '../support/scene.ts';
import { startRedis, type TestRedis } from '../support/test-redis.ts';

jest.setTimeout(180_000);
/** What a client of Redis waits by default before it gives up: some hundred times as long as accepting a submission takes. */
const CLIENT_PATIENCE_MS = 10_000;
const describeWithRedis = BACKENDS.includes('redis') ? describe : describe.skip;

describeWithRedis('Redis in trouble', () => {
  let redis: TestRedis;
  let scene: Scene;
  let api: TestProcess;
  let worker: TestProcess;
  let learner: Client;

  beforeEach(async () => {
    redis = await startRedis();
    scene = await openScene('redis', { redisUrl: redis.url });
    [api, worker] = await Promise.all([scene.api(), scene.worker({ WORKER_CONCURRENCY_GRADING: '1' })]);
    learner = (await new Client(api.url).registerLearner()).client;
  });
  afterEach(async () => {
    await scene.close();
    await redis.stop();
  });

  const allGraded = (count: number) =>
    eventually(
      `${count} graded`,
      async () => (await countSubmissions(scene.database.db))['completed'] === count,
      60_000,
    );
  /** Of a grade too: the transaction that writes it asks for a review, whose job is sent after it. */
  const allSent = () =>
    eventually('the outbox is empty', async () => (await countUnsentJobs(scene.database.db)) === 0, 60_000);
  /** They are made one after the other. */
  const expectAllSchedulers = () =>
    eventually('there is a scheduler for each upkeep', async () => {
      const made = await scene.backend.queue('maintenance').getJobSchedulers();
      expect(made.map(({ key }) => key).sort()).toEqual(Object.keys(MAINTENANCE_INTERVALS_MS).sort());
      return true;
    });
  /** Every submission has one run, which one worker settled once. */
  const expectOneEffectEach = async (count: number): Promise<void> => {
    await allSent();
    const runs = await readRuns(scene.database.db);
    expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'completed'));
    expect(await whenSettled(count, worker)).toEqual(runs.map(({ id }) => id).sort());
    expect(await countSolved(scene.database.db)).toBe(1);
  };

  test('away: submissions are accepted at once and wait, the api says it is degraded; back: each is graded once', async () => {
    await scene.submit(learner, RIGHT_SUM);
    await allGraded(1);
    await allSent();
    await redis.kill();

    for (let count = 0; count < 4; count++) {
      const startedAt = performance.now();
      await scene.submit(learner, RIGHT_SUM);
      expect(performance.now() - startedAt).toBeLessThan(CLIENT_PATIENCE_MS);
    }
    await eventually('the api knows', async () => {
      const { status, body } = await new Client(api.url).get('/readiness');
      expect(status).toBe(200);
      return (body as { status: string }).status === 'degraded';
    });
    expect((await new Client(api.url).get('/health')).status).toBe(200);
    expect((await new Client(worker.url).get('/health')).status).toBe(200);
    expect((await new Client(worker.url).get('/readiness')).status).toBe(503);
    expect(await countSubmissions(scene.database.db)).toEqual({ completed: 1, queued: 4 });
    expect(await countUnsentJobs(scene.database.db)).toBe(4);

    await redis.restart();
    await allGraded(5);
    await expectOneEffectEach(5);
    await eventually(
      'both are ready again',
      async () =>
        (await new Client(worker.url).get('/readiness')).status === 200 &&
        ((await new Client(api.url).get('/readiness')).body as { status: string }).status === 'ready',
    );
  });

  test('killed in mid-grade and restarted at once: the grade counts, and is not made twice', async () => {
    const id = await whileRunnersAreHeld([worker], async () => {
      const submitted = await scene.submit(learner, RIGHT_SUM);
      await eventually('it is graded', () => isGrading(worker));
      await redis.kill();
      await redis.restart();
      return submitted;
    });
    await waitForStatus(learner, id, 'completed', 60_000);
    await expectOneEffectEach(1);
  });

  test('flushed while one run is graded and others wait: all are graded, each once, and the schedulers are made again', async () => {
    await expectAllSchedulers();
    await whileRunnersAreHeld([worker], async () => {
      await scene.submit(learner, RIGHT_SUM);
      await eventually('one is graded', () => isGrading(worker));
      for (let count = 0; count < 4; count++) await scene.submit(learner, RIGHT_SUM);
      await allSent();
      expect(await countSubmissions(scene.database.db)).toEqual({ running: 1, queued: 4 });
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
    });

    await allGraded(5);
    await expectOneEffectEach(5);
    await expectAllSchedulers();
  });
});
