import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Grade } from '../../shared/contracts/grade.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { failSubmission } from '../../shared/learning/submission.repository.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { buildExercise } from '../support/factories.ts';
import { buildGrade, buildTestResult, finishGrading, startGrading } from '../support/graded.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const Page = z.object({ items: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() });

let database: TestDatabase;
let api: InProcessApi;
let learner: Client;
let exerciseId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
});
beforeEach(async () => {
  ({ exerciseId } = await buildExercise(database.db));
  ({ client: learner } = await api.client.registerLearner());
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

async function submit(): Promise<string> {
  const { body } = await learner.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'export {};' });
  return z.object({ id: z.string() }).parse(body).id;
}
const view = (id: string) => learner.get(`/api/v1/submissions/${id}`);

async function showGrade(grade: Grade): Promise<unknown> {
  const id = await submit();
  await finishGrading(database.db, id, grade);
  return (await view(id)).body;
}

describe('a submission being polled', () => {
  test('goes from queued over running to completed, with a time for each step', async () => {
    const id = await submit();
    expect((await view(id)).body).toMatchObject({ status: 'queued', startedAt: null });
    await startGrading(database.db, id);
    const running = (await view(id)).body;
    expect(running).toMatchObject({ status: 'running', completedAt: null, verdict: null, tests: [] });
    const { startedAt } = z.object({ startedAt: z.iso.datetime() }).parse(running);
    await finishGrading(database.db, id, buildGrade({ verdict: 'partial', score: 60, fault: 'learner' }));
    expect((await view(id)).body).toMatchObject({
      status: 'completed',
      verdict: 'partial',
      score: 60,
      fault: 'learner',
      startedAt,
      completedAt: expect.stringMatching(/Z$/),
    });
  });

  test('costs nothing while nothing changes: 304 until it does', async () => {
    const id = await submit();
    const etag = (await view(id)).headers.get('etag') ?? '';
    const poll = () => learner.get(`/api/v1/submissions/${id}`, { 'If-None-Match': etag });
    expect((await poll()).status).toBe(304);
    await finishGrading(database.db, id, buildGrade());
    expect((await poll()).status).toBe(200);
  });

  test('that the platform gave up on has no verdict and is not charged as an attempt', async () => {
    const id = await submit();
    await failSubmission(database.db, id);
    expect((await view(id)).body).toMatchObject({
      status: 'failed',
      verdict: null,
      score: null,
      fault: 'platform',
      countsAsAttempt: false,
    });
  });

  test('does not exist for another learner, nor without a token', async () => {
    const id = await submit();
    const { client: other } = await api.client.registerLearner();
    expectProblem(await other.get(`/api/v1/submissions/${id}`), 404, 'NOT_FOUND');
    expectProblem(await api.client.get(`/api/v1/submissions/${id}`), 401, 'UNAUTHENTICATED');
    expectProblem(await view(newId()), 404, 'NOT_FOUND');
  });
});

