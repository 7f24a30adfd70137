import type { z } from 'zod';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { insertUser, type UserRow } from '../../shared/identity/user.repository.ts';
import {
  insertVersion,
  upsertCourse,
  upsertExercise,
  upsertModule,
} from '../../shared/learning/authoring.repository.ts';
import { settleVerification } from '../../shared/learning/exercise.repository.ts';

/** A user in the database, without a usable password. */
export async function buildUser(db: Database, overrides: Partial<UserRow> = {}): Promise<UserRow> {
  const id = newId();
  const user: UserRow = {
    id,
    email: `${id}@example.com`,
    name: 'Ada',
    password_hash: 'none',
    roles: ['learner'] satisfies Role[],
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
  const texts = { title: 'A course', description: 'About sums.' };
  const courseId = await upsertCourse(db, {
    id: newId(),
    slug: `course-${newId()}`,
    kind: 'authored',
    metaCategory: 'Digital',
    ...texts,
  });
  const moduleId = await upsertModule(db, { id: newId(), courseId, number: 1, kind: 'atom', ...texts });
  const exerciseId = await upsertExercise(db, { id: newId(), moduleId, slug: definition.slug, position: 1 });
  const versionId = newId();
  await insertVersion(db, { id: versionId, exerciseId, version: 1, definition });
  await settleVerification(db, versionId, 'verified', {});
  return { courseId, moduleId, exerciseId, versionId, definition };
}
