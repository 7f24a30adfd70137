import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import { requestJob } from '../../shared/queues/outbox.ts';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { countUnsentJobs, readRunOf, readRuns, whenSettled } from '../support/grading-records.ts';
import { openScene, readSubmission, RIGHT_SUM, waitForStatus, type Scene } from '../support/scene.ts';

/** Nobody listens there: a privileged port, which no server gets by chance. */
const NOWHERE = 'redis://127.0.0.1:1';
jest.setTimeout(180_000);

describe.each(BACKENDS)('an api killed between commit and enqueue, queues on %s', (kind) => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openScene(kind);
  });
  afterEach(() => scene.close());

  test('has lost nothing: the relay of a worker sends the job, which is graded once', async () => {
    // Its queues are where nobody answers, so it commits and cannot enqueue: the widest window there is.
    const doomed = await scene.api({ REDIS_URL: NOWHERE });
    const { client, email, password } = await new Client(doomed.url).registerLearner();
    // The mail that asks to confirm the address.
    expect(await countUnsentJobs(scene.database.db)).toBe(1);
    const id = await scene.submit(client, RIGHT_SUM);
    expect(await countUnsentJobs(scene.database.db)).toBe(2);
    await doomed.kill('SIGKILL');

    const [api, worker] = await Promise.all([scene.api(), scene.worker()]);
    const login = await new Client(api.url).post('/api/v1/auth/login', { email, password });
    const learner = new Client(api.url).as((login.body as { accessToken: string }).accessToken);
    expect((await waitForStatus(learner, id, 'completed', 60_000)).verdict).toBe('accepted');
    const run = await readRunOf(scene.database.db, id);
    expect(run).toMatchObject({ status: 'completed', dispatch: 1, crashes: 0 });
    await eventually('the outbox is empty', async () => (await countUnsentJobs(scene.database.db)) === 0, 60_000);
    expect(await whenSettled(1, worker)).toEqual([run.id]);
  });

  test('that had enqueued but not yet said so in the outbox: the second sending of the same job changes nothing', async () => {
    // One at a time and in order: were the job done again, it would be over before the next submission is graded.
    const [api, worker] = await Promise.all([scene.api(), scene.worker({ WORKER_CONCURRENCY_GRADING: '1' })]);
    const learner = (await new Client(api.url).registerLearner()).client;
    const id = await scene.submit(learner, RIGHT_SUM);
    await waitForStatus(learner, id, 'completed', 60_000);
    const settled = await readRunOf(scene.database.db, id);

    await putBackIntoOutbox(scene, settled.id);
    await eventually('relayed again', async () => (await countUnsentJobs(scene.database.db)) === 0, 60_000);
    const next = await scene.submit(learner, RIGHT_SUM);
    await waitForStatus(learner, next, 'completed');
    expect(await readRunOf(scene.database.db, id)).toEqual(settled);
    expect((await readSubmission(learner, id)).verdict).toBe('accepted');
    const runs = (await readRuns(scene.database.db)).map((run) => run.id).sort();
    expect(runs).toHaveLength(2);
    expect(await whenSettled(2, worker)).toEqual(runs);
  });
});

/** As it was before the api deleted the row of a job that it had sent. */
async function putBackIntoOutbox({ database }: Scene, runId: string): Promise<void> {
  await database.db.transaction((tx) =>
    requestJob(tx, {
      queue: 'grading',
      job: 'grade',
      payload: { runId, dispatch: 1 },
      jobId: gradingJobId({ id: runId, dispatch: 1 }),
    }),
  );
}
