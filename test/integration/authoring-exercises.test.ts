import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { upsertCourse } from '../../shared/learning/authoring.repository.ts';
import type { Account } from '../support/accounts.ts';
import { authorExercise, NEW_COURSE } from '../support/authoring.ts';
import { openAuthoringScene, type AuthoringScene } from '../support/authoring-scene.ts';
import { sumExercise } from '../support/factories.ts';
import { problem, problemOf } from '../support/problems.ts';
import type { TestDatabase } from '../support/test-database.ts';

const Exercise = z.looseObject({ id: z.string(), version: z.number(), verification: z.string() });

describe('authoring exercises over the API', () => {
  let scene: AuthoringScene;
  let database: TestDatabase;
  let author: Account;
  let stranger: Account;
  let learner: Account;

  beforeAll(async () => {
    scene = await openAuthoringScene();
    ({ database, author, stranger, learner } = scene);
  });
  afterAll(() => scene.close());

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
      expect(await scene.requestedRuns(id)).toBe(1);
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
      await scene.verifyNewest(exerciseId);
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
      await scene.verifyNewest(exerciseId);
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
      expect(await scene.requestedRuns(exerciseId)).toBe(1);
    });

    test('is refused when the result contradicts itself, names unknown fields, or is in another language', async () => {
      const { exerciseId } = await authorExercise(author.client);
      const change = (changes: object) => author.client.patch(`/api/v1/exercises/${exerciseId}`, changes);
      expect(await change({ entrypoint: 'a.js', files: [{ path: 'a.js', content: '' }] })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'files.0.path' }] },
      });
      expect(await change({ titel: 'Sum' })).toMatchObject({ status: 422, body: { errors: [{ path: 'titel' }] } });
      await scene.verifyNewest(exerciseId);
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
      expect(await scene.requestedRuns(exerciseId)).toBe(1);
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
    await scene.verifyNewest(exerciseId);
    expect((await submit(author)).status).toBe(202);
    expect((await submit(stranger)).status).toBe(404);
    expect((await submit(learner)).status).toBe(404);
  });
});
