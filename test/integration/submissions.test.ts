import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { buildCourse, buildExercise, buildSolved, sumExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CODE = 'export const sum = (a, b) => a + b;';
const MAX_BYTES = 65_536;
const IN_FLIGHT = 4;

let database: TestDatabase;
let api: InProcessApi;
let learner: Client;
let learnerId: string;
let exerciseId: string;
let courseId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const extra = { SUBMISSIONS_IN_FLIGHT_PER_LEARNER: String(IN_FLIGHT) };
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
  ({ exerciseId, courseId } = await buildExercise(database.db));
});
beforeEach(async () => {
  ({ client: learner, userId: learnerId } = await api.client.registerLearner());
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const submit = (code: unknown = CODE, headers: Record<string, string> = {}, exercise = exerciseId) =>
  learner.post(`/api/v1/exercises/${exercise}/submissions`, { code }, headers);
const idOf = ({ body }: Answer) => z.object({ id: z.string() }).parse(body).id;
const countOwn = () =>
  database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM submissions WHERE learner_id = ${learnerId}`);
/** Makes room for more, as if the platform had given up on what is in flight. */
const finishAll = () =>
  database.db.query(sql.typeAlias('void')`UPDATE submissions SET status = 'cancelled' WHERE learner_id = ${learnerId}`);

describe('submitting code', () => {
  test('is accepted for grading: 202 with where to look, when to look again, and nothing graded yet', async () => {
    const answer = await submit();
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/v1/submissions/${idOf(answer)}`);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.body).toEqual({
      id: idOf(answer),
      exerciseId,
      status: 'queued',
      verdict: null,
      score: null,
      fault: null,
      attempt: 1,
      countsAsAttempt: true,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      startedAt: null,
      completedAt: null,
      stdout: '',
      tests: [],
      review: null,
    });
    expect((await learner.get(answer.headers.get('location') ?? '')).body).toEqual(answer.body);
  });

  test('numbers the attempts of each learner at each exercise', async () => {
    const other = await buildExercise(database.db);
    const attempts = [await submit(), await submit(), await submit(CODE, {}, other.exerciseId)];
    expect(attempts.map(({ body }) => body)).toMatchObject([{ attempt: 1 }, { attempt: 2 }, { attempt: 1 }]);
  });

  test('numbers attempts without gap or double when they come at once', async () => {
    const answers = await Promise.all(Array.from({ length: IN_FLIGHT }, () => submit()));
    const attempts = answers.map(({ body }) => z.object({ attempt: z.number() }).parse(body).attempt);
    expect(attempts.sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });

  test('works under the path that the web frontend uses', async () => {
    const answer = await learner.post(`/api/exercises/${exerciseId}/submit`, { code: CODE });
    expect([answer.status, answer.headers.get('location')]).toEqual([202, `/api/v1/submissions/${idOf(answer)}`]);
  });

  test('keeps the code exactly as it was sent', async () => {
    const code = '\uFEFF\r\n\tconst é = "🦆";\u2028 // \u0001 end  ';
    const stored = await database.db.oneFirst(sql.type(z.strictObject({ code: z.string() }))`
      SELECT code FROM submissions WHERE id = ${idOf(await submit(code))}`);
    expect(stored).toBe(code);
  });

  test('enrols the learner in the course, once', async () => {
    const enrolled = async () => (await learner.get(`/api/v1/courses/${courseId}`)).body;
    expect(await enrolled()).toMatchObject({ enrolled: false });
    await submit();
    await submit();
    expect(await enrolled()).toMatchObject({ enrolled: true });
  });

  test('needs a login, and an exercise that exists', async () => {
    expectProblem(
      await api.client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: CODE }),
      401,
      'UNAUTHENTICATED',
    );
    expectProblem(await submit(CODE, {}, newId()), 404, 'NOT_FOUND');
    expectProblem(await submit(CODE, {}, 'sum'), 404, 'NOT_FOUND');
    expect(await countOwn()).toBe(0);
  });
});

