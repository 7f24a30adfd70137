import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { MAX_EXERCISES_PER_MODULE, MAX_MODULES_PER_COURSE } from '../../shared/contracts/authoring.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { openAccount, type Account } from '../support/accounts.ts';
import { authorExercise, NEW_COURSE } from '../support/authoring.ts';
import { openAuthoringScene, type AuthoringScene } from '../support/authoring-scene.ts';
import { buildExercise, sumExercise } from '../support/factories.ts';
import type { InProcessApi } from '../support/in-process.ts';
import { problem, problemOf } from '../support/problems.ts';
import type { TestDatabase } from '../support/test-database.ts';

const Created = z.object({ id: z.string() });

describe('authoring over the API', () => {
  let scene: AuthoringScene;
  let database: TestDatabase;
  let api: InProcessApi;
  let author: Account;
  let stranger: Account;
  let learner: Account;

  beforeAll(async () => {
    scene = await openAuthoringScene();
    ({ database, api, author, stranger, learner } = scene);
  });
  afterAll(() => scene.close());

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
      await scene.verifyNewest(exerciseId);
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
      await scene.verifyNewest(Created.parse(second.body).id);
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
      await scene.verifyNewest(exerciseId);
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
      await scene.verifyNewest(exerciseId);
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
});
