import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { submit, type SubmissionDeps } from '../../api/learning/submission.service.ts';
import { Registry } from 'prom-client';
import { createLearningMetrics } from '../../shared/observability/learning.metrics.ts';
import { Dispatcher, relayOutbox } from '../../shared/queues/outbox.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { GRADING_PRIORITY } from '../../shared/queues/grading.queue.ts';
import { actorOf } from '../support/accounts.ts';
import { BACKENDS, openTestBackend, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, buildUser, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { openWorker, type InProcessWorker } from '../support/in-process.ts';
import { countUnsentJobs, readGradingOrder } from '../support/grading-records.ts';
import { addGradingJob, buildVerification } from '../support/runs.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { RIGHT_SUM } from '../support/scene.ts';

describe.each(BACKENDS)('the order of grading on %s', (kind) => {
  let database: TestDatabase;
  let exercise: BuiltExercise;
  let backend: QueueBackend;
  let dispatcher: Dispatcher;
  let worker: InProcessWorker | undefined;
  const prefix = uniquePrefix();

  beforeAll(async () => {
    database = await createTestDatabase();
    exercise = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 200, wallMs: 5000 } }));
    backend = openTestBackend(kind, database.uri, 'consumer', prefix);
    dispatcher = new Dispatcher(database.db, backend, pino({ level: 'silent' }));
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });
  afterAll(async () => {
    await dispatcher.close();
    await backend.close();
    await database.drop();
  });

  /** What could not be sent at once, e.g. before the queue was connected, must not come after what is submitted later. */
  const sendWhatIsLeft = async (): Promise<boolean> => {
    await relayOutbox(database.db, backend);
    return (await countUnsentJobs(database.db)) === 0;
  };
  const submitAs = async (learnerId: string): Promise<string> => {
    const deps: SubmissionDeps = {
      db: database.db,
      dispatcher,
      metrics: createLearningMetrics(new Registry()),
      inFlightPerLearner: 20,
    };
    const actor = actorOf(learnerId);
    const input = { exerciseId: exercise.exerciseId, code: RIGHT_SUM };
    const request = { ip: '127.0.0.1', userAgent: null, idempotencyKey: null, lastEventId: null, hasCopyOf: null };
    const { id } = await submit(deps, actor, input, { ...request, signal: new AbortController().signal });
    await dispatcher.close();
    await eventually('its job is in the queue', sendWhatIsLeft);
    return id;
  };
  const gradeAll = async (): Promise<readonly (string | null)[]> => {
    worker = await openWorker({
      databaseUri: database.uri,
      redisUrl: kind === 'redis' ? sharedRedisUrl() : undefined,
      prefix,
      extra: { WORKER_CONCURRENCY_GRADING: '1' },
    });
    return eventually('all are graded', () => readGradingOrder(database.db), 90_000);
  };

  test('lets no flood of one learner delay the first submission of another', async () => {
    const [flooder, newcomer] = await Promise.all([buildUser(database.db), buildUser(database.db)]);
    const flood: string[] = [];
    for (let count = 0; count < 15; count++) flood.push(await submitAs(flooder.id));
    const first = await submitAs(newcomer.id);
    const second = await submitAs(newcomer.id);

    const order = await gradeAll();
    expect(order.slice(0, 4)).toEqual([flood[0], first, flood[1], second]);
    expect(order.slice(4)).toEqual(flood.slice(2));
  }, 120_000);

  test('grades what learners wait for before it verifies exercises', async () => {
    const verification = await buildVerification(database.db, exercise.versionId);
    await addGradingJob(backend, verification, { priority: GRADING_PRIORITY.verification });
    const learner = await buildUser(database.db);
    const submissions: string[] = [];
    for (let count = 0; count < 5; count++) submissions.push(await submitAs(learner.id));

    expect((await gradeAll()).slice(-6)).toEqual([...submissions, null]);
  }, 120_000);
});
