import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { z } from 'zod';
import { GradingRunView, RegradeView } from '../../shared/contracts/regrade.contract.ts';
import { SubmissionView } from '../../shared/contracts/submission.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { insertVersion } from '../../shared/learning/authoring.repository.ts';
import { claimRun } from '../../shared/learning/grading-run.repository.ts';
import { settleVerification } from '../../shared/learning/exercise.repository.ts';
import { giveUp } from '../../worker/grading/settle.ts';
import { continueRegrades } from '../../worker/maintenance/continue-regrades.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { VERIFIED } from '../support/authoring.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from '../support/factories.ts';
import { openApi, openWorker, openWorkerDeps, type InProcessApi, type InProcessWorker } from '../support/in-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const silent = pino({ level: 'silent' });
/** Some rounds of maintenance, which come every second or so. */
const WAIT_MS = 40_000;
const RIGHT = 'export const sum = (a, b) => a + b;';
const WRONG = 'export const sum = () => 3;';

let database: TestDatabase;
let api: InProcessApi;
let owner: Account;
let operator: Account;
let learner: Account;
let exercise: BuiltExercise;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A published exercise of the owner's. */
async function buildOwnExercise(): Promise<BuiltExercise> {
  const built = await buildExercise(database.db);
  await database.db.query(
    sql.typeAlias('void')`UPDATE courses SET owner_id = ${owner.userId} WHERE id = ${built.courseId}`,
  );
  return built;
}

/** Makes and verifies a version of the exercise that wants the product, so that right and wrong swap. */
async function publishVersion(version: number): Promise<void> {
  const id = newId();
  const definition = sumExercise({
    tests: [{ kind: 'call', name: 'multiplies', function: 'sum', args: [1, 3], expected: 3 }],
    solutionCode: 'export const sum = (a, b) => a * b;',
  });
  await insertVersion(database.db, { id, exerciseId: exercise.exerciseId, version, definition });
  await settleVerification(database.db, id, 'verified', VERIFIED);
}

/** Submissions that were graded long ago, written as they are stored. Returns their ids, oldest first. */
async function buildGraded(count: number, overrides: { verdict?: string; status?: string; code?: string } = {}) {
  const { verdict = 'wrong_answer', status = 'completed', code = WRONG } = overrides;
  const ids = Array.from({ length: count }, newId);
  for (const id of ids) {
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO submissions (id, learner_id, exercise_id, exercise_version_id, attempt, code, status, verdict, score, fault, counts_as_attempt, created_at, completed_at)
      VALUES (${id}, ${learner.userId}, ${exercise.exerciseId}, ${exercise.versionId}, 1, ${code}, ${status},
        ${status === 'completed' ? verdict : null}, ${status === 'completed' ? 33 : null}, ${status === 'failed' ? 'platform' : 'learner'},
        ${status === 'completed'}, now(), now())`);
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO grading_runs (id, kind, submission_id, exercise_version_id, status, completed_at)
      VALUES (${newId()}, 'submission', ${id}, ${exercise.versionId}, ${status}, now())`);
  }
  return ids;
}

const post = async (account: Account, path: string, body: object = {}) => account.client.post(`/api/v1${path}`, body);
const regradePath = () => `/exercises/${exercise.exerciseId}/regrade`;
const dryRun = async (account: Account, selection: object = {}) =>
  RegradeView.parse((await post(account, regradePath(), selection)).body);
const start = async (account: Account, selection: object = {}) => {
  const { confirmToken } = await dryRun(account, selection);
  const started = await post(account, regradePath(), { ...selection, dryRun: false, confirmToken });
  return { ...RegradeView.parse(started.body), confirmToken, httpStatus: started.status };
};
const progressOf = async (id: string) => RegradeView.parse((await operator.client.get(`/api/v1/regrades/${id}`)).body);
const runsOf = async (submissionId: string, account = learner) => {
  const answer = await account.client.get(`/api/v1/submissions/${submissionId}/runs`);
  return z.object({ items: z.array(GradingRunView) }).parse(answer.body).items;
};

async function openApiAndAccounts(prefix: string): Promise<void> {
  api = await openApi({ databaseUri: database.uri, prefix });
  owner = await openAccount(api, 'instructor');
  operator = await openAccount(api, 'operator');
  learner = await openAccount(api);
}

