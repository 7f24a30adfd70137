import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { newId } from '../../shared/db/id.ts';
import { createQueueMetrics } from '../../shared/observability/queue.metrics.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { measureDepth } from '../../shared/queues/depth.ts';
import { JobError, JobPostponed, type Process } from '../../worker/processor.ts';
import { runQueue, type RunningQueue } from '../../worker/run-queue.ts';
import { BACKENDS, openTestBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const log = pino({ level: 'silent' });
const HOUR_MS = 3_600_000;

describe.each(BACKENDS)('a queue on %s', (kind) => {
  let database: TestDatabase;
  let backend: QueueBackend;
  let running: RunningQueue | undefined;
  let registry: Registry;

  beforeAll(async () => {
    database = await createTestDatabase();
    backend = openTestBackend(kind, database.uri);
  });
  afterEach(async () => {
    await running?.drain(5000);
    running = undefined;
    await backend.queue('grading').obliterate({ force: true });
  });
  afterAll(async () => {
    await backend.close();
    await database.drop();
  });

  const run = (process: Process<'grading'>, concurrency = 2): RunningQueue => {
    registry = new Registry();
    running = runQueue({ backend, log, metrics: createQueueMetrics(registry) }, 'grading', concurrency, process);
    return running;
  };
  const add = async (data: unknown = { runId: newId(), dispatch: 1 }, name = 'grade') => {
    const job = await backend.queue('grading').add(name, data, { backoff: { type: 'fixed', delay: 10 } });
    return String(job.id);
  };
  const stateOf = (id: string) => backend.queue('grading').getJobState(id);

  test('gives the processor a parsed payload and completes the job', async () => {
    const runId = newId();
    const seen: unknown[] = [];
    run((job) => Promise.resolve(void seen.push(job.payload)));
    const id = await add({ runId, dispatch: 3 });
    await eventually('completed', async () => (await stateOf(id)) === 'completed');
    expect(seen).toEqual([{ runId, dispatch: 3 }]);
    expect(await registry.metrics()).toMatch(
      /queue_job_duration_seconds_count\{queue="grading",result="completed"\} 1/,
    );
  });

  test('fails a job at once whose payload breaks the contract, or that has an unknown name', async () => {
    let calls = 0;
    run(() => Promise.resolve(void (calls += 1)));
    const broken = await add({ runId: 'not an id', dispatch: 1 });
    const unknown = await add({}, 'no-such-job');
    await eventually(
      'both failed',
      async () => (await stateOf(broken)) === 'failed' && (await stateOf(unknown)) === 'failed',
    );
    expect(calls).toBe(0);
    const job = await backend.queue('grading').getJob(broken);
    expect(job?.attemptsMade).toBe(1);
  });

  test('tries again what may succeed, as often as the contract says, and says which attempt is the last', async () => {
    const last: boolean[] = [];
    run((job) => {
      last.push(job.isLastAttempt);
      return Promise.reject(new Error('infrastructure'));
    });
    const id = await add();
    await eventually('failed for good', async () => (await stateOf(id)) === 'failed');
    expect(last).toEqual([false, false, true]);
  });

  test('does not try again what cannot succeed', async () => {
    let calls = 0;
    run(() => {
      calls += 1;
      return Promise.reject(new JobError('never', { retryable: false }));
    });
    const id = await add();
    await eventually('failed', async () => (await stateOf(id)) === 'failed');
    expect(calls).toBe(1);
  });

  test('does a postponed job again after the delay, which costs no attempt and holds no slot', async () => {
    const attempts: boolean[] = [];
    const others: string[] = [];
    const postponed = newId();
    run((job) => {
      if (job.payload.runId !== postponed) return Promise.resolve(void others.push(job.payload.runId));
      attempts.push(job.isLastAttempt);
      if (attempts.length === 1) return Promise.reject(new JobPostponed(HOUR_MS, 'not for long'));
      // More often than there are attempts.
      return attempts.length <= 5 ? Promise.reject(new JobPostponed(20, 'not now')) : Promise.resolve();
    }, 1);
    const id = await add({ runId: postponed, dispatch: 1 });
    await eventually('postponed', async () => (await stateOf(id)) === 'delayed');
    expect(await measureDepth(backend, 'grading')).toMatchObject({ active: 0, backlog: 0 });
    const other = newId();
    await add({ runId: other, dispatch: 1 });
    await eventually('the other job is done meanwhile', () => others.includes(other));
    expect(attempts).toHaveLength(1);
    await (await backend.queue('grading').getJob(id))?.promote();

    await eventually('completed', async () => (await stateOf(id)) === 'completed');
    expect(attempts).toEqual(Array.from({ length: 6 }, () => false));
    expect((await backend.queue('grading').getJob(id))?.attemptsMade).toBe(1);
    const metrics = await registry.metrics();
    expect(metrics).toMatch(/queue_job_duration_seconds_count\{queue="grading",result="postponed"\} 5/);
    expect(metrics).toMatch(/queue_job_wait_seconds_count\{queue="grading"\} 2/);
  });

  test('keeps its attempts for failures when it was postponed in between', async () => {
    const last: boolean[] = [];
    run((job) => {
      last.push(job.isLastAttempt);
      return Promise.reject(last.length === 2 ? new JobPostponed(1, 'not now') : new Error('infrastructure'));
    });
    const id = await add();
    await eventually('failed for good', async () => (await stateOf(id)) === 'failed');
    expect(last).toEqual([false, false, false, true]);
  });

  test('never runs more jobs at once than its bulkhead allows', async () => {
    let active = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    run(async () => {
      active += 1;
      most = Math.max(most, active);
      await gate.promise;
      active -= 1;
    }, 3);
    const ids = await Promise.all(Array.from({ length: 8 }, () => add()));
    await eventually('three are running', () => active === 3);
    const depth = await measureDepth(backend, 'grading');
    expect(depth).toMatchObject({ active: 3, waiting: 5, backlog: 8 });
    gate.resolve();
    for (const id of ids) await eventually('completed', async () => (await stateOf(id)) === 'completed');
    expect(most).toBe(3);
  });

  test('aborts the running jobs that outlast the grace period, and they are handed back to be done again', async () => {
    const reasons: unknown[] = [];
    const begun = Promise.withResolvers<void>();
    const first = run(
      (_job, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(new JobError('handed back', { retryable: true }));
          });
          begun.resolve();
        }),
    );
    const id = await add();
    await begun.promise;
    await first.drain(50);
    expect(reasons).toEqual([expect.objectContaining({ message: 'The worker is shutting down.' })]);
    run(() => Promise.resolve());
    await eventually('done by the next worker', async () => (await stateOf(id)) === 'completed');
  });

  test('fetches on, and says so, while idle', async () => {
    const queue = run(() => Promise.resolve());
    await eventually('fetching', () => queue.isFetching());
  });
});
