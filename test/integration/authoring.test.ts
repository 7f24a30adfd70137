import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { MAX_EXERCISES_PER_MODULE, MAX_MODULES_PER_COURSE } from '../../shared/contracts/authoring.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { upsertCourse } from '../../shared/learning/authoring.repository.ts';
import { settleVerification } from '../../shared/learning/exercise.repository.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { authorExercise, NEW_COURSE, VERIFIED } from '../support/authoring.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { buildExercise, sumExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const Exercise = z.looseObject({ id: z.string(), version: z.number(), verification: z.string() });
const problem = (status: number, code: string) => ({ status, code });
const problemOf = (answer: Answer) => z.object({ status: z.number(), code: z.string() }).parse(answer.body);

describe('authoring over the API', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let author: Account;
  let stranger: Account;
  let learner: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
    author = await openAccount(api, 'instructor');
    stranger = await openAccount(api, 'instructor', 'admin');
    learner = await openAccount(api);
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  const newestVersionId = (exerciseId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ id: z.string() }))`
      SELECT id FROM exercise_versions WHERE exercise_id = ${exerciseId} ORDER BY version DESC LIMIT 1`);
  const verifyNewest = async (exerciseId: string) =>
    settleVerification(database.db, await newestVersionId(exerciseId), 'verified', VERIFIED);
  const requestedRuns = (exerciseId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ n: z.number() }))`
      SELECT count(*)::int AS n FROM grading_runs g JOIN exercise_versions v ON v.id = g.exercise_version_id
      WHERE v.exercise_id = ${exerciseId} AND g.kind = 'verification' AND g.status = 'queued'`);

  describe('courses', () => {
    test('start as a draft that only their author sees', async () => {
      const created = await author.client.post('/api/v1/courses', { ...NEW_COURSE, slug: 'sums' });
      const { id } = z.object({ id: z.string() }).parse(created.body);
      expect(created).toMatchObject({
        status: 201,
        body: { slug: 'sums', status: 'draft', kind: 'authored', modules: [] },
      });
      expect(created.headers.get('location')).toBe(`/api/v1/courses/${id}`);
      const drafts = z.object({ items: z.array(z.object({ id: z.string(), status: z.string() })) });
      const own = drafts.parse((await author.client.get('/api/v1/courses')).body).items;
      expect(own).toContainEqual({ id, status: 'draft' });
      for (const other of [stranger, learner]) {
        expect((await other.client.get(`/api/v1/courses/${id}`)).status).toBe(404);
        const seen = drafts.parse((await other.client.get('/api/v1/courses?limit=100')).body).items;
        expect(seen.map((course) => course.id)).not.toContain(id);
      }
    });

    test('are written by instructors and admins only', async () => {
      const operator = await openAccount(api, 'operator');
      for (const { client } of [learner, operator]) {
        expect(problemOf(await client.post('/api/v1/courses', NEW_COURSE))).toEqual(problem(403, 'FORBIDDEN'));
      }
      expect(problemOf(await api.client.post('/api/v1/courses', NEW_COURSE))).toEqual(problem(401, 'UNAUTHENTICATED'));
    });

    test('can be changed in part, and an empty change changes nothing', async () => {
      const { courseId } = await authorExercise(author.client);
      const changed = await author.client.patch(`/api/v1/courses/${courseId}`, { title: 'Differences' });
      expect(changed).toMatchObject({
        status: 200,
        body: { title: 'Differences', description: NEW_COURSE.description },
      });
      const same = await author.client.patch(`/api/v1/courses/${courseId}`, {});
      expect(same.body).toEqual(changed.body);
    });

    test('cannot take a slug that another course has', async () => {
      const slug = `taken-${newId()}`;
      const first = z
        .object({ id: z.string() })
        .parse((await author.client.post('/api/v1/courses', { ...NEW_COURSE, slug })).body);
      expect(problemOf(await stranger.client.post('/api/v1/courses', { ...NEW_COURSE, slug }))).toEqual(
        problem(409, 'CONFLICT'),
      );
      const { courseId } = await authorExercise(author.client);
      expect(problemOf(await author.client.patch(`/api/v1/courses/${courseId}`, { slug }))).toEqual(
        problem(409, 'CONFLICT'),
      );
      expect((await author.client.patch(`/api/v1/courses/${first.id}`, { slug })).status).toBe(200);
    });

    test('open to learners once the newest version of every exercise is verified, not before', async () => {
      const { courseId, moduleId, exerciseId } = await authorExercise(author.client);
      const publish = () => author.client.post(`/api/v1/courses/${courseId}/publish`);
      await verifyNewest(exerciseId);
      const second = await author.client.post(
        `/api/v1/modules/${moduleId}/exercises`,
        sumExercise({ slug: 'sum-again' }),
      );
      expect(await publish()).toMatchObject({
        status: 409,
        body: {
          code: 'CONFLICT',
          errors: [{ path: 'modules.1.exercises.sum-again', message: 'version 1 is pending' }],
        },
      });
      await verifyNewest(Exercise.parse(second.body).id);
      expect((await learner.client.get(`/api/v1/courses/${courseId}`)).status).toBe(404);
      expect(await publish()).toMatchObject({ status: 200, body: { status: 'active' } });
      expect((await publish()).status).toBe(200);
      expect(await learner.client.get(`/api/v1/courses/${courseId}`)).toMatchObject({ body: { exerciseCount: 2 } });
    });

    test('do not open without an exercise', async () => {
      const { id } = z.object({ id: z.string() }).parse((await author.client.post('/api/v1/courses', NEW_COURSE)).body);
      expect(problemOf(await author.client.post(`/api/v1/courses/${id}/publish`))).toEqual(problem(409, 'CONFLICT'));
    });
  });

  describe('what belongs to others', () => {
    test('is not found, whichever way it is approached', async () => {
      const { courseId, moduleId, exerciseId } = await authorExercise(author.client);
      await verifyNewest(exerciseId);
      const answers = await Promise.all([
        stranger.client.patch(`/api/v1/courses/${courseId}`, { title: 'Mine' }),
        stranger.client.post(`/api/v1/courses/${courseId}/publish`),
        stranger.client.post(`/api/v1/courses/${courseId}/modules`, { title: 'Mine' }),
        stranger.client.post(`/api/v1/modules/${moduleId}/exercises`, sumExercise()),
        stranger.client.patch(`/api/v1/exercises/${exerciseId}`, { title: 'Mine' }),
        stranger.client.post(`/api/v1/exercises/${exerciseId}/verification`),
        stranger.client.get(`/api/v1/exercises/${exerciseId}/verification`),
        stranger.client.get(`/api/v1/exercises/${exerciseId}`),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    });

    test('cannot be authored by the learner for whom it was generated, be they instructor or not', async () => {
      const { exerciseId, courseId } = await buildExercise(database.db);
      await database.db.query(sql.typeAlias('void')`
        UPDATE courses SET kind = 'generated', owner_id = ${author.userId} WHERE id = ${courseId}`);
      const seen = await author.client.get(`/api/v1/exercises/${exerciseId}`);
      expect(seen.status).toBe(200);
      expect(seen.text).not.toMatch(/solutionCode|adds negatives/);
      expect((await author.client.patch(`/api/v1/exercises/${exerciseId}`, { title: 'Mine' })).status).toBe(404);
    });

    test('cannot be authored any more once the role is gone', async () => {
      const { exerciseId, courseId } = await authorExercise(author.client);
      await verifyNewest(exerciseId);
      await database.db.query(
        sql.typeAlias('void')`UPDATE courses SET owner_id = ${learner.userId} WHERE id = ${courseId}`,
      );
      const seen = await learner.client.get(`/api/v1/exercises/${exerciseId}`);
      expect(seen.text).not.toMatch(/solutionCode|adds negatives/);
      expect((await learner.client.patch(`/api/v1/exercises/${exerciseId}`, {})).status).toBe(403);
    });
  });

  describe('modules', () => {
    test('are numbered in the order they come, unless a number is asked for', async () => {
      const { courseId } = await authorExercise(author.client);
      const add = (body: object) => author.client.post(`/api/v1/courses/${courseId}/modules`, body);
      expect(await add({ title: 'Next' })).toMatchObject({
        status: 201,
        body: { number: 2, kind: 'custom', courseId },
      });
      expect(await add({ title: 'Capstone', number: 7, kind: 'capstone' })).toMatchObject({
        status: 201,
        body: { number: 7 },
      });
      expect(await add({ title: 'After' })).toMatchObject({ body: { number: 8 } });
      expect(problemOf(await add({ title: 'Again', number: 7 }))).toEqual(problem(409, 'CONFLICT'));
      expect(problemOf(await add({ title: ' ', number: 9 }))).toEqual(problem(422, 'VALIDATION_FAILED'));
    });

    test('are limited in number, and so are the exercises of each', async () => {
      const { courseId, moduleId } = await authorExercise(author.client);
      await database.db.query(sql.typeAlias('void')`
        INSERT INTO modules (id, course_id, number, kind, title, description)
        SELECT gen_random_uuid(), ${courseId}, n, 'custom', 'x', '' FROM generate_series(2, ${MAX_MODULES_PER_COURSE}) n`);
      await database.db.query(sql.typeAlias('void')`
        INSERT INTO exercises (id, module_id, slug, position)
        SELECT gen_random_uuid(), ${moduleId}, 'x-' || n, n FROM generate_series(2, ${MAX_EXERCISES_PER_MODULE}) n`);
      const answers = [
        await author.client.post(`/api/v1/courses/${courseId}/modules`, { title: 'One too many' }),
        await author.client.post(`/api/v1/modules/${moduleId}/exercises`, sumExercise({ slug: 'one-too-many' })),
      ];
      expect(answers.map(problemOf)).toEqual([problem(409, 'CONFLICT'), problem(409, 'CONFLICT')]);
    });
  });

  describe('exercises', () => {
    test('are answered whole to their author, with their verification requested', async () => {
      const { moduleId } = await authorExercise(author.client);
      const definition = sumExercise({ slug: 'whole', hints: ['Use +.'] });
      const created = await author.client.post(`/api/v1/modules/${moduleId}/exercises`, definition);
      const { id } = Exercise.parse(created.body);
      expect(created.status).toBe(201);
      expect(created.headers.get('location')).toBe(`/api/v1/exercises/${id}`);
      expect(created.body).toMatchObject({ version: 1, verification: 'pending', publishedVersion: null, moduleId });
      const { solutionCode, tests, hints } = definition;
      expect((await author.client.get(`/api/v1/exercises/${id}`)).body).toMatchObject({ solutionCode, tests, hints });
      expect(await requestedRuns(id)).toBe(1);
      const pending = await author.client.get(`/api/v1/exercises/${id}/verification`);
      expect(pending).toMatchObject({
        status: 200,
        body: { status: 'pending', version: 1, report: null, failure: null },
      });
      expect(pending.headers.get('retry-after')).toBe('1');
    });

    test('show in their author’s course before they are verified', async () => {
      const { courseId, exerciseId } = await authorExercise(author.client);
      const course = await author.client.get(`/api/v1/courses/${courseId}`);
      expect(course.body).toMatchObject({ modules: [{ exercises: [{ id: exerciseId, verification: 'pending' }] }] });
    });

    test('cannot contradict themselves', async () => {
      const { moduleId } = await authorExercise(author.client);
      const [test1] = sumExercise().tests;
      const contradictory = { ...sumExercise(), files: [{ path: 'sum.js', content: '' }], tests: [test1, test1] };
      const refused = await author.client.post(`/api/v1/modules/${moduleId}/exercises`, contradictory);
      expect(refused).toMatchObject({
        status: 422,
        body: {
          code: 'VALIDATION_FAILED',
          errors: [
            { path: 'tests.1.name', message: 'is the name of test 1 already: "adds"' },
            { path: 'files.0.path', message: 'collides with the entrypoint: "sum.js"' },
          ],
        },
      });
    });

    test('name the languages there are when they ask for another', async () => {
      const { moduleId } = await authorExercise(author.client);
      const refused = await author.client.post(`/api/v1/modules/${moduleId}/exercises`, {
        ...sumExercise(),
        language: 'cobol',
      });
      expect(refused).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'language', message: expect.stringMatching(/"javascript"/) }] },
      });
    });

    test('may be 1 MB long, and no longer', async () => {
      const { moduleId } = await authorExercise(author.client);
      const files = (count: number) =>
        Array.from({ length: count }, (_, index) => ({ path: `f${index}.txt`, content: 'x'.repeat(190_000) }));
      const post = (count: number) =>
        author.client.post(
          `/api/v1/modules/${moduleId}/exercises`,
          sumExercise({ slug: `big-${count}`, files: files(count) }),
        );
      expect((await post(5)).status).toBe(201);
      expect(problemOf(await post(6))).toEqual(problem(413, 'PAYLOAD_TOO_LARGE'));
    });

    test('cannot share a slug within a module', async () => {
      const { moduleId, exerciseId } = await authorExercise(author.client);
      const again = await author.client.post(`/api/v1/modules/${moduleId}/exercises`, sumExercise());
      expect(problemOf(again)).toEqual(problem(409, 'CONFLICT'));
      const other = await author.client.post(`/api/v1/modules/${moduleId}/exercises`, sumExercise({ slug: 'other' }));
      const renamed = await author.client.patch(`/api/v1/exercises/${Exercise.parse(other.body).id}`, { slug: 'sum' });
      expect(problemOf(renamed)).toEqual(problem(409, 'CONFLICT'));
      expect((await author.client.patch(`/api/v1/exercises/${exerciseId}`, { slug: 'sum-2' })).body).toMatchObject({
        slug: 'sum-2',
      });
    });
  });

  describe('changing an exercise', () => {
    test('makes a new version, while learners keep the one that is verified', async () => {
      const { courseId, exerciseId } = await authorExercise(author.client);
      await verifyNewest(exerciseId);
      await author.client.post(`/api/v1/courses/${courseId}/publish`);
      const changed = await author.client.patch(`/api/v1/exercises/${exerciseId}`, {
        title: 'Better sum',
        limits: { cpuMs: 500 },
      });
      expect(changed).toMatchObject({
        status: 200,
        body: {
          title: 'Better sum',
          version: 2,
          verification: 'pending',
          publishedVersion: 1,
          limits: { cpuMs: 500, wallMs: 2000 },
        },
      });
      expect((await learner.client.get(`/api/v1/exercises/${exerciseId}`)).body).toMatchObject({
        title: 'Sum',
        version: 1,
      });
      expect((await learner.client.get(`/api/v1/exercises/${exerciseId}/verification`)).body).toEqual({
        exerciseId,
        version: 1,
        status: 'verified',
        publishedVersion: 1,
        report: null,
        failure: null,
      });
      await verifyNewest(exerciseId);
      expect((await learner.client.get(`/api/v1/exercises/${exerciseId}`)).body).toMatchObject({
        title: 'Better sum',
        version: 2,
      });
    });

    test('keeps everything that the change does not name, defaults included', async () => {
      const { moduleId } = await authorExercise(author.client);
      const definition = sumExercise({
        slug: 'kept',
        points: 250,
        hints: ['Use +.'],
        files: [{ path: 'a.txt', content: 'A' }],
      });
      const { id } = Exercise.parse(
        (await author.client.post(`/api/v1/modules/${moduleId}/exercises`, definition)).body,
      );
      const { points, hints, files, tests } = definition;
      const changed = await author.client.patch(`/api/v1/exercises/${id}`, { title: 'Kept' });
      expect(changed.body).toMatchObject({ title: 'Kept', points, hints, files, tests });
    });

    test('to what it is already makes no version', async () => {
      const { exerciseId } = await authorExercise(author.client);
      for (const nothing of [{}, { title: 'Sum' }, { limits: { cpuMs: 100 } }, { tests: sumExercise().tests }]) {
        const answer = await author.client.patch(`/api/v1/exercises/${exerciseId}`, nothing);
        expect({ nothing, answer }).toMatchObject({ answer: { status: 200, body: { version: 1 } } });
      }
      expect(await requestedRuns(exerciseId)).toBe(1);
    });

    test('is refused when the result contradicts itself, names unknown fields, or is in another language', async () => {
      const { exerciseId } = await authorExercise(author.client);
      const change = (changes: object) => author.client.patch(`/api/v1/exercises/${exerciseId}`, changes);
      expect(await change({ entrypoint: 'a.js', files: [{ path: 'a.js', content: '' }] })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'files.0.path' }] },
      });
      expect(await change({ titel: 'Sum' })).toMatchObject({ status: 422, body: { errors: [{ path: 'titel' }] } });
      await verifyNewest(exerciseId);
      expect(problemOf(await change({ language: 'typescript' }))).toEqual(problem(409, 'CONFLICT'));
      expect(await author.client.get(`/api/v1/exercises/${exerciseId}`)).toMatchObject({ body: { version: 1 } });
    });

    test('at the same time as another change loses neither', async () => {
      const { exerciseId } = await authorExercise(author.client);
      const changes = [{ title: 'One' }, { description: 'Two' }, { points: 3 }];
      const answers = await Promise.all(
        changes.map((each) => author.client.patch(`/api/v1/exercises/${exerciseId}`, each)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const { body } = await author.client.get(`/api/v1/exercises/${exerciseId}`);
      expect(body).toMatchObject({ version: 4, title: 'One', description: 'Two', points: 3 });
    });
  });

  describe('an Idempotency-Key', () => {
    test('makes a repeated request answer with what the first one made', async () => {
      const repeat = async (path: string, body: unknown) => {
        const headers = { 'Idempotency-Key': newId() };
        const first = await author.client.post(path, body, headers);
        const second = await author.client.post(path, body, headers);
        expect({ path, first: first.status, second: second.status }).toEqual({ path, first: 201, second: 201 });
        const { id } = z.object({ id: z.string() }).parse(first.body);
        expect(second.body).toMatchObject({ id });
        return id;
      };
      const courseId = await repeat('/api/v1/courses', NEW_COURSE);
      const moduleId = await repeat(`/api/v1/courses/${courseId}/modules`, { title: 'Once' });
      const exerciseId = await repeat(`/api/v1/modules/${moduleId}/exercises`, sumExercise());
      expect(await requestedRuns(exerciseId)).toBe(1);
      const course = await author.client.get(`/api/v1/courses/${courseId}`);
      expect(course.body).toMatchObject({ modules: [{ exercises: [{ id: exerciseId }] }] });
    });

    test('does not stand for another request', async () => {
      const headers = { 'Idempotency-Key': newId() };
      await author.client.post('/api/v1/courses', NEW_COURSE, headers);
      const other = await author.client.post('/api/v1/courses', { ...NEW_COURSE, title: 'Other' }, headers);
      expect(problemOf(other)).toEqual(problem(422, 'IDEMPOTENCY_KEY_REUSED'));
    });

    test('is free again when the request failed', async () => {
      const headers = { 'Idempotency-Key': newId() };
      const slug = `failing-${newId()}`;
      const blocker = await upsertCourse(database.db, { ...NEW_COURSE, id: newId(), slug, kind: 'authored' });
      const retry = () => author.client.post('/api/v1/courses', { ...NEW_COURSE, slug }, headers);
      expect((await retry()).status).toBe(409);
      await database.db.query(sql.typeAlias('void')`DELETE FROM courses WHERE id = ${blocker}`);
      expect((await retry()).status).toBe(201);
    });
  });

  test('a draft’s exercise can be tried by its author, and by nobody else', async () => {
    const { exerciseId } = await authorExercise(author.client);
    const submit = ({ client }: Account) => client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'x' });
    expect((await submit(author)).status).toBe(404);
    await verifyNewest(exerciseId);
    expect((await submit(author)).status).toBe(202);
    expect((await submit(stranger)).status).toBe(404);
    expect((await submit(learner)).status).toBe(404);
  });
});
