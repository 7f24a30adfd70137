import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { descendantsOf, isRunning } from '../support/grading.ts';
import { gradeByHand, newestRun, type HandGrader } from '../support/hand-grading.ts';
import { openApi, openWorker, openWorkerDeps, type InProcessApi, type InProcessWorker } from '../support/in-process.ts';
import type { ProcessEnvironment } from '../support/processes.ts';
import { createTestDatabase, serverUri, type TestDatabase } from '../support/test-database.ts';
import { submitCode } from '../support/watching.ts';

const ENDLESS = 'export function sum() { for (;;); }';
/** Longer than any test: what ends before was ended by us. */
const PATIENT = { cpuMs: 10_000, wallMs: 30_000 };

describe.each(BACKENDS)('cancelling a submission, queues on %s', (kind) => {
  let database: TestDatabase;
  let api: InProcessApi;
  let workerDeps: WorkerDeps;
  let grader: HandGrader;
  let exercise: BuiltExercise;
  let learner: Client;
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
    exercise = await buildExercise(database.db, sumExercise({ limits: PATIENT }));
    ({ client: learner } = await api.client.registerLearner());
    // Before that a job would be left to the relay, which nobody runs here.
    await eventually('the queues are connected', () => api.deps.backend.isReady());
  });
  afterAll(async () => {
    for (const each of [api, ...alsoOpen]) await each.close();
    await workerDeps.backend.close();
    await workerDeps.db.end();
    await database.drop();
  });

  const cancel = (id: string, client = learner) => client.post(`/api/v1/submissions/${id}/cancel`);
  const view = async (id: string) => (await learner.get(`/api/v1/submissions/${id}`)).body;
  const runStatus = async (id: string) => (await newestRun(database.db, id)).status;
  const stateOf = async (id: string) =>
    workerDeps.backend.queue('grading').getJobState(gradingJobId(await newestRun(database.db, id)));
  const CANCELLED = { status: 'cancelled', verdict: null, score: null, fault: null, countsAsAttempt: false };

  describe('with no worker', () => {
    test('ends a queued one at once, takes its job out of the queue, and counts no attempt', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      await eventually('its job is in the queue', async () => (await stateOf(id)) !== 'unknown');
      const answer = await cancel(id);
      expect(answer).toMatchObject({
        status: 200,
        body: { id, ...CANCELLED, completedAt: expect.stringMatching(/Z$/) },
      });
      expect(await view(id)).toEqual(answer.body);
      expect(await runStatus(id)).toBe('cancelled');
      await eventually('its job is gone', async () => (await stateOf(id)) === 'unknown');
      expect((await learner.get(`/api/v1/exercises/${exercise.exerciseId}`)).body).toMatchObject({
        attempts: 0,
        bestScore: null,
        solved: false,
      });
    });

    test('leaves nothing to claim to a job that comes all the same', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      await cancel(id);
      expect(await grader.claim(id)).toBeNull();
      expect(await view(id)).toMatchObject(CANCELLED);
    });

    test('makes room for another submission', async () => {
      const narrow = await openApi({ ...environment, extra: { SUBMISSIONS_IN_FLIGHT_PER_LEARNER: '1' } });
      alsoOpen.push(narrow);
      const { client } = await narrow.client.registerLearner();
      const id = await submitCode(client, exercise.exerciseId);
      const path = `/api/v1/exercises/${exercise.exerciseId}/submissions`;
      expect((await client.post(path, { code: ENDLESS })).status).toBe(429);
      expect((await cancel(id, client)).status).toBe(200);
      const next = await client.post(path, { code: ENDLESS });
      expect(next).toMatchObject({ status: 202 });
      await cancel(z.looseObject({ id: z.string() }).parse(next.body).id, client);
    });

    test('drops the result of a run that was at it, and what the worker does after', async () => {
      for (const end of ['complete', 'handBack', 'giveUp'] as const) {
        const id = await submitCode(learner, exercise.exerciseId);
        const run = await grader.claim(id);
        if (run === null) throw new Error('nothing to claim');
        expect((await cancel(id)).body).toMatchObject(CANCELLED);
        await grader[end](run);
        expect([end, await view(id)]).toEqual([end, expect.objectContaining(CANCELLED)]);
        expect(await runStatus(id)).toBe('cancelled');
        expect(await grader.claim(id)).toBeNull();
      }
    });

    test('is too late for a finished one, and says so', async () => {
      const completed = await submitCode(learner, exercise.exerciseId);
      await grader.grade(completed, { verdict: 'wrong_answer', score: 0 });
      const cancelled = await submitCode(learner, exercise.exerciseId);
      await cancel(cancelled);
      for (const [id, status] of [
        [completed, 'completed'],
        [cancelled, 'cancelled'],
      ] as const) {
        const answer = await cancel(id);
        expect([answer.status, answer.body]).toEqual([
          409,
          expect.objectContaining({ code: 'CONFLICT', detail: expect.stringContaining(`is ${status} already`) }),
        ]);
      }
      expect(await view(completed)).toMatchObject({ status: 'completed', verdict: 'wrong_answer' });
    });

    test('is for its learner only', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      const { client: stranger } = await api.client.registerLearner();
      expect((await cancel(id, stranger)).status).toBe(404);
      expect((await cancel(newId())).status).toBe(404);
      expect((await cancel(id, api.client)).status).toBe(401);
      expect(await view(id)).toMatchObject({ status: 'queued' });
      await cancel(id);
    });

    test('races with completion: one of both happens, with all that belongs to it', async () => {
      const outcomes = new Set<unknown>();
      for (let round = 0; round < 30; round += 1) {
        const fresh = await buildExercise(database.db, sumExercise());
        const id = await submitCode(learner, fresh.exerciseId);
        const run = await grader.claim(id);
        if (run === null) throw new Error('nothing to claim');
        // Neither is always first: the start is alternated.
        const racers = [() => cancel(id), () => grader.complete(run)];
        const started = (round % 2 === 0 ? racers : racers.toReversed()).map((racer) => racer());
        const answers = await Promise.all(started);
        const answer = answers.find((each) => each !== undefined);
        const { status } = z.looseObject({ status: z.string() }).parse(await view(id));
        outcomes.add(status);
        expect({ status, http: answer?.status, run: await runStatus(id), solved: await isSolved(fresh) }).toEqual(
          status === 'cancelled'
            ? { status, http: 200, run: 'cancelled', solved: false }
            : { status: 'completed', http: 409, run: 'completed', solved: true },
        );
      }
      expect(outcomes.size).toBeGreaterThan(0);
    });
  });

  const isSolved = ({ exerciseId }: BuiltExercise) =>
    database.db.exists(sql.type(z.strictObject({}))`SELECT FROM solved_exercises WHERE exercise_id = ${exerciseId}`);

  describe.each([
    ['told by the database', {}],
    ['found by asking, where notifications do not come', { DATABASE_LISTEN_URL: serverUri() }],
  ])('that runs: %s', (_how, extra: Record<string, string>) => {
    test('ends the runner soon, whichever worker has it, and the worker goes on', async () => {
      const before = new Set(descendantsOf(process.pid));
      const worker = await openWorker({
        ...environment,
        extra: { WORKER_QUEUES: 'grading', WORKER_CONCURRENCY_GRADING: '1', ...extra },
      });
      try {
        await eventually('its runners are warm', async () => (await runnersOf(worker, 'starting')) === 0);
        const atRest = ticksOfRunners(before);
        const id = await submitCode(learner, exercise.exerciseId, ENDLESS);
        await eventually('it runs', async () => (await runStatus(id)) === 'running');
        const busy = await eventually('a runner is busy', () => findBusy(before, atRest));
        expect((await cancel(id)).body).toMatchObject(CANCELLED);
        await eventually('the runner is gone', () => !isRunning(busy));
        // By us, before it had used up its time.
        await eventually('it was replaced', async () => (await recyclesOf(worker)).length > 0);
        expect(await recyclesOf(worker)).toEqual(['aborted']);
        const next = await submitCode(learner, exercise.exerciseId);
        await eventually('the next is graded', async () => (await runStatus(next)) === 'completed');
        expect(await view(next)).toMatchObject({ verdict: 'accepted' });
        expect(await view(id)).toMatchObject(CANCELLED);
        // Done as any job, unless the API took it out of the queue after that.
        await eventually('its job is over', async () => ['completed', 'unknown'].includes(await stateOf(id)));
      } finally {
        await worker.close();
      }
    });
  });
});