describe('asking for a regrade', () => {
  beforeAll(() => openApiAndAccounts(uniquePrefix()));
  beforeEach(async () => {
    await database.db.query(sql.typeAlias('void')`DELETE FROM grading_runs`);
    await database.db.query(sql.typeAlias('void')`DELETE FROM regrades`);
    exercise = await buildOwnExercise();
  });
  afterAll(() => api.close());

  const unfinishedRuns = () =>
    database.db.oneFirst(sql.type(z.strictObject({ n: z.number() }))`
      SELECT count(*)::int AS n FROM grading_runs WHERE status IN ('queued', 'running')`);
  const finishRuns = () =>
    database.db.query(sql.typeAlias('void')`
      UPDATE grading_runs SET status = 'completed', verdict = 'accepted', completed_at = now() WHERE status = 'queued'`);
  const round = () => continueRegrades({ db: database.db, log: silent });

  test('is a dry run unless it says otherwise: it reports, and grades nothing', async () => {
    await buildGraded(2);
    const [accepted] = await buildGraded(1, { verdict: 'accepted' });
    const answer = await post(operator, regradePath());
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: 'proposed',
      version: 1,
      report: { total: 3, byVerdict: { accepted: 1, wrong_answer: 2 }, byVersion: [{ version: 1, count: 3 }] },
      confirmToken: expect.any(String),
      confirmBefore: expect.any(String),
    });
    expect(RegradeView.parse(answer.body).report.sampleSubmissionIds).toContain(accepted);
    await round();
    expect(await unfinishedRuns()).toBe(0);
  });

  test('narrows down to verdicts and to versions before one', async () => {
    await buildGraded(2);
    await buildGraded(1, { verdict: 'accepted' });
    const totalOf = async (selection: object) => (await dryRun(operator, selection)).report.total;
    expect(await totalOf({ verdicts: ['accepted'] })).toBe(1);
    expect(await totalOf({ verdicts: ['accepted', 'wrong_answer'] })).toBe(3);
    expect(await totalOf({ onlyVersionsBefore: 1 })).toBe(0);
    expect(await totalOf({ onlyVersionsBefore: 2 })).toBe(3);
  });

  test('starts with the token of its dry run, once, however often it is confirmed', async () => {
    await buildGraded(1);
    const started = await start(operator);
    expect(started).toMatchObject({ httpStatus: 202, status: 'running', startedAt: expect.any(String) });
    const again = await post(operator, regradePath(), { dryRun: false, confirmToken: started.confirmToken });
    expect(again).toMatchObject({ status: 202, body: { id: started.id } });
    await round();
    expect(await unfinishedRuns()).toBe(1);
    const audited = await database.db.exists(sql.type(z.strictObject({}))`
      SELECT FROM audit_log WHERE action = 'regrade.started' AND target = ${started.id} AND actor_id = ${operator.userId}`);
    expect(audited).toBe(true);
  });

  test('does not start without that token, with another selection, by another person, too late, or for a newer version', async () => {
    await buildGraded(1);
    const { id, confirmToken } = await dryRun(operator);
    const confirm = (account: Account, body: object) =>
      post(account, regradePath(), { dryRun: false, confirmToken, ...body });
    expect((await post(operator, regradePath(), { dryRun: false })).status).toBe(422);
    expect((await confirm(operator, { verdicts: ['accepted'] })).status).toBe(409);
    expect((await confirm(operator, { confirmToken: 'made-up' })).status).toBe(409);
    expect((await confirm(await openAccount(api, 'admin'), {})).status).toBe(409);
    await database.db.query(
      sql.typeAlias('void')`UPDATE regrades SET confirm_before = now() - interval '1 s' WHERE id = ${id}`,
    );
    expect((await confirm(operator, {})).status).toBe(409);
    await database.db.query(
      sql.typeAlias('void')`UPDATE regrades SET confirm_before = now() + interval '1 m' WHERE id = ${id}`,
    );
    await publishVersion(2);
    expect((await confirm(operator, {})).status).toBe(409);
    expect(await unfinishedRuns()).toBe(0);
  });

  test('is for operators, and for the instructor whose course it is', async () => {
    await buildGraded(1);
    const [failed] = await buildGraded(1, { status: 'failed' });
    const stranger = await openAccount(api, 'instructor');
    expect((await post(learner, regradePath())).status).toBe(403);
    expect((await post(stranger, regradePath())).status).toBe(404);
    expect((await dryRun(owner)).report).toMatchObject({ total: 1, byVerdict: { wrong_answer: 1 } });
    expect((await dryRun(operator)).report).toMatchObject({ total: 2, byVerdict: { wrong_answer: 1, failed: 1 } });
    expect((await post(owner, regradePath(), { status: 'failed' })).status).toBe(403);
    expect((await dryRun(operator, { status: 'failed' })).report.sampleSubmissionIds).toEqual([failed]);
    const { id } = await start(owner);
    expect((await owner.client.get(`/api/v1/regrades/${id}`)).status).toBe(200);
    expect((await stranger.client.get(`/api/v1/regrades/${id}`)).status).toBe(404);
    expect((await post(owner, `/submissions/${failed}/regrade`)).status).toBe(403);
  });

  test('floods nobody: a hundred runs at a time, behind live work and verification', async () => {
    await buildGraded(230);
    const { id } = await start(operator);
    await Promise.all([round(), round()]);
    expect(await unfinishedRuns()).toBe(100);
    expect(await progressOf(id)).toMatchObject({ progress: { remaining: 130, queued: 100, completed: 0 } });
    await round();
    expect(await unfinishedRuns()).toBe(100);
    const priorities = await database.db.anyFirst(sql.type(z.strictObject({ priority: z.number() }))`
      SELECT DISTINCT priority FROM grading_runs WHERE reason = 'regrade'`);
    expect(priorities).toEqual([2000]);
    for (const remaining of [30, 0]) {
      await finishRuns();
      await round();
      expect(await progressOf(id)).toMatchObject({ status: 'running', progress: { remaining } });
    }
    await finishRuns();
    await round();
    expect(await progressOf(id)).toMatchObject({
      status: 'completed',
      completedAt: expect.any(String),
      progress: { completed: 230, skipped: 0, verdicts: [{ from: 'wrong_answer', to: 'accepted', count: 230 }] },
    });
  });

  test('leaves submissions alone that came after its dry run, and those being regraded already', async () => {
    const [busy] = await buildGraded(1);
    await start(operator);
    await round();
    const { confirmToken } = await dryRun(operator);
    const [late] = await buildGraded(1);
    const started = await post(operator, regradePath(), { dryRun: false, confirmToken });
    await round();
    const { id } = RegradeView.parse(started.body);
    expect(await progressOf(id)).toMatchObject({ progress: { remaining: 0, skipped: 1, queued: 0 } });
    expect(await runsOf(busy ?? '')).toHaveLength(2);
    expect(await runsOf(late ?? '')).toHaveLength(1);
  });

  test('for a newer version takes over from one that is under way', async () => {
    const [submission] = await buildGraded(1);
    const first = await start(operator);
    await round();
    await publishVersion(2);
    const second = await start(owner);
    expect((await progressOf(first.id)).status).toBe('superseded');
    await round();
    expect(await runsOf(submission ?? '')).toMatchObject([
      { runNumber: 3, status: 'queued', reason: 'regrade', version: 2 },
      { runNumber: 2, status: 'cancelled', reason: 'regrade', version: 1 },
      { runNumber: 1, status: 'completed', reason: 'submitted', version: 1 },
    ]);
    expect((await progressOf(second.id)).version).toBe(2);
  });

  test('of one submission goes before a long one of a whole exercise', async () => {
    await buildGraded(120);
    await start(operator);
    await round();
    const [single] = await buildGraded(1);
    const path = `/submissions/${single}/regrade`;
    const { confirmToken } = RegradeView.parse((await post(operator, path)).body);
    expect((await post(operator, path, { dryRun: false, confirmToken })).status).toBe(202);
    await database.db.query(sql.typeAlias('void')`
      UPDATE grading_runs SET status = 'completed' WHERE id = (SELECT id FROM grading_runs WHERE status = 'queued' LIMIT 1)`);
    await round();
    expect(await runsOf(single ?? '')).toMatchObject([
      { reason: 'regrade', status: 'queued' },
      { reason: 'submitted' },
    ]);
  });

  test('leaves a submission as it was when the platform fails at grading it again', async () => {
    const [submission = ''] = await buildGraded(1);
    const { id } = await start(operator);
    await round();
    const [run] = await runsOf(submission);
    const deps = await openWorkerDeps({ databaseUri: database.uri, prefix: uniquePrefix() });
    const claimed = await claimRun(deps.db, run?.id ?? '', 1, newId());
    if (claimed === null) throw new Error('nobody else works here');
    expect(await runsOf(submission)).toMatchObject([{ status: 'running' }, {}]);
    await giveUp(deps, claimed, 'The sandbox is out of order.');
    await deps.backend.close();
    await deps.db.end();
    await round();
    const view = await learner.client.get(`/api/v1/submissions/${submission}`);
    expect(view.body).toMatchObject({ status: 'completed', verdict: 'wrong_answer', score: 33, countsAsAttempt: true });
    expect(await progressOf(id)).toMatchObject({ status: 'completed', progress: { failed: 1, completed: 0 } });
  });

  test('of one submission needs one that is finished', async () => {
    const [queued] = await buildGraded(1, { status: 'queued' });
    expect((await post(operator, `/submissions/${queued}/regrade`)).status).toBe(409);
    expect((await post(operator, `/submissions/${newId()}/regrade`)).status).toBe(404);
  });

  test('shows the runs of a submission to its learner, its author and operators, not to others', async () => {
    const [submission] = await buildGraded(1);
    const path = `/api/v1/submissions/${submission}/runs`;
    for (const { client } of [learner, owner, operator]) expect((await client.get(path)).status).toBe(200);
    for (const { client } of [await openAccount(api), await openAccount(api, 'instructor')]) {
      expect((await client.get(path)).status).toBe(404);
    }
  });
});

