import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { claimRun, type ClaimedRunRow } from '../../shared/learning/grading-run.repository.ts';
import { openGrading } from '../../worker/grading/grading.processor.ts';
import { giveUp, handBack, settleGrade, settleVerification } from '../../worker/grading/settle.ts';
import { JobError, type OpenProcessor, type WorkerDeps } from '../../worker/processor.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { buildGrade } from '../support/graded.ts';
import { countSolved, readGradingOrder, readRunOf } from '../support/grading-records.ts';
import { openWorkerDeps } from '../support/in-process.ts';
import { buildSubmission, buildVerification, crashRun, receivedGradingJob } from '../support/runs.ts';
import { RIGHT_SUM, sumThatTakes } from '../support/scene.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { whileLocked } from '../support/under-way.ts';

const never = new AbortController().signal;
const SubmissionRow = z.strictObject({
  status: z.string(),
  verdict: z.string().nullable(),
  counts_as_attempt: z.boolean(),
});

let database: TestDatabase;
let exercise: BuiltExercise;
let deps: WorkerDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  exercise = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 500, wallMs: 10_000 } }));
  deps = await openWorkerDeps({ databaseUri: database.uri, redisUrl: undefined, prefix: uniquePrefix() });
});
afterAll(async () => {
  await deps.dispatcher.close();
  await deps.backend.close();
  await deps.db.end();
  await database.drop();
});

const claim = async (runId: string): Promise<ClaimedRunRow> => {
  const run = await claimRun(database.db, runId, 1, newId());
  if (run === null) throw new Error(`The run ${runId} cannot be claimed.`);
  return run;
};
const readSubmissionRow = (id: string) =>
  database.db.one(sql.type(SubmissionRow)`SELECT status, verdict, counts_as_attempt FROM submissions WHERE id = ${id}`);

