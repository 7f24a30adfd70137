import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client as PgClient } from 'pg';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { upsertExercise } from '../../shared/learning/authoring.repository.ts';
import { enroll } from '../../shared/learning/course.repository.ts';
import { settleVerification } from '../../shared/learning/exercise.repository.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { buildCourse, buildExercise, buildSolved, buildVersion, sumExercise } from '../support/factories.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const Page = z.object({
  items: z.array(z.object({ id: z.string(), title: z.string() })),
  nextCursor: z.string().nullable(),
});
const Course = z.object({
  progress: z.number(),
  modules: z.array(
    z.object({ status: z.string(), exercises: z.array(z.object({ slug: z.string(), solved: z.boolean() })) }),
  ),
});

let database: TestDatabase;
let api: InProcessApi;
let learner: Client;
let learnerId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
  ({ client: learner, userId: learnerId } = await api.client.registerLearner());
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const viewCourse = async (id: string, client = learner) =>
  Course.parse((await client.get(`/api/v1/courses/${id}`)).body);
const statusesOf = async (id: string) => (await viewCourse(id)).modules.map(({ status }) => status);
const named = (...slugs: string[]) => slugs.map((slug) => sumExercise({ slug }));

/** The ids of all pages of a list, checked for their size. */
async function walk(client: Client, path: string, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${cursor}`;
    const page = Page.parse((await client.get(`${path}?limit=${limit}${after}`)).body);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    expect(page.items.length).toBeGreaterThan(0);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

describe('lists of courses', () => {
  test('are paged by a cursor: each course once, in the order they were made', async () => {
    const made: string[] = [];
    for (let count = 0; count < 7; count += 1) made.push((await buildCourse(database.db, [])).courseId);
    for (const limit of [1, 3, 7, 100]) {
      const seen = await walk(learner, '/api/v1/courses', limit);
      expect(seen.filter((id) => made.includes(id))).toEqual(made);
      expect(new Set(seen).size).toBe(seen.length);
    }
  });

  test('have a page of 20 by default, and refuse sizes and cursors that make no sense', async () => {
    for (let count = 0; count < 21; count += 1) await buildCourse(database.db, []);
    const page = Page.parse((await learner.get('/api/v1/courses')).body);
    expect(page.items).toHaveLength(20);
    expect(page.nextCursor).toBe(page.items.at(-1)?.id);
    for (const query of ['limit=0', 'limit=101', 'limit=1.5', 'limit=many', 'limit=-1', 'cursor=1', 'cursor=']) {
      const { status } = await learner.get(`/api/v1/courses?${query}`);
      expect({ query, status }).toEqual({ query, status: 422 });
    }
  });

  test('show everybody the published authored courses in the catalogue, and nobody a progress', async () => {
    const published = await buildCourse(database.db, [named('one')], { title: 'Published' });
    const hidden = [
      await buildCourse(database.db, [], { status: 'draft' }),
      await buildCourse(database.db, [], { status: 'archived' }),
      await buildCourse(database.db, [], { kind: 'generated' }),
    ];
    const catalogue = await walk(api.client, '/api/v1/catalog', 50);
    expect(catalogue).toContain(published.courseId);
    for (const { courseId } of hidden) expect(catalogue).not.toContain(courseId);
    const page = await api.client.get('/api/v1/catalog?limit=100');
    expect(z.object({ items: z.array(z.unknown()) }).parse(page.body).items).toContainEqual({
      id: published.courseId,
      slug: expect.stringMatching(/^course-/),
      title: 'Published',
      description: 'About sums.',
      metaCategory: 'Digital',
      status: 'active',
      kind: 'authored',
      enrolled: false,
      exerciseCount: 1,
      progress: null,
    });
    expectProblem(await api.client.get('/api/v1/courses'), 401, 'UNAUTHENTICATED');
  });

  test('show a learner the course that was generated for them, and nobody else', async () => {
    const own = await buildCourse(database.db, [], { kind: 'generated', ownerId: learnerId });
    const { client: other } = await api.client.registerLearner();
    expect(await walk(learner, '/api/v1/courses', 100)).toContain(own.courseId);
    expect(await walk(other, '/api/v1/courses', 100)).not.toContain(own.courseId);
    expectProblem(await other.get(`/api/v1/courses/${own.courseId}`), 404, 'NOT_FOUND');
  });
});

describe('a course', () => {
  test('opens module after module when it is sequential', async () => {
    const course = await buildCourse(database.db, [named('a', 'b'), [], named('c'), named('d')], { sequential: true });
    const solve = async (slug: string) => {
      const exercise = course.exercises.find(({ definition }) => definition.slug === slug);
      await buildSolved(database.db, learnerId, exercise?.exerciseId ?? '');
    };
    expect(await statusesOf(course.courseId)).toEqual(['active', 'locked', 'locked', 'locked']);
    await solve('a');
    expect(await statusesOf(course.courseId)).toEqual(['active', 'locked', 'locked', 'locked']);
    await solve('b');
    expect(await statusesOf(course.courseId)).toEqual(['completed', 'active', 'active', 'locked']);
    await solve('c');
    expect(await statusesOf(course.courseId)).toEqual(['completed', 'active', 'completed', 'active']);
  });

  test('has every module open when it is not sequential', async () => {
    const course = await buildCourse(database.db, [named('a'), named('b'), named('c')]);
    await buildSolved(database.db, learnerId, course.exercises[1]?.exerciseId ?? '');
    expect(await statusesOf(course.courseId)).toEqual(['active', 'completed', 'active']);
  });

  test('shows the progress of who asks, and it is 100 only when everything is solved', async () => {
    const { courseId, exercises } = await buildCourse(database.db, [named('a', 'b', 'c')]);
    const progress: number[] = [(await viewCourse(courseId)).progress];
    for (const { exerciseId } of exercises) {
      await buildSolved(database.db, learnerId, exerciseId);
      progress.push((await viewCourse(courseId)).progress);
    }
    expect(progress).toEqual([0, 33, 66, 100]);
    const { client: other } = await api.client.registerLearner();
    expect((await viewCourse(courseId, other)).progress).toBe(0);
  });

  test('shows an exercise once a version of it is verified, and not before', async () => {
    const { courseId, moduleIds } = await buildCourse(database.db, [named('known')]);
    const moduleId = moduleIds[0] ?? '';
    const exerciseId = await upsertExercise(database.db, { id: newId(), moduleId, slug: 'new', position: 9 });
    const rejected = await buildVersion(database.db, exerciseId, 1, sumExercise({ slug: 'new' }));
    await settleVerification(database.db, rejected, 'rejected', {});
    const slugs = async () => (await viewCourse(courseId)).modules[0]?.exercises.map(({ slug }) => slug);
    expect(await slugs()).toEqual(['known']);
    expectProblem(await learner.get(`/api/v1/exercises/${exerciseId}`), 404, 'NOT_FOUND');

    const verified = await buildVersion(database.db, exerciseId, 2, sumExercise({ slug: 'new' }));
    await settleVerification(database.db, verified, 'verified', {});
    expect(await slugs()).toEqual(['known', 'new']);
    expect((await learner.get(`/api/v1/exercises/${exerciseId}`)).body).toMatchObject({ version: 2 });
  });

  test('that is a draft does not exist for others, nor do its exercises, but its owner sees it', async () => {
    const draft = await buildCourse(database.db, [named('a')], { status: 'draft', ownerId: learnerId });
    const exercise = `/api/v1/exercises/${draft.exercises[0]?.exerciseId ?? ''}`;
    const course = `/api/v1/courses/${draft.courseId}`;
    const { client: other } = await api.client.registerLearner();
    expectProblem(await other.get(course), 404, 'NOT_FOUND');
    expectProblem(await other.get(exercise), 404, 'NOT_FOUND');
    expectProblem(await other.post(`${course}/enroll`), 404, 'NOT_FOUND');
    expectProblem(await other.post(`${exercise}/submissions`, { code: 'x' }), 404, 'NOT_FOUND');
    expect([(await learner.get(course)).status, (await learner.get(exercise)).status]).toEqual([200, 200]);
    expectProblem(await learner.post(`${course}/enroll`), 409, 'CONFLICT');
  });

  test('is enrolled in once, however often one asks', async () => {
    const { courseId } = await buildCourse(database.db, [named('a')]);
    const enrol = () => learner.post(`/api/v1/courses/${courseId}/enroll`);
    const answers = await Promise.all([enrol(), enrol(), enrol()]);
    answers.push(await enrol());
    const [first] = answers;
    expect(first?.body).toEqual({ courseId, enrolledAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) });
    for (const answer of answers) expect([answer.status, answer.body]).toEqual([200, first?.body]);
    expect((await learner.get(`/api/v1/courses/${courseId}`)).body).toMatchObject({ enrolled: true });
    expectProblem(await learner.post(`/api/v1/courses/${newId()}/enroll`), 404, 'NOT_FOUND');
  });
});

test('an enrolment that waited for another one of the same learner agrees with it', async () => {
  const { courseId } = await buildCourse(database.db, []);
  const other = new PgClient({ connectionString: database.uri });
  await other.connect();
  try {
    await other.query('BEGIN');
    await other.query('INSERT INTO enrollments (learner_id, course_id) VALUES ($1, $2)', [learnerId, courseId]);
    const waiting = enroll(database.db, learnerId, courseId);
    await eventually('it waits for the other one', () =>
      database.db.exists(sql.type(z.strictObject({}))`
        SELECT FROM pg_locks JOIN pg_stat_activity a USING (pid)
        WHERE NOT granted AND a.datname = current_database() AND a.query LIKE '%INSERT INTO enrollments%'`),
    );
    await other.query('COMMIT');
    expect(await waiting).toEqual({ isNew: false, enrolledAt: expect.any(String) });
  } finally {
    await other.end();
  }
});

describe('an exercise', () => {
  const SECRETS = { solution: 'THE-SOLUTION', hint: 'THE-HINT', hidden: 'HIDDEN-CASE', later: 'LATER-CASE' };
  const guarded = sumExercise({
    solutionCode: `export const sum = (a, b) => a + b; // ${SECRETS.solution}`,
    hints: [SECRETS.hint, 'another'],
    files: [{ path: 'data.json', content: '[1]' }],
    tests: [
      { kind: 'call', name: 'shown', function: 'sum', args: [1, 2], expected: 3, weight: 2 },
      { kind: 'call', name: SECRETS.hidden, function: 'sum', args: [71, 2], expected: 73, visibility: 'never' },
      { kind: 'call', name: SECRETS.later, function: 'sum', args: [81, 2], expected: 83, visibility: 'after_pass' },
    ],
  });

  test('shows what one needs to solve it, and never its solution, its hints or its hidden tests', async () => {
    const { courseId, moduleId, exerciseId } = await buildExercise(database.db, guarded);
    const answer = await learner.get(`/api/v1/exercises/${exerciseId}`);
    expect(answer.body).toEqual({
      id: exerciseId,
      courseId,
      moduleId,
      slug: 'sum',
      version: 1,
      title: 'Sum',
      description: 'Add two numbers.',
      language: 'javascript',
      difficulty: 'easy',
      points: 100,
      entrypoint: 'sum.js',
      starterCode: guarded.starterCode,
      files: [{ path: 'data.json', content: '[1]' }],
      limits: { cpuMs: 100, wallMs: 2000, memoryMb: 64, outputKb: 64 },
      hintsAvailable: 2,
      testCount: 3,
      tests: [
        { kind: 'call', name: 'shown', weight: 2, visibility: 'always', function: 'sum', args: [1, 2], expected: 3 },
      ],
      solved: false,
      attempts: 0,
      bestScore: null,
    });
    for (const secret of [...Object.values(SECRETS), '71', '81'])
      expect(answer.text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, '')).not.toContain(secret);
  });

  test('is for learners with an account only', async () => {
    const { exerciseId } = await buildExercise(database.db);
    expectProblem(await api.client.get(`/api/v1/exercises/${exerciseId}`), 401, 'UNAUTHENTICATED');
  });

  test('says whether who asks has solved it', async () => {
    const { exerciseId } = await buildExercise(database.db);
    await buildSolved(database.db, learnerId, exerciseId);
    const { client: other } = await api.client.registerLearner();
    const solved = async (client: Client) => (await client.get(`/api/v1/exercises/${exerciseId}`)).body;
    expect([await solved(learner), await solved(other)]).toMatchObject([{ solved: true }, { solved: false }]);
  });
});
