import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BACKENDS } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { countSolved, logLines, readRunOf, whenSettled } from '../support/grading-records.ts';
import { descendantsOf, isRunning } from '../support/grading.ts';
import type { TestProcess } from '../support/processes.ts';
import { openScene, readSubmission, sumThatTakes, waitForStatus, type Scene } from '../support/scene.ts';

/** Long enough that a signal surely hits the worker in mid-grade, also on a busy machine. */
const GRADE_MS = 2500;

describe.each(BACKENDS)('a worker in trouble, queues on %s', (kind) => {
  let scene: Scene;
  let learner: Client;

  beforeEach(async () => {
    scene = await openScene(kind);
    const api = await scene.api();
    learner = (await new Client(api.url).registerLearner()).client;
  });
  afterEach(() => scene.close());

  /** Starts a worker and has it in the middle of a grade. */
  const inMidGrade = async (extra: Record<string, string> = {}): Promise<{ worker: TestProcess; id: string }> => {
    const worker = await scene.worker(extra);
    const id = await scene.submit(learner, sumThatTakes(GRADE_MS));
    await waitForStatus(learner, id, 'running');
    return { worker, id };
  };
  const runOf = (id: string) => readRunOf(scene.database.db, id);

  /** Two workers that are ready, one of them in the middle of a grade: the victim. */
  const inMidGradeBesideAnHeir = async () => {
    const workers = await Promise.all([scene.worker(), scene.worker()]);
    const id = await scene.submit(learner, sumThatTakes(GRADE_MS));
    const victim = await eventually('one of them grades', async () => {
      const areGrading = await Promise.all(workers.map(isGrading));
      return workers.find((_, index) => areGrading[index]);
    });
    const [heir] = workers.filter((worker) => worker !== victim);
    if (heir === undefined) throw new Error('There is no other worker.');
    return { victim, heir, id, runners: descendantsOf(victim.pid) };
  };

  test('killed in mid-grade: another worker grades within ten seconds, once, and no runner is left behind', async () => {
    const { victim, heir, id, runners } = await inMidGradeBesideAnHeir();
    expect(runners.length).toBeGreaterThan(0);
    expect((await readSubmission(learner, id)).status).toBe('running');

    const killedAt = performance.now();
    await victim.kill('SIGKILL');
    await eventually('taken over', async () => (await runOf(id)).crashes === 1);
    expect(performance.now() - killedAt).toBeLessThan(10_000);

    expect(await waitForStatus(learner, id, 'completed')).toMatchObject({ verdict: 'accepted' });
    expect(await whenSettled(1, victim, heir)).toEqual([(await runOf(id)).id]);
    expect(await countSolved(scene.database.db)).toBe(1);
    await eventually('no runner of the dead worker is left', () => !runners.some(isRunning));
  });

  test('asked to stop in mid-grade with time enough: it finishes the grade and exits with 0', async () => {
    const { worker, id } = await inMidGrade();
    await worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
    expect(await readSubmission(learner, id)).toMatchObject({ status: 'completed', verdict: 'accepted' });
    expect(await whenSettled(1, worker)).toHaveLength(1);
  });

  test('asked to stop in mid-grade with too little time: it hands the run back and exits with 0, the next grades it', async () => {
    const { worker: first, id } = await inMidGrade({ SHUTDOWN_GRACE_MS: '1000' });
    await first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(await runOf(id)).toMatchObject({ status: 'queued', attempt_token: null, crashes: 0 });
    expect((await readSubmission(learner, id)).status).toBe('queued');

    const second = await scene.worker();
    expect((await waitForStatus(learner, id, 'completed', 25_000)).verdict).toBe('accepted');
    expect((await runOf(id)).crashes).toBe(0);
    expect(await whenSettled(1, first, second)).toHaveLength(1);
  });

  test('frozen beyond its lock: another worker grades, and what the frozen one brings when it thaws is dropped', async () => {
    const { worker: sleeper, id } = await inMidGrade();
    process.kill(sleeper.pid, 'SIGSTOP');
    const heir = await scene.worker();
    expect((await waitForStatus(learner, id, 'completed', 25_000)).verdict).toBe('accepted');
    const settled = await runOf(id);
    expect(settled).toMatchObject({ status: 'completed', crashes: 1 });

    process.kill(sleeper.pid, 'SIGCONT');
    // It learns of it when it renews the lock, or at the latest when it wants to write.
    await eventually('the thawed worker found itself fenced', () =>
      logLines(sleeper).some((line) => /^job (retried|failed)|this result is dropped/.test(String(line['message']))),
    );
    expect(await runOf(id)).toEqual(settled);
    expect((await readSubmission(learner, id)).verdict).toBe('accepted');
    expect(await whenSettled(1, sleeper, heir)).toEqual([settled.id]);
    expect(await countSolved(scene.database.db)).toBe(1);
  });
});

/** Whether one of the worker's runners is running a program. */
async function isGrading({ url }: TestProcess): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^sandbox_runners\{.*state="busy".*\} [1-9]/m.test(metrics);
}
