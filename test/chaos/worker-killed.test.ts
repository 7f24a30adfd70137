import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LOCK_MS, STALLED_CHECK_MS } from '../../worker/run-queue.ts';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { countSolved, logLines, readRunOf, whenSettled } from '../support/grading-records.ts';
import { descendantsOf, isRunning } from '../support/grading.ts';
import type { TestProcess } from '../support/processes.ts';
import { isGrading, whileRunnersAreHeld } from '../support/runners.ts';
import { openScene, readSubmission, RIGHT_SUM, waitForStatus, type Scene } from '../support/scene.ts';

jest.setTimeout(180_000);

describe.each(BACKENDS)('a worker in trouble, queues on %s', (kind) => {
  let scene: Scene;
  let learner: Client;

  beforeEach(async () => {
    scene = await openScene(kind);
    const api = await scene.api();
    learner = (await new Client(api.url).registerLearner()).client;
  });
  afterEach(() => scene.close());

  /** Has one of the workers in the middle of a grade, which does not end before `work` is done with. */
  const inMidGrade = <Result>(
    workers: readonly TestProcess[],
    work: (id: string, grading: TestProcess) => Promise<Result>,
  ): Promise<Result> =>
    whileRunnersAreHeld(workers, async () => {
      const id = await scene.submit(learner, RIGHT_SUM);
      const grading = await eventually('one of them grades', async () => {
        const areGrading = await Promise.all(workers.map(isGrading));
        return workers.find((_, index) => areGrading[index]);
      });
      expect((await readSubmission(learner, id)).status).toBe('running');
      return work(id, grading);
    });
  const runOf = (id: string) => readRunOf(scene.database.db, id);

  test('killed in mid-grade: another worker grades within ten seconds, once, and no runner is left behind', async () => {
    const workers = await Promise.all([scene.worker(), scene.worker()]);
    const { id, runners } = await inMidGrade(workers, async (submitted, victim) => {
      const left = descendantsOf(victim.pid);
      await victim.kill('SIGKILL');
      return { id: submitted, runners: left };
    });
    expect(runners.length).toBeGreaterThan(0);
    // What the platform waits; how long the machine takes on top of it, it alone decides.
    expect(LOCK_MS + STALLED_CHECK_MS).toBeLessThan(10_000);
    await eventually('taken over', async () => (await runOf(id)).crashes === 1);

    expect(await waitForStatus(learner, id, 'completed')).toMatchObject({ verdict: 'accepted' });
    expect(await whenSettled(1, ...workers)).toEqual([(await runOf(id)).id]);
    expect(await countSolved(scene.database.db)).toBe(1);
    await eventually('no runner of the dead worker is left', () => !runners.some(isRunning));
  });

  test('asked to stop in mid-grade with time enough: it finishes the grade and exits with 0', async () => {
    const worker = await scene.worker();
    const id = await inMidGrade([worker], async (submitted) => {
      void worker.kill('SIGTERM');
      await eventually('it stops', () => worker.output().includes('shutting down'));
      return submitted;
    });
    expect(await worker.exited).toBe(0);
    expect(await readSubmission(learner, id)).toMatchObject({ status: 'completed', verdict: 'accepted' });
    expect(await whenSettled(1, worker)).toHaveLength(1);
  });

  test('asked to stop in mid-grade with too little time: it hands the run back and exits with 0, the next grades it', async () => {
    // Too little for a grade that does not end, enough to hand it back on a slow machine.
    const first = await scene.worker({ SHUTDOWN_GRACE_MS: '10000' });
    const id = await inMidGrade([first], async (submitted) => {
      await first.kill('SIGTERM');
      return submitted;
    });
    expect(await first.exited).toBe(0);
    expect(await runOf(id)).toMatchObject({ status: 'queued', attempt_token: null, crashes: 0 });
    expect((await readSubmission(learner, id)).status).toBe('queued');

    const second = await scene.worker();
    expect((await waitForStatus(learner, id, 'completed', 60_000)).verdict).toBe('accepted');
    expect((await runOf(id)).crashes).toBe(0);
    expect(await whenSettled(1, first, second)).toHaveLength(1);
  });

  test('frozen beyond its lock: another worker grades, and what the frozen one brings when it thaws is dropped', async () => {
    const sleeper = await scene.worker();
    const { id, heir, settled } = await inMidGrade([sleeper], async (submitted) => {
      process.kill(sleeper.pid, 'SIGSTOP');
      const other = await scene.worker();
      expect((await waitForStatus(learner, submitted, 'completed', 60_000)).verdict).toBe('accepted');
      return { id: submitted, heir: other, settled: await runOf(submitted) };
    });
    expect(settled).toMatchObject({ status: 'completed', crashes: 1 });

    process.kill(sleeper.pid, 'SIGCONT');
    // It learns of it when it renews the lock, or at the latest when it wants to write.
    await eventually(
      'the thawed worker found itself fenced',
      () =>
        logLines(sleeper).some((line) => /^job (retried|failed)|this result is dropped/.test(String(line['message']))),
      60_000,
    );
    expect(await runOf(id)).toEqual(settled);
    expect((await readSubmission(learner, id)).verdict).toBe('accepted');
    expect(await whenSettled(1, sleeper, heir)).toEqual([settled.id]);
    expect(await countSolved(scene.database.db)).toBe(1);
  });
});
