import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { VerificationView } from '../../shared/contracts/verification.contract.ts';
import { sql } from '../../shared/db/sql.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { authorExercise } from '../support/authoring.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { sumExercise } from '../support/factories.ts';
import { openApi, openWorker, type InProcessApi, type InProcessWorker } from '../support/in-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

describe('the verification of an exercise', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let worker: InProcessWorker;
  let author: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    api = await openApi(environment);
    worker = await openWorker(environment);
    author = await openAccount(api, 'instructor');
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
    await database.drop();
  });

  const verification = async (exerciseId: string) =>
    VerificationView.parse((await author.client.get(`/api/v1/exercises/${exerciseId}/verification`)).body);
  const settled = (exerciseId: string, version = 1) =>
    eventually(`version ${version} is verified or rejected`, async () => {
      const view = await verification(exerciseId);
      return view.version === version && view.status !== 'pending' ? view : null;
    });
  const write = (overrides: Partial<ExerciseDefinition>) =>
    authorExercise(author.client, { ...sumExercise(), ...overrides });

  test('lets an exercise out whose solution passes and whose starter does not', async () => {
    const { exerciseId } = await write({});
    expect(await settled(exerciseId)).toMatchObject({
      status: 'verified',
      publishedVersion: 1,
      failure: null,
      report: { outcome: 'verified', reasons: [], solution: { verdict: 'accepted', score: 100, failed: [] } },
    });
  });

  test('rejects a solution that fails, naming each test that it fails, and why', async () => {
    const { exerciseId } = await write({ solutionCode: 'export function sum(a, b) {\n  return Math.abs(a) + b;\n}\n' });
    const { status, publishedVersion, report } = await settled(exerciseId);
    expect({ status, publishedVersion }).toEqual({ status: 'rejected', publishedVersion: null });
    expect(report?.reasons).toEqual([
      'The reference solution does not pass: partial, 1 of 3 tests fail.',
      'Test "adds negatives": wrong_answer: expected -6, got -4',
    ]);
    expect(report?.solution.failed).toEqual([
      { name: 'adds negatives', verdict: 'wrong_answer', message: 'expected -6, got -4' },
    ]);
  });

  test('rejects a solution that does not even load, with the place of the error', async () => {
    const { exerciseId } = await write({ solutionCode: 'export function sum(a, b) {\n  return a +;\n}\n' });
    const { report } = await settled(exerciseId);
    expect(report?.reasons).toHaveLength(4);
    expect(report?.reasons[1]).toMatch(/^Test "adds": compile_error: SyntaxError: [^]*sum\.js:2:/);
  });

  test('rejects a starter that needs no work', async () => {
    const { exerciseId } = await write({ starterCode: 'export const sum = (a, b) => b + a;\n' });
    expect(await settled(exerciseId)).toMatchObject({
      status: 'rejected',
      report: { reasons: ['The starter code passes every test already.'], starter: { verdict: 'accepted' } },
    });
  });

  test('of a changed version leaves learners the verified one until the new one is verified too', async () => {
    const { exerciseId } = await write({});
    await settled(exerciseId);
    const change = (solutionCode: string) => author.client.patch(`/api/v1/exercises/${exerciseId}`, { solutionCode });
    await change('export const sum = () => 3;\n');
    expect(await settled(exerciseId, 2)).toMatchObject({ status: 'rejected', version: 2, publishedVersion: 1 });
    await change('export const sum = (a, b) => b + a;\n');
    expect(await settled(exerciseId, 3)).toMatchObject({ status: 'verified', version: 3, publishedVersion: 3 });
  });

  test('can be asked for again when the platform failed at it, and says so', async () => {
    const { exerciseId } = await write({});
    await settled(exerciseId);
    await database.db.query(sql.typeAlias('void')`
      UPDATE exercise_versions SET verification = 'pending', verification_report = NULL WHERE exercise_id = ${exerciseId}`);
    await database.db.query(sql.typeAlias('void')`
      UPDATE grading_runs SET status = 'failed' WHERE exercise_version_id IN (SELECT id FROM exercise_versions WHERE exercise_id = ${exerciseId})`);
    expect(await verification(exerciseId)).toMatchObject({
      status: 'pending',
      failure: 'Learnify could not verify it; ask again.',
    });
    const again = await author.client.post(`/api/v1/exercises/${exerciseId}/verification`);
    expect(again).toMatchObject({ status: 202, body: { status: 'pending', failure: null } });
    expect(await settled(exerciseId)).toMatchObject({ status: 'verified' });
    expect((await author.client.post(`/api/v1/exercises/${exerciseId}/verification`)).status).toBe(409);
  });

  test('can be asked for again when it was rejected, and comes to the same', async () => {
    const { exerciseId } = await write({ solutionCode: 'export const sum = () => 3;\n' });
    const before = await settled(exerciseId);
    await author.client.post(`/api/v1/exercises/${exerciseId}/verification`);
    expect(await settled(exerciseId)).toEqual(before);
  });
});