describe('a regrade that is graded', () => {
  let worker: InProcessWorker;

  beforeAll(async () => {
    const prefix = uniquePrefix();
    await openApiAndAccounts(prefix);
    worker = await openWorker({ databaseUri: database.uri, prefix });
    exercise = await buildOwnExercise();
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  const submission = async (id: string) =>
    SubmissionView.parse((await learner.client.get(`/api/v1/submissions/${id}`)).body);
  const submit = async (code: string) => {
    const { id } = z
      .object({ id: z.string() })
      .parse((await post(learner, `/exercises/${exercise.exerciseId}/submissions`, { code })).body);
    return eventually('it is graded', async () => {
      const view = await submission(id);
      return view.status === 'completed' ? view : null;
    });
  };
  const completed = (id: string) =>
    eventually(
      'the regrade is completed',
      async () => {
        const view = await progressOf(id);
        return view.status === 'completed' ? view : null;
      },
      WAIT_MS,
    );
  const isSolved = async () =>
    z.object({ solved: z.boolean() }).parse((await learner.client.get(`/api/v1/exercises/${exercise.exerciseId}`)).body)
      .solved;

  test('gives the new verdict against the current version, keeps the history, and takes no solved exercise away', async () => {
    const right = await submit(RIGHT);
    const wrong = await submit(WRONG);
    expect([right.verdict, wrong.verdict, await isSolved()]).toEqual(['accepted', 'wrong_answer', true]);
    await publishVersion(2);
    const { id } = await start(owner, { onlyVersionsBefore: 2 });
    expect((await completed(id)).progress).toMatchObject({
      completed: 2,
      verdicts: expect.arrayContaining([
        { from: 'accepted', to: 'wrong_answer', count: 1 },
        { from: 'wrong_answer', to: 'accepted', count: 1 },
      ]),
    });
    expect(await submission(right.id)).toMatchObject({
      status: 'completed',
      verdict: 'wrong_answer',
      score: 0,
      attempt: right.attempt,
      completedAt: right.completedAt,
      tests: [{ name: 'multiplies', verdict: 'wrong_answer' }],
    });
    expect(await submission(wrong.id)).toMatchObject({ verdict: 'accepted', score: 100 });
    expect(await runsOf(right.id)).toMatchObject([
      { runNumber: 2, reason: 'regrade', verdict: 'wrong_answer', score: 0, version: 2, fault: 'learner' },
      { runNumber: 1, reason: 'submitted', verdict: 'accepted', score: 100, version: 1, fault: null },
    ]);
    expect(await isSolved()).toBe(true);
    expect((await dryRun(owner, { onlyVersionsBefore: 2 })).report.total).toBe(0);
  });

  test('keeps the old verdict and status for as long as it is under way', async () => {
    const view = await submit('export const sum = (a) => (a === 1 ? 3 : 0);');
    const { id } = await start(operator, { verdicts: [view.verdict ?? 'accepted'] });
    const seen = new Set<string>();
    const isCompleted = async (): Promise<boolean> => {
      const now = await submission(view.id);
      seen.add(`${now.status} ${now.verdict}`);
      return (await progressOf(id)).status === 'completed';
    };
    await eventually('the regrade is completed', isCompleted, WAIT_MS);
    expect([...seen]).toEqual([`completed ${view.verdict}`]);
  });

  test('mends a submission that the platform failed at, and counts the exercise as solved then', async () => {
    exercise = await buildOwnExercise();
    const [failed = ''] = await buildGraded(1, { status: 'failed', code: RIGHT });
    expect([(await submission(failed)).status, await isSolved()]).toEqual(['failed', false]);
    const path = `/submissions/${failed}/regrade`;
    const { confirmToken } = RegradeView.parse((await post(operator, path)).body);
    const started = RegradeView.parse((await post(operator, path, { dryRun: false, confirmToken })).body);
    expect((await completed(started.id)).progress.verdicts).toEqual([{ from: null, to: 'accepted', count: 1 }]);
    expect(await submission(failed)).toMatchObject({
      status: 'completed',
      verdict: 'accepted',
      score: 100,
      fault: null,
      countsAsAttempt: false,
    });
    expect(await isSolved()).toBe(true);
  });
});
