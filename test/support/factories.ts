import { z } from 'zod';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { insertUser, type UserRow } from '../../shared/identity/user.repository.ts';
import {
  insertVersion,
  upsertCourse,
  upsertExercise,
  upsertModule,
} from '../../shared/learning/authoring.repository.ts';
import { settleVerification } from '../../shared/learning/exercise.repository.ts';
import { insertSolved } from '../../shared/learning/submission.repository.ts';

/** A user in the database, without a usable password. */
export async function buildUser(db: Database, overrides: Partial<UserRow> = {}): Promise<UserRow> {
  const id = newId();
  const user: UserRow = {
    id,
    email: `${id}@example.com`,
    name: 'Ada',
    password_hash: 'none',
    roles: ['learner'] satisfies Role[],
    email_verified_at: null,
    ...overrides,
  };
  await insertUser(db, user);
  return user;
}

/** An exercise that wants the sum of two numbers: two visible tests and a hidden one. */
export function sumExercise(overrides: Partial<z.input<typeof ExerciseDefinition>> = {}): ExerciseDefinition {
  return ExerciseDefinition.parse({
    slug: 'sum',
    title: 'Sum',
    description: 'Add two numbers.',
    language: 'javascript',
    difficulty: 'easy',
    entrypoint: 'sum.js',
    starterCode: 'export function sum(a, b) {\n  return 0;\n}\n',
    solutionCode: 'export function sum(a, b) {\n  return a + b;\n}\n',
    limits: { cpuMs: 100, wallMs: 2000 },
    tests: [
      { kind: 'call', name: 'adds', function: 'sum', args: [1, 2], expected: 3 },
      { kind: 'call', name: 'adds zero', function: 'sum', args: [4, 0], expected: 4 },
      { kind: 'call', name: 'adds negatives', function: 'sum', args: [-1, -5], expected: -6, visibility: 'never' },
    ],
    ...overrides,
  });
}

export interface BuiltExercise {
  courseId: string;
  moduleId: string;
  exerciseId: string;
  versionId: string;
  definition: ExerciseDefinition;
}

/** A published course with one module and one verified exercise. */
export async function buildExercise(
  db: Database,
  definition: ExerciseDefinition = sumExercise(),
): Promise<BuiltExercise> {
  const { courseId, exercises } = await buildCourse(db, [[definition]]);
  const [exercise] = exercises;
  if (exercise === undefined) throw new Error('The course has no exercise.');
  return { courseId, ...exercise };
}

export interface BuiltCourse {
  courseId: string;
  moduleIds: string[];
  /** Those of all modules, in order. */
  exercises: Omit<BuiltExercise, 'courseId'>[];
}

interface CourseOverrides {
  title?: string;
  kind?: 'authored' | 'generated';
  status?: 'draft' | 'active' | 'archived';
  ownerId?: string;
  sequential?: boolean;
}

/** A course, published unless told otherwise, with a module for each list of exercises, all verified. */
export async function buildCourse(
  db: Database,
  modules: readonly (readonly ExerciseDefinition[])[],
  overrides: CourseOverrides = {},
): Promise<BuiltCourse> {
  const { kind = 'authored', status = 'active', ownerId = null, sequential = false, title = 'A course' } = overrides;
  const texts = { title, description: 'About sums.' };
  const slug = `course-${newId()}`;
  const courseId = await upsertCourse(db, { id: newId(), slug, kind, metaCategory: 'Digital', ...texts });
  await db.query(sql.typeAlias('void')`
    UPDATE courses SET status = ${status}, owner_id = ${ownerId}, sequential = ${sequential} WHERE id = ${courseId}`);
  const built: BuiltCourse = { courseId, moduleIds: [], exercises: [] };
  for (const [index, definitions] of modules.entries()) {
    const moduleId = await upsertModule(db, { id: newId(), courseId, number: index + 1, kind: 'atom', ...texts });
    built.moduleIds.push(moduleId);
    for (const [position, definition] of definitions.entries()) {
      const exerciseId = await upsertExercise(db, { id: newId(), moduleId, slug: definition.slug, position });
      const versionId = await buildVersion(db, exerciseId, 1, definition);
      await settleVerification(db, versionId, 'verified', {});
      built.exercises.push({ moduleId, exerciseId, versionId, definition });
    }
  }
  return built;
}

/** A version of an exercise that nobody has verified. */
export async function buildVersion(
  db: Database,
  exerciseId: string,
  version: number,
  definition: ExerciseDefinition,
): Promise<string> {
  const id = newId();
  await insertVersion(db, { id, exerciseId, version, definition });
  return id;
}

/** Records an exercise as solved, as if a submission had. */
export async function buildSolved(db: Database, learnerId: string, exerciseId: string): Promise<void> {
  const exerciseVersionId = await db.oneFirst(sql.type(z.strictObject({ current_version_id: z.string() }))`
    SELECT current_version_id FROM exercises WHERE id = ${exerciseId}`);
  await insertSolved(db, { learnerId, exerciseId, submissionId: newId(), exerciseVersionId });
}