describe('code that is not accepted', () => {
  test.each([
    ['empty', '""', 422, /empty/],
    ['nothing but white space', String.raw`" \t\r\n\u00a0\ufeff"`, 422, /empty/],
    ['a number', '7', 422, /string/],
    ['null', 'null', 422, /string/],
    ['a list', '["code"]', 422, /string/],
    ['text with a NUL', String.raw`"let a;\u0000"`, 422, /NUL/],
    ['text with half of a surrogate pair', String.raw`"'\ud800'"`, 422, /surrogate/],
    ['text with the other half', String.raw`"'\udc00'"`, 422, /surrogate/],
    ['one byte too long', `"${'x'.repeat(MAX_BYTES + 1)}"`, 413, /65536 bytes/],
    ['too long in bytes, though not in characters', `"${'é'.repeat(MAX_BYTES / 2 + 1)}"`, 413, /65536 bytes/],
  ])('%s', async (_what, json, status, message) => {
    const answer = await learner.request('POST', `/api/v1/exercises/${exerciseId}/submissions`, `{"code":${json}}`);
    expectProblem(answer, status, status === 413 ? 'PAYLOAD_TOO_LARGE' : 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'code', message: expect.stringMatching(message) }] });
    expect(await countOwn()).toBe(0);
  });

  test('missing, or with fields beside it', async () => {
    const post = (body: unknown) => learner.post(`/api/v1/exercises/${exerciseId}/submissions`, body);
    expect((await post({})).body).toMatchObject({ errors: [{ path: 'code', message: 'is required' }] });
    const more = await post({ code: CODE, verdict: 'accepted' });
    expect(more.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'verdict' }] });
  });

  test('in a body that is far too big to be read at all', async () => {
    expectProblem(await submit('x'.repeat(600 * 1024)), 413, 'PAYLOAD_TOO_LARGE');
  });

  test('while code of just the allowed size is taken, even when JSON makes it six times as long', async () => {
    expect((await submit('x'.repeat(MAX_BYTES))).status).toBe(202);
    expect((await submit('é'.repeat(MAX_BYTES / 2))).status).toBe(202);
    expect((await submit(`x${'\u0001'.repeat(MAX_BYTES - 1)}`)).status).toBe(202);
  });
});

describe('an Idempotency-Key', () => {
  test('makes a repeated request answer with what the first one made', async () => {
    const key = { 'Idempotency-Key': 'retry-1' };
    const [first, again] = [await submit(CODE, key), await submit(CODE, key)];
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await countOwn()).toBe(1);
    expect(idOf(await submit(CODE, { 'Idempotency-Key': 'retry-2' }))).not.toBe(idOf(first));
  });

  test('is refused with other code, or for another exercise', async () => {
    const key = { 'Idempotency-Key': 'one request' };
    await submit(CODE, key);
    expectProblem(await submit(`${CODE}\n`, key), 422, 'IDEMPOTENCY_KEY_REUSED');
    const other = await buildExercise(database.db);
    expectProblem(await submit(CODE, key, other.exerciseId), 422, 'IDEMPOTENCY_KEY_REUSED');
    expect(await countOwn()).toBe(1);
  });

  test('makes one submission of ten requests at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => submit(CODE, { 'Idempotency-Key': 'burst' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(await countOwn()).toBe(1);
  });

  test('belongs to one learner', async () => {
    const key = { 'Idempotency-Key': 'the same for both' };
    const mine = await submit(CODE, key);
    const { client: other } = await api.client.registerLearner();
    const theirs = await other.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'export {};' }, key);
    expect(theirs.status).toBe(202);
    expect(idOf(theirs)).not.toBe(idOf(mine));
  });

  test('still answers when too many others are in flight, and is not spent by a refusal', async () => {
    const key = { 'Idempotency-Key': 'first' };
    const first = await submit(CODE, key);
    while ((await submit()).status === 202);
    expect(idOf(await submit(CODE, key))).toBe(idOf(first));
    const refused = { 'Idempotency-Key': 'refused at first' };
    expectProblem(await submit(CODE, refused), 429, 'TOO_MANY_IN_FLIGHT');
    await finishAll();
    expect((await submit(CODE, refused)).status).toBe(202);
  });

  test('has 1 to 200 characters', async () => {
    for (const key of ['', 'x'.repeat(201)]) {
      expectProblem(await submit(CODE, { 'Idempotency-Key': key }), 422, 'VALIDATION_FAILED');
    }
    expect((await submit(CODE, { 'Idempotency-Key': 'x'.repeat(200) })).status).toBe(202);
  });
});

describe('limits', () => {
  test('let a learner have a few submissions in flight, also when they come at once', async () => {
    const answers = await Promise.all(Array.from({ length: IN_FLIGHT + 3 }, () => submit()));
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused).toHaveLength(3);
    for (const answer of refused) {
      expectProblem(answer, 429, 'TOO_MANY_IN_FLIGHT');
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    expect(await countOwn()).toBe(IN_FLIGHT);
    const { client: other } = await api.client.registerLearner();
    expect((await other.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: CODE })).status).toBe(202);
    await finishAll();
    expect((await submit()).status).toBe(202);
  });

  test('keep a locked module of a sequential course closed until the one before is solved', async () => {
    const named = (slug: string) => [sumExercise({ slug })];
    const { exercises } = await buildCourse(database.db, [named('a'), named('b')], { sequential: true });
    const [first = '', second = ''] = exercises.map((exercise) => exercise.exerciseId);
    expectProblem(await submit(CODE, {}, second), 409, 'MODULE_LOCKED');
    expect((await submit(CODE, {}, first)).status).toBe(202);
    await buildSolved(database.db, learnerId, first);
    expect((await submit(CODE, {}, second)).status).toBe(202);
  });
});
