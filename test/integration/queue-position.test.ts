import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { QueuePlace } from '../../shared/contracts/submission.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import { runQueue } from '../../worker/run-queue.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, type BuiltExercise } from '../support/factories.ts';
import { gradeByHand, newestRun, type HandGrader } from '../support/hand-grading.ts';
import { openApi, openWorkerDeps, type InProcessApi } from '../support/in-process.ts';
import type { ProcessEnvironment } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { submitCode } from '../support/watching.ts';

describe.each(BACKENDS)('the place in the queue, on %s', (kind) => {
  let database: TestDatabase;
  let api: InProcessApi;
  let workerDeps: WorkerDeps;
  let grader: HandGrader;
  let exercise: BuiltExercise;
  let learner: Client;
  let stranger: Client;
  let environment: ProcessEnvironment;
  const alsoOpen: InProcessApi[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    environment = {
      databaseUri: database.uri,
      redisUrl: kind === 'redis' ? sharedRedisUrl() : undefined,
      prefix: uniquePrefix(),
    };
    [api, workerDeps] = await Promise.all([openApi(environment), openWorkerDeps(environment)]);
    grader = gradeByHand(workerDeps);
    exercise = await buildExercise(database.db);
    // Before that a job would be left to the relay, which nobody runs here.
    await eventually('the queues are connected', () => api.deps.backend.isReady());
  });
  beforeEach(async () => {
    ({ client: learner } = await api.client.registerLearner());
    ({ client: stranger } = await api.client.registerLearner());
  });
  afterEach(async () => {
    await database.db.query(sql.typeAlias('void')`DELETE FROM submissions`);
    await database.db.query(sql.typeAlias('void')`DELETE FROM grading_runs`);
    await queue().obliterate({ force: true });
  });
  afterAll(async () => {
    for (const each of [api, ...alsoOpen]) await each.close();
    await workerDeps.backend.close();
    await workerDeps.db.end();
    await database.drop();
  });

  const queue = () => workerDeps.backend.queue('grading');
  const stateOf = async (id: string) => queue().getJobState(gradingJobId(await newestRun(database.db, id)));
  const placeAt = async (client: Client, id: string) =>
    (await client.get(`/api/v1/submissions/${id}/queue-position`)).body as Partial<QueuePlace>;
  /** The place once the queue has answered in time; the api waits half a second for it. */
  const place = (id: string) =>
    eventually('the queue answers', async () => {
      const found = await placeAt(learner, id);
      return found.reason !== 'queue_backend_unavailable' && found;
    });
  /** Submits and waits until the job is in the queue. */
  const submit = async (client: Client): Promise<string> => {
    const id = await submitCode(client, exercise.exerciseId);
    await eventually('its job is in the queue', async () => (await stateOf(id)) !== 'unknown');
    return id;
  };
  const NOT_WAITING = { position: null, ahead: null, isCapped: false, estimatedWaitMs: null };

  test('is the first when nobody else waits', async () => {
    const id = await submit(learner);
    expect(await place(id)).toEqual({
      status: 'queued',
      position: 1,
      ahead: 0,
      isCapped: false,
      reason: 'waiting_for_worker',
      detail: 'It is next and waits for a free worker.',
      estimatedWaitMs: null,
    });
  });

  test('is behind who came before', async () => {
    await submit(stranger);
    const id = await submit(learner);
    expect(await place(id)).toMatchObject({
      position: 2,
      ahead: 1,
      reason: 'behind_others',
      detail: '1 submission is served before it.',
    });
  });

  test("is behind one's own earlier ones, and others' first ones pass", async () => {
    await submit(learner);
    const second = await submit(learner);
    await submit(stranger);
    expect(await place(second)).toMatchObject({
      position: 3,
      ahead: 2,
      reason: 'behind_own_submissions',
      detail: expect.stringMatching(
        /^2 submissions are served before it\. 1 earlier submission of yours is not finished/,
      ),
    });
  });

  test('is none once it runs, and none once it is finished', async () => {
    const id = await submit(learner);
    const run = await grader.claim(id);
    if (run === null) throw new Error('nothing to claim');
    expect(await place(id)).toMatchObject({ status: 'running', reason: 'running', ...NOT_WAITING });
    await grader.complete(run);
    expect(await place(id)).toMatchObject({ status: 'completed', reason: 'finished', ...NOT_WAITING });
    const cancelled = await submit(learner);
    await learner.post(`/api/v1/submissions/${cancelled}/cancel`);
    expect(await place(cancelled)).toMatchObject({ status: 'cancelled', reason: 'finished', ...NOT_WAITING });
  });

  test('says that grading is paused', async () => {
    const id = await submit(learner);
    await queue().pause();
    try {
      expect(await place(id)).toMatchObject({ position: 1, reason: 'queue_paused', estimatedWaitMs: null });
    } finally {
      await queue().resume();
    }
  });

  test('says that the job is not in the queue yet', async () => {
    const id = await submit(learner);
    await queue().obliterate({ force: true });
    expect(await place(id)).toMatchObject({ status: 'queued', position: 1, reason: 'not_sent_yet' });
  });

  test('says that grading it is tried again', async () => {
    const id = await submit(learner);
    const running = runQueue(workerDeps, 'grading', 1, async () => {
      const run = await grader.claim(id);
      if (run !== null) await grader.handBack(run);
      // Until then the job would be tried again while the test looks.
      void running.drain(5000);
      throw new Error('infrastructure');
    });
    await eventually('it waits for its retry', async () => (await stateOf(id)) === 'delayed');
    expect(await place(id)).toMatchObject({ status: 'queued', position: 1, reason: 'retrying' });
    await running.drain(5000);
  });

  test('counts to 500 and no further', async () => {
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO grading_runs (id, kind, reason, exercise_version_id)
      SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'verification', 'verification', ${exercise.versionId}
      FROM generate_series(1, 600) n`);
    const id = await submit(learner);
    expect(await place(id)).toMatchObject({
      position: 501,
      ahead: 500,
      isCapped: true,
      reason: 'behind_others',
      detail: '500+ submissions are served before it.',
      estimatedWaitMs: null,
    });
  });

  test('comes with an estimate once the queue has moved while it waited', async () => {
    await submit(stranger);
    const id = await submit(learner);
    const run = await newestRun(database.db, id);
    const startedAt = performance.now();
    await database.db.query(sql.typeAlias('void')`
      UPDATE grading_runs SET dispatched_at = now() - interval '10 seconds' WHERE id = ${run.id}`);
    expect(await place(id)).toMatchObject({ estimatedWaitMs: null });
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO grading_runs (id, kind, reason, exercise_version_id, status, completed_at)
      SELECT gen_random_uuid(), 'verification', 'verification', ${exercise.versionId}, 'completed',
        now() - CASE WHEN n > 9 THEN interval '2 minutes' ELSE interval '0' END
      FROM generate_series(1, 19) n`);
    const { estimatedWaitMs } = await place(id);
    const waitedMs = 10_000 + performance.now() - startedAt;
    // Nine of the nineteen ended in the ten seconds and more that it waited: it and the one ahead take two ninths of that.
    expect(estimatedWaitMs).toBeGreaterThanOrEqual(Math.floor((2 * 10_000) / 9));
    expect(estimatedWaitMs).toBeLessThanOrEqual(Math.ceil((2 * waitedMs) / 9));
  });

  test("is nobody else's business", async () => {
    const id = await submit(learner);
    const path = `/api/v1/submissions/${id}/queue-position`;
    expect((await stranger.get(path)).status).toBe(404);
    expect((await api.client.get(path)).status).toBe(401);
    expect((await learner.get(`/api/v1/submissions/${newId()}/queue-position`)).status).toBe(404);
  });

  const onRedis = kind === 'redis' ? test : test.skip;
  onRedis('is known also while the queue is away', async () => {
    // Where nobody listens, and nobody else may.
    const lonely = await openApi({ ...environment, redisUrl: 'redis://127.0.0.1:1' });
    alsoOpen.push(lonely);
    await submit(stranger);
    const id = await submit(learner);
    expect(await placeAt(learner.at(lonely.url), id)).toMatchObject({
      status: 'queued',
      position: 2,
      reason: 'queue_backend_unavailable',
      estimatedWaitMs: null,
    });
  });
});