describe('what a learner sees of a grade', () => {
  const inside = {
    weight: 2,
    message: 'line 3: SECRET',
    stdout: 'SECRET printed',
    input: ['SECRET'],
    expected: { answer: 'SECRET' },
    actual: null,
    diff: [{ path: '/answer', kind: 'missing' as const, expected: 'SECRET' }],
  };

  test('is everything of a visible test, passed or not', async () => {
    const tests = [
      buildTestResult({ ...inside, name: 'failed', verdict: 'wrong_answer' }),
      buildTestResult({ name: 'passed', memoryKb: null }),
    ];
    expect(await showGrade(buildGrade({ verdict: 'partial', score: 33, fault: 'learner', tests }))).toMatchObject({
      tests,
    });
  });

  test('is nothing but the verdict and the weight of a hidden test, passed or not', async () => {
    const hidden = { ...inside, name: 'SECRET name', visibility: 'never' as const };
    const verdicts = ['accepted', 'wrong_answer', 'time_limit'] as const;
    const tests = verdicts.map((verdict) => buildTestResult({ ...hidden, verdict }));
    const shown = await showGrade(buildGrade({ verdict: 'time_limit', score: 33, fault: 'learner', tests }));
    expect(shown).toMatchObject({
      tests: verdicts.map((verdict, index) => ({
        name: `Hidden test ${index + 1}`,
        verdict,
        visibility: 'never',
        weight: 2,
        cpuMs: 0,
        wallMs: 0,
        memoryKb: null,
        message: null,
        stdout: '',
      })),
    });
    expect(JSON.stringify(shown)).not.toContain('SECRET');
  });

  test('is all of a test that opens when passed once it is, and nothing before', async () => {
    const opening = buildTestResult({ ...inside, name: 'SECRET name', visibility: 'after_pass' });
    const passed = await showGrade(buildGrade({ tests: [opening] }));
    expect(passed).toMatchObject({ tests: [opening] });
    for (const verdict of ['wrong_answer', 'runtime_error', 'skipped'] as const) {
      const tests = [{ ...opening, verdict }];
      const failed = await showGrade(buildGrade({ verdict: 'wrong_answer', score: 0, fault: 'learner', tests }));
      expect(failed).toMatchObject({ tests: [{ name: 'Hidden test 1', verdict, message: null, stdout: '' }] });
      expect(JSON.stringify(failed)).not.toContain('SECRET');
    }
  });

  test('is no field that the contract does not name', async () => {
    const grade = buildGrade({
      tests: [{ ...buildTestResult(), seed: 'SECRET' } as ReturnType<typeof buildTestResult>],
    });
    expect(JSON.stringify(await showGrade({ ...grade, engine: 'SECRET' }))).not.toContain('SECRET');
  });

  test('survives NULs and halves of surrogate pairs in what the code printed, in values and in keys', async () => {
    const tests = [buildTestResult({ stdout: 'a\0b\uD800c🦆', actual: { 'k\0\uDC00': ['\0'] } })];
    expect(await showGrade(buildGrade({ stdout: '\0\uDBFF!', tests }))).toMatchObject({
      stdout: '\uFFFD\uFFFD!',
      tests: [{ stdout: 'a\uFFFDb\uFFFDc🦆', actual: { 'k\uFFFD\uFFFD': ['\uFFFD'] } }],
    });
  });
});

describe("the list of one's submissions to an exercise", () => {
  test('is paged, newest first, without tests or output', async () => {
    const made = [];
    for (let count = 0; count < 5; count += 1) made.push(await submit());
    await finishGrading(database.db, made[4] ?? '', buildGrade({ stdout: 'printed', tests: [buildTestResult()] }));
    const first = await learner.get(`/api/v1/exercises/${exerciseId}/submissions?limit=2`);
    const pages = [Page.parse(first.body)];
    for (let cursor = pages[0]?.nextCursor; cursor !== null; cursor = pages.at(-1)?.nextCursor) {
      const { body } = await learner.get(`/api/v1/exercises/${exerciseId}/submissions?limit=2&cursor=${cursor}`);
      pages.push(Page.parse(body));
    }
    expect(pages.map(({ items }) => items.map(({ id }) => id))).toEqual([
      [made[4], made[3]],
      [made[2], made[1]],
      [made[0]],
    ]);
    expect(first.body).toMatchObject({
      items: [{ status: 'completed', verdict: 'accepted', attempt: 5 }, { attempt: 4 }],
    });
    expect(first.text).not.toMatch(/stdout|"tests"|printed/);
  });

  test("holds nobody else's, and none of another exercise", async () => {
    await submit();
    const { client: other } = await api.client.registerLearner();
    expect((await other.get(`/api/v1/exercises/${exerciseId}/submissions`)).body).toEqual({
      items: [],
      nextCursor: null,
    });
    const { exerciseId: another } = await buildExercise(database.db);
    expect((await learner.get(`/api/v1/exercises/${another}/submissions`)).body).toEqual({
      items: [],
      nextCursor: null,
    });
  });

  test('is not there for an exercise that is not, nor without a token', async () => {
    expectProblem(await learner.get(`/api/v1/exercises/${newId()}/submissions`), 404, 'NOT_FOUND');
    expectProblem(await api.client.get(`/api/v1/exercises/${exerciseId}/submissions`), 401, 'UNAUTHENTICATED');
  });
});
