import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import {
  countSolved,
  countSubmissions,
  countUnsentJobs,
  readRuns,
  readVerdicts,
  settledRuns,
} from '../support/grading-records.ts';
import type { TestProcess } from '../support/processes.ts';
import { isGrading, whileRunnersAreHeld } from '../support/runners.ts';
import { openScene, RIGHT_SUM, sumThatTakes, WRONG_SUM, type Scene } from '../support/scene.ts';
import { startRedis, type TestRedis } from '../support/test-redis.ts';

const LEARNERS = 10;
const SUBMISSIONS_EACH = 20;
const TOTAL = LEARNERS * SUBMISSIONS_EACH;
jest.setTimeout(400_000);

describe.each(BACKENDS)('two hundred submissions through a storm, queues on %s', (kind) => {
  let redis: TestRedis | undefined;
  let scene: Scene;

  beforeEach(async () => {
    redis = kind === 'redis' ? await startRedis() : undefined;
    scene = await openScene(kind, redis === undefined ? {} : { redisUrl: redis.url });
  });
  afterEach(async () => {
    await scene.close();
    await redis?.stop();
  });

  const completed = async () => (await countSubmissions(scene.database.db))['completed'] ?? 0;
  const graded = (atLeast: number) =>
    eventually(`${atLeast} graded`, async () => (await completed()) >= atLeast, 120_000);
  const areGrading = (...workers: TestProcess[]) =>
    eventually('they grade', async () => (await Promise.all(workers.map(isGrading))).every(Boolean), 60_000);

  test('a worker killed and replaced, Redis killed and restarted: none is lost, none is graded twice', async () => {
    const [api, victim, survivor] = await Promise.all([scene.api(), scene.worker(), scene.worker()]);
    const learners = await Promise.all(Array.from({ length: LEARNERS }, () => new Client(api.url).registerLearner()));
    const submitTurns = (from: number, to: number) =>
      Promise.all(
        learners.map(async ({ client }) => {
          for (let turn = from; turn < to; turn++) await scene.submit(client, solutionOf(turn));
        }),
      );
    const loseVictim = async (): Promise<TestProcess> => {
      await Promise.all([areGrading(victim), graded(20)]);
      await victim.kill('SIGKILL');
      return scene.worker();
    };

    // However fast the machine, there is work left for the storm to hit: what its victim has begun does not end before.
    const [replacement] = await whileRunnersAreHeld([victim], () =>
      Promise.all([loseVictim(), submitTurns(0, SUBMISSIONS_EACH / 2)]),
    );
    await graded(80);
    await whileRunnersAreHeld([survivor, replacement], async () => {
      await submitTurns(SUBMISSIONS_EACH / 2, SUBMISSIONS_EACH / 2 + 2);
      await areGrading(survivor, replacement);
      await redis?.kill();
    });
    await submitTurns(SUBMISSIONS_EACH / 2 + 2, SUBMISSIONS_EACH / 2 + 4);
    await Promise.all([submitTurns(SUBMISSIONS_EACH / 2 + 4, SUBMISSIONS_EACH), redis?.restart()]);
    await graded(TOTAL);
    await eventually('the outbox is empty', async () => (await countUnsentJobs(scene.database.db)) === 0, 60_000);

    expect(await countSubmissions(scene.database.db)).toEqual({ completed: TOTAL });
    const runs = await readRuns(scene.database.db);
    expect(runs.filter(({ status }) => status === 'completed')).toHaveLength(TOTAL);
    expect(new Set(runs.map(({ submission_id }) => submission_id)).size).toBe(TOTAL);
    expect(await readVerdicts(scene.database.db)).toEqual({ accepted: TOTAL / 2, wrong_answer: TOTAL / 2 });
    expect(await countSolved(scene.database.db)).toBe(LEARNERS);
    // The last lines of a killed process may be lost, so not every run must be there; but none twice, once all lines are.
    await Promise.all([survivor, replacement].map((worker) => worker.kill('SIGTERM')));
    const settled = settledRuns(victim, survivor, replacement);
    expect(new Set(settled).size).toBe(settled.length);
  });
});

/** Right and wrong ones by turns, slow enough for the storm to find some running and some waiting. */
function solutionOf(turn: number): string {
  if (turn % 2 === 1) return WRONG_SUM;
  return turn % 4 === 0 ? sumThatTakes(100) : RIGHT_SUM;
}
