import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { MAINTENANCE_INTERVALS_MS } from '../../shared/queues/maintenance.queue.ts';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { countSolved, countSubmissions, countUnsentJobs, readRuns, whenSettled } from '../support/grading-records.ts';
import type { TestProcess } from '../support/processes.ts';
import { openScene, RIGHT_SUM, sumThatTakes, waitForStatus, type Scene } from '../support/scene.ts';
import { startRedis, type TestRedis } from '../support/test-redis.ts';

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

  const allGraded = (count: number, timeoutMs: number) =>
    eventually(
      `${count} graded`,
      async () => (await countSubmissions(scene.database.db))['completed'] === count,
      timeoutMs,
    );
  const schedulerNames = async () =>
    (await scene.backend.queue('maintenance').getJobSchedulers()).map(({ key }) => key).sort();
  /** Every submission has one run, which one worker settled once. */
  const expectOneEffectEach = async (count: number): Promise<void> => {
    const runs = await readRuns(scene.database.db);
    expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'completed'));
    expect(await whenSettled(count, worker)).toEqual(runs.map(({ id }) => id).sort());
    expect(await countSolved(scene.database.db)).toBe(1);
    expect(await countUnsentJobs(scene.database.db)).toBe(0);
  };

  test('away: submissions are accepted at once and wait, the api says it is degraded; back: each is graded once', async () => {
    await scene.submit(learner, RIGHT_SUM);
    await allGraded(1, 15_000);
    await redis.kill();

    for (let count = 0; count < 4; count++) {
      const startedAt = performance.now();
      await scene.submit(learner, RIGHT_SUM);
      expect(performance.now() - startedAt).toBeLessThan(5000);
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
    await allGraded(5, 20_000);
    await eventually('the outbox is empty', async () => (await countUnsentJobs(scene.database.db)) === 0);
    await expectOneEffectEach(5);
    await eventually(
      'both are ready again',
      async () =>
        (await new Client(worker.url).get('/readiness')).status === 200 &&
        ((await new Client(api.url).get('/readiness')).body as { status: string }).status === 'ready',
    );
  });

  test('killed in mid-grade and restarted at once: the grade counts, and is not made twice', async () => {
    const id = await scene.submit(learner, sumThatTakes(2500));
    await waitForStatus(learner, id, 'running');
    await redis.kill();
    await redis.restart();
    await waitForStatus(learner, id, 'completed');
    await expectOneEffectEach(1);
  });

  test('flushed while one run is graded and others wait: all are graded, each once, and the schedulers are made again', async () => {
    const running = await scene.submit(learner, sumThatTakes(2500));
    await waitForStatus(learner, running, 'running');
    for (let count = 0; count < 4; count++) await scene.submit(learner, RIGHT_SUM);
    await eventually('all were sent', async () => (await countUnsentJobs(scene.database.db)) === 0);
    const before = await eventually('the schedulers are there', async () => {
      const names = await schedulerNames();
      return names.length === Object.keys(MAINTENANCE_INTERVALS_MS).length ? names : null;
    });

    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    expect((await countSubmissions(scene.database.db))['queued']).toBe(4);

    await allGraded(5, 30_000);
    await expectOneEffectEach(5);
    expect(await schedulerNames()).toEqual(before);
  });
});
