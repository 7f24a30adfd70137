import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { getSubmission } from '../../api/learning/submission.service.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { insertVersion } from '../../shared/learning/authoring.repository.ts';
import { actorOf } from '../support/accounts.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { descendantsOf } from '../support/grading.ts';
import { readRunOf } from '../support/grading-records.ts';
import { openWorker, type InProcessWorker } from '../support/in-process.ts';
import { addGradingJob, buildSubmission, buildVerification, crashRun, type BuiltSubmission } from '../support/runs.ts';
import { RIGHT_SUM, sumThatTakes, WRONG_SUM } from '../support/scene.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const VerificationRow = z.strictObject({
  verification: z.string(),
  verification_report: z.looseObject({ reasons: z.array(z.string()) }).nullable(),
  is_current: z.boolean(),
});

describe.each(BACKENDS)('the grading pipeline on %s', (kind) => {
  let database: TestDatabase;
  let exercise: BuiltExercise;
  let worker: InProcessWorker;

  beforeAll(async () => {
    database = await createTestDatabase();
    exercise = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 500, wallMs: 10_000 } }));
    worker = await openWorker({
      databaseUri: database.uri,
      redisUrl: kind === 'redis' ? sharedRedisUrl() : undefined,
      prefix: uniquePrefix(),
      // Without maintenance, which on a slow machine would ask for a job that the suite has not sent yet, or not at all.
      extra: { WORKER_QUEUES: 'grading' },
    });
  });
  afterAll(async () => {
    await worker.close();
    await database.drop();
  });

  const view = ({ submissionId, learnerId }: BuiltSubmission) =>
    getSubmission(database, actorOf(learnerId), submissionId);
  const isFinished = async (submission: BuiltSubmission) => {
    const seen = await view(submission);
    return ['queued', 'running'].includes(seen.status) ? null : seen;
  };
  const finished = (submission: BuiltSubmission, timeoutMs?: number) =>
    eventually('the submission is finished', () => isFinished(submission), timeoutMs);
  const graded = async (code: string, learnerId?: string) => {
    const submission = await buildSubmission(database.db, exercise, code, learnerId);
    await addGradingJob(worker.deps.backend, submission.runId);
    return { submission, seen: await finished(submission) };
  };
  const jobEnded = (jobId: string) =>
    eventually(`job ${jobId} has ended`, async () => {
      const state = await worker.deps.backend.queue('grading').getJobState(jobId);
      return state === 'completed' || state === 'failed' ? state : null;
    });
  const solvedBy = (learnerId: string) =>
    database.db.anyFirst(sql.type(z.strictObject({ submission_id: z.string() }))`
      SELECT submission_id FROM solved_exercises WHERE learner_id = ${learnerId}`);

  test('writes what follows from an accepted submission once, however often the learner solves the exercise', async () => {
    const first = await graded(RIGHT_SUM);
    expect(first.seen).toMatchObject({ status: 'completed', verdict: 'accepted', score: 100, countsAsAttempt: true });
    const again = await graded(RIGHT_SUM, first.submission.learnerId);
    expect(again.seen.verdict).toBe('accepted');
    expect(await solvedBy(first.submission.learnerId)).toEqual([first.submission.submissionId]);
  });

  test('writes no solution for a submission that is not accepted', async () => {
    const { submission, seen } = await graded(WRONG_SUM);
    expect(seen).toMatchObject({
      status: 'completed',
      verdict: 'wrong_answer',
      fault: 'learner',
      countsAsAttempt: true,
    });
    expect(await solvedBy(submission.learnerId)).toEqual([]);
  });

  test('has one effect when the same job is delivered many times, at once and afterwards', async () => {
    const submission = await buildSubmission(database.db, exercise, sumThatTakes(300));
    const add = (copy: number) =>
      addGradingJob(worker.deps.backend, submission.runId, { jobId: `copy-${copy}-of-${submission.runId}` });
    const copies = await Promise.all([add(1), add(2)]);
    expect((await finished(submission)).verdict).toBe('accepted');
    const settled = await readRunOf(database.db, submission.submissionId);

    copies.push(await add(3), await addGradingJob(worker.deps.backend, submission.runId, { dispatch: 2 }));
    for (const jobId of copies) expect(await jobEnded(jobId)).toBe('completed');
    expect(await readRunOf(database.db, submission.submissionId)).toEqual(settled);
    expect(await solvedBy(submission.learnerId)).toEqual([submission.submissionId]);
  });

  test('ends a job quietly whose run does not exist, or was dispatched anew', async () => {
    expect(await jobEnded(await addGradingJob(worker.deps.backend, newId()))).toBe('completed');
    const submission = await buildSubmission(database.db, exercise, RIGHT_SUM);
    const outdated = await addGradingJob(worker.deps.backend, submission.runId, { dispatch: 7 });
    expect(await jobEnded(outdated)).toBe('completed');
    expect((await view(submission)).status).toBe('queued');
  });

  test.each([
    ['verifies an exercise whose solution passes and whose starter does not', {}, []],
    [
      'rejects an exercise whose solution does not pass',
      { solutionCode: WRONG_SUM },
      [
        'The reference solution does not pass: wrong_answer, 2 of 3 tests fail.',
        'Test "adds": wrong_answer: expected 3, got -1',
        'Test "adds negatives": wrong_answer: expected -6, got 4',
      ],
    ],
    [
      'rejects an exercise whose starter passes already',
      { starterCode: RIGHT_SUM },
      ['The starter code passes every test already.'],
    ],
  ])('%s, and says so', async (_name, overrides, reasons) => {
    const versionId = newId();
    const definition = { ...exercise.definition, ...overrides };
    const version = (await newestVersion()) + 1;
    await insertVersion(database.db, { id: versionId, exerciseId: exercise.exerciseId, version, definition });
    await addGradingJob(worker.deps.backend, await buildVerification(database.db, versionId));

    const row = await eventually('settled', async () => {
      const read = await readVersion(versionId);
      return read.verification === 'pending' ? null : read;
    });
    expect(row).toMatchObject({
      verification: reasons.length === 0 ? 'verified' : 'rejected',
      verification_report: { reasons },
      is_current: reasons.length === 0,
    });
  });
  const newestVersion = () =>
    database.db.oneFirst(sql.type(z.strictObject({ newest: z.number() }))`
      SELECT max(version) AS newest FROM exercise_versions WHERE exercise_id = ${exercise.exerciseId}`);
  const readVersion = (versionId: string) =>
    database.db.one(sql.type(VerificationRow)`
      SELECT v.verification, v.verification_report, x.current_version_id = v.id AS is_current
      FROM exercise_versions v JOIN exercises x ON x.id = v.exercise_id WHERE v.id = ${versionId}`);

  test('stores and shows output and answers with NULs and halves of surrogate pairs', async () => {
    const code = `export function sum() {
  console.log('nul \\0 half \\uD83D end');
  return { ['key\\0']: 'value \\uDE00' };
}`;
    const { seen } = await graded(code);
    expect(seen).toMatchObject({ status: 'completed', verdict: 'wrong_answer' });
    expect(seen.stdout).toContain('nul \uFFFD half \uFFFD end');
    expect(seen.tests[0]?.actual).toEqual({ 'key\uFFFD': 'value \uFFFD' });
  });

  test('fails a run over which three workers died, without running its code', async () => {
    const submission = await buildSubmission(database.db, exercise, RIGHT_SUM);
    await crashRun(database.db, submission.runId, 3);
    const jobId = await addGradingJob(worker.deps.backend, submission.runId);
    expect(await finished(submission)).toMatchObject({
      status: 'failed',
      verdict: null,
      fault: 'platform',
      countsAsAttempt: false,
    });
    expect(await jobEnded(jobId)).toBe('completed');
    expect((await readRunOf(database.db, submission.submissionId)).failure).toContain('died 3 times');
    expect(await solvedBy(submission.learnerId)).toEqual([]);
  });

  test('ends as the failure of the platform, never as a verdict, when no sandbox survives; and grades again afterwards', async () => {
    // Busy for longer than any pause between two shots.
    const patient = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 10_000, wallMs: 30_000 } }));
    const submission = await buildSubmission(database.db, patient, sumThatTakes(60_000));
    const jobId = await addGradingJob(worker.deps.backend, submission.runId);
    const seen = await eventually(
      'the platform gave up',
      async () => {
        killRunners();
        return isFinished(submission);
      },
      90_000,
    );
    expect(seen).toMatchObject({
      status: 'failed',
      verdict: null,
      score: null,
      fault: 'platform',
      countsAsAttempt: false,
    });
    expect(seen.tests).toEqual([]);
    expect(await jobEnded(jobId)).toBe('failed');
    expect((await worker.deps.backend.queue('grading').getJob(jobId))?.attemptsMade).toBe(3);
    expect(await readRunOf(database.db, submission.submissionId)).toMatchObject({ status: 'failed', crashes: 0 });

    const next = await buildSubmission(database.db, exercise, RIGHT_SUM, submission.learnerId);
    await addGradingJob(worker.deps.backend, next.runId);
    expect((await finished(next, 30_000)).verdict).toBe('accepted');
  }, 150_000);
});

/** Kills every engine of the worker in this process, as a machine out of memory would. */
function killRunners(): void {
  for (const pid of descendantsOf(process.pid)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(process.execPath)) process.kill(pid, 'SIGKILL');
    } catch {
      // It ended between the look and the shot.
    }
  }
}