describe('a worker that lost its run to another', () => {
  test.each([
    ['completes it', (run: ClaimedRunRow) => settleGrade(deps, run, buildGrade())],
    ['gives it up', (run: ClaimedRunRow) => giveUp(deps, run, 'no more')],
    ['hands it back', (run: ClaimedRunRow) => handBack(deps, run)],
  ])('writes nothing when it %s, before the other is done and after', async (_name, act) => {
    const { submissionId, runId, learnerId } = await buildSubmission(database.db, exercise, RIGHT_SUM);
    const stale = await claim(runId);
    const live = await claim(runId);
    expect(live).toMatchObject({ crashes: 1, code: RIGHT_SUM });

    await act(stale);
    expect(await readRunOf(database.db, submissionId)).toMatchObject({
      status: 'running',
      attempt_token: live.attempt_token,
    });
    expect(await readSubmissionRow(submissionId)).toMatchObject({ status: 'running', verdict: null });
    expect(await solvedBy(learnerId)).toBe(0);

    await settleGrade(deps, live, buildGrade({ verdict: 'wrong_answer', score: 0, fault: 'learner' }));
    const settled = await readRunOf(database.db, submissionId);
    await act(stale);
    expect(await readRunOf(database.db, submissionId)).toEqual(settled);
    expect(await readSubmissionRow(submissionId)).toEqual({
      status: 'completed',
      verdict: 'wrong_answer',
      counts_as_attempt: true,
    });
    expect(await solvedBy(learnerId)).toBe(0);
  });

  test('writes no verification either', async () => {
    const stale = await claim(await buildVerification(database.db, exercise.versionId));
    await claim(stale.id);
    const summary = { verdict: 'wrong_answer' as const, score: 0, failed: [] };
    await settleVerification(deps, stale, {
      outcome: 'rejected',
      reasons: ['stale'],
      solution: summary,
      starter: summary,
    });
    const state = await database.db.oneFirst(sql.type(z.strictObject({ verification: z.string() }))`
      SELECT verification FROM exercise_versions WHERE id = ${exercise.versionId}`);
    expect(state).toBe('verified');
  });

  test('proves by its late result that it had not crashed, which is taken back', async () => {
    const { submissionId, runId } = await buildSubmission(database.db, exercise, RIGHT_SUM);
    const stale = await claim(runId);
    const current = await claim(runId);
    expect(current.crashes).toBe(1);
    await settleGrade(deps, stale, buildGrade());
    expect(await readRunOf(database.db, submissionId)).toMatchObject({ status: 'running', crashes: 0 });
    await settleGrade(deps, current, buildGrade());
    expect(await readRunOf(database.db, submissionId)).toMatchObject({ status: 'completed', crashes: 0 });
  });

  test('cannot take back a run that is finished', async () => {
    const { runId } = await buildSubmission(database.db, exercise, RIGHT_SUM);
    await settleGrade(deps, await claim(runId), buildGrade());
    expect(await claimRun(database.db, runId, 1, newId())).toBeNull();
  });

  const solvedBy = (learnerId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
      SELECT count(*)::int AS count FROM solved_exercises WHERE learner_id = ${learnerId}`);
});

describe('two workers that get the same run at the same moment', () => {
  test('both may grade it, one of them writes', async () => {
    const [first, second] = await Promise.all([openGrading(deps, 1), openOwnGrading()]);
    try {
      const before = await countSolved(database.db);
      const { submissionId, runId } = await buildSubmission(database.db, exercise, sumThatTakes(300));
      await Promise.all([first, second.processor].map(({ process }) => process(receivedGradingJob(runId), never)));
      expect(await readRunOf(database.db, submissionId)).toMatchObject({ status: 'completed' });
      expect(await readSubmissionRow(submissionId)).toMatchObject({ status: 'completed', verdict: 'accepted' });
      expect(await countSolved(database.db)).toBe(before + 1);
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  });
});

describe('a sandbox that is gone', () => {
  test('hands the run back while a retry is left, and ends it as the failure of the platform when none is', async () => {
    const { processor, close } = await openOwnGrading();
    await close();
    const { submissionId, runId } = await buildSubmission(database.db, exercise, RIGHT_SUM);
    await expect(processor.process(receivedGradingJob(runId), never)).rejects.toMatchObject({ code: 'pool_closed' });
    expect(await readRunOf(database.db, submissionId)).toMatchObject({
      status: 'queued',
      attempt_token: null,
      crashes: 0,
    });
    expect(await readSubmissionRow(submissionId)).toMatchObject({ status: 'queued', verdict: null });

    await expect(processor.process(receivedGradingJob(runId, true), never)).rejects.toMatchObject({
      code: 'pool_closed',
    });
    expect(await readRunOf(database.db, submissionId)).toMatchObject({ status: 'failed' });
    expect(await readSubmissionRow(submissionId)).toEqual({
      status: 'failed',
      verdict: null,
      counts_as_attempt: false,
    });
  });
});

describe('a run that is interrupted at its last attempt', () => {
  const interrupted = async (reason: Error) => {
    const { processor, close } = await openOwnGrading();
    try {
      const { submissionId, runId } = await buildSubmission(database.db, exercise, RIGHT_SUM);
      await expect(processor.process(receivedGradingJob(runId, true), AbortSignal.abort(reason))).rejects.toBe(reason);
      return (await readRunOf(database.db, submissionId)).status;
    } finally {
      await close();
    }
  };

  test('waits for reconciliation when the worker was told to stop or lost its lock', async () => {
    expect(await interrupted(new JobError('The worker is shutting down.', { retryable: true }))).toBe('queued');
  });

  test('fails when its deadline passed', async () => {
    expect(await interrupted(new DOMException('too long', 'TimeoutError'))).toBe('failed');
  });
});

describe('a run over which two workers died', () => {
  test('runs alone: after what was running, before what came later', async () => {
    const { processor, close } = await openOwnGrading(3);
    try {
      await database.db.query(sql.typeAlias('void')`DELETE FROM grading_runs`);
      const slow = await buildSubmission(database.db, exercise, sumThatTakes(1200));
      const suspect = await buildSubmission(database.db, exercise, sumThatTakes(300));
      const late = await buildSubmission(database.db, exercise, RIGHT_SUM);
      await crashRun(database.db, suspect.runId, 2);
      const isRunning = (id: string) =>
        eventually('claimed', async () => (await readSubmissionRow(id)).status === 'running');

      const jobs: Promise<void>[] = [];
      // Each is found at work, however fast it is.
      await whileNothingIsSolved(async () => {
        for (const { runId, submissionId } of [slow, suspect, late]) {
          jobs.push(processor.process(receivedGradingJob(runId), never));
          await isRunning(submissionId);
        }
      });
      await Promise.all(jobs);
      expect(await readGradingOrder(database.db)).toEqual(
        [slow, suspect, late].map(({ submissionId }) => submissionId),
      );
      expect(await readRunOf(database.db, suspect.submissionId)).toMatchObject({ status: 'completed', crashes: 2 });
      expect(await deps.registry.metrics()).toMatch(/job_recoveries_total\{reason="quarantined"\} 1/);
    } finally {
      await close();
    }
  });
});

/** Keeps what is accepted from being settled as long as the work takes. */
const whileNothingIsSolved = (work: () => Promise<void>): Promise<void> =>
  whileLocked(database.db, sql.typeAlias('void')`LOCK TABLE solved_exercises IN SHARE MODE`, work);

/** A grading processor of its own, which shares nothing but the database with others. */
async function openOwnGrading(
  concurrency = 1,
): Promise<{ processor: OpenProcessor<'grading'>; close: () => Promise<void> }> {
  const own = { ...deps, registry: new Registry() };
  const processor = await openGrading(own, concurrency);
  return { processor, close: () => processor.close() };
}