/** Processor time that runners of JavaScript have used, of all but those that were there before. */
function ticksOfRunners(before: ReadonlySet<number>): Map<number, number> {
  const pids = descendantsOf(process.pid).filter(
    (pid) => !before.has(pid) && commandLine(pid).includes('quickjs-runner'),
  );
  return new Map(pids.map((pid) => [pid, cpuTicks(pid)]));
}

/** The runner that uses the processor since they were all at rest; null until one has for half a second. */
function findBusy(before: ReadonlySet<number>, atRest: ReadonlyMap<number, number>): number | null {
  const BUSY_TICKS = 50;
  const used = [...ticksOfRunners(before)].map(([pid, ticks]) => ({ pid, ticks: ticks - (atRest.get(pid) ?? ticks) }));
  return used.find(({ ticks }) => ticks >= BUSY_TICKS)?.pid ?? null;
}

/** How many runners of a worker are in a state. */
async function runnersOf({ deps }: InProcessWorker, state: string): Promise<number> {
  const metric = await deps.registry.getSingleMetric('sandbox_runners')?.get();
  const found = metric?.values.find(({ labels }) => labels['state'] === state);
  if (found === undefined) throw new Error(`Nothing is told of runners that are ${state}.`);
  return found.value;
}

/** Why runners of a worker were replaced, each reason once. */
async function recyclesOf({ deps }: InProcessWorker): Promise<unknown[]> {
  const metric = await deps.registry.getSingleMetric('sandbox_recycles_total')?.get();
  return (metric?.values ?? []).map(({ labels }) => labels['reason']);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended between the listing and the look.
    return '';
  }
}

/** Processor time that a process has used, in ticks of 10 ms; 0 when it is gone. */
function cpuTicks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}
