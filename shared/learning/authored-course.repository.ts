import { z } from 'zod';
import type { CourseChanges, NewCourse, NewModule } from '../contracts/authoring.contract.ts';
import { CourseStatus } from '../contracts/course.contract.ts';
import { violatesForeignKey, violatesUnique } from '../db/database-errors.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { accountGone, AppError } from '../errors.ts';

/** What instructors write through the API. Whatever belongs to another author, or to no one, is not found here. */

const OwnCourseRow = z.strictObject({ id: z.string(), status: CourseStatus });

/** @throws AppError CONFLICT when the slug is taken; UNAUTHENTICATED when the author's account is gone. */
export async function insertCourse(tx: Database, id: string, ownerId: string, course: NewCourse): Promise<void> {
  const inserted = tx.query(sql.typeAlias('void')`
    INSERT INTO courses (id, slug, kind, owner_id, title, description, meta_category, sequential)
    VALUES (${id}, ${course.slug ?? null}, 'authored', ${ownerId}, ${course.title}, ${course.description}, ${course.metaCategory},
      ${course.sequential})`);
  await inserted.catch((error: unknown) => {
    throw violatesForeignKey(error, 'courses_owner_id_fkey') ? accountGone(error) : slugError(error);
  });
}

/** @throws AppError CONFLICT when the slug is taken. */
export async function updateCourse(tx: Database, id: string, changes: CourseChanges): Promise<void> {
  const updated = tx.query(sql.typeAlias('void')`
    UPDATE courses
    SET slug = coalesce(${changes.slug ?? null}, slug), title = coalesce(${changes.title ?? null}, title),
      description = coalesce(${changes.description ?? null}, description),
      meta_category = coalesce(${changes.metaCategory ?? null}, meta_category),
      sequential = coalesce(${changes.sequential ?? null}, sequential), updated_at = now()
    WHERE id = ${id}`);
  await updated.catch((error: unknown) => {
    throw slugError(error);
  });
}

export async function activateCourse(tx: Database, id: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`UPDATE courses SET status = 'active', updated_at = now() WHERE id = ${id}`);
}

/**
 * The author's course; nobody else changes it, or anything in it, until the transaction ends. The lock lets learners enrol meanwhile.
 * A course generated for a learner belongs to that learner and is not theirs to author.
 */
export async function lockOwnCourse(
  tx: Database,
  id: string,
  ownerId: string,
): Promise<z.infer<typeof OwnCourseRow> | null> {
  return tx.maybeOne(sql.type(OwnCourseRow)`
    SELECT id, status FROM courses WHERE id = ${id} AND owner_id = ${ownerId} AND kind = 'authored' FOR NO KEY UPDATE`);
}

const OwnModuleRow = z.strictObject({ id: z.string(), course_id: z.string() });

/** The author's module, its course locked as by `lockOwnCourse`. */
export async function lockOwnModule(
  tx: Database,
  id: string,
  ownerId: string,
): Promise<z.infer<typeof OwnModuleRow> | null> {
  return tx.maybeOne(sql.type(OwnModuleRow)`
    SELECT m.id, m.course_id
    FROM modules m JOIN courses c ON c.id = m.course_id
    WHERE m.id = ${id} AND c.owner_id = ${ownerId} AND c.kind = 'authored'
    FOR NO KEY UPDATE OF c`);
}

const OwnExerciseRow = z.strictObject({ id: z.string(), current_version_id: z.string().nullable() });

/** The author's exercise, its course locked as by `lockOwnCourse`. */
export async function lockOwnExercise(
  tx: Database,
  id: string,
  ownerId: string,
): Promise<z.infer<typeof OwnExerciseRow> | null> {
  return tx.maybeOne(sql.type(OwnExerciseRow)`
    SELECT x.id, x.current_version_id
    FROM exercises x JOIN modules m ON m.id = x.module_id JOIN courses c ON c.id = m.course_id
    WHERE x.id = ${id} AND c.owner_id = ${ownerId} AND c.kind = 'authored'
    FOR NO KEY UPDATE OF c`);
}

const LastRow = z.strictObject({ count: z.number(), last: z.number() });

/** How many modules a course has, and the highest number among them. */
export async function countModules(tx: Database, courseId: string): Promise<z.infer<typeof LastRow>> {
  return tx.one(sql.type(LastRow)`
    SELECT count(*)::int AS count, coalesce(max(number), 0) AS last FROM modules WHERE course_id = ${courseId}`);
}

/** How many exercises a module has, and the highest position among them. */
export async function countExercises(tx: Database, moduleId: string): Promise<z.infer<typeof LastRow>> {
  return tx.one(sql.type(LastRow)`
    SELECT count(*)::int AS count, coalesce(max(position), 0) AS last FROM exercises WHERE module_id = ${moduleId}`);
}

/** @throws AppError CONFLICT when the number is taken. */
export async function insertModule(
  tx: Database,
  module: Omit<NewModule, 'number'> & { id: string; courseId: string; number: number },
): Promise<void> {
  const inserted = tx.query(sql.typeAlias('void')`
    INSERT INTO modules (id, course_id, number, kind, title, description)
    VALUES (${module.id}, ${module.courseId}, ${module.number}, ${module.kind}, ${module.title}, ${module.description})`);
  await inserted.catch((error: unknown) => {
    throw violatesUnique(error, 'modules_course_number_unique')
      ? new AppError('CONFLICT', `The course has a module ${module.number} already.`, { cause: error })
      : error;
  });
}

/** @throws AppError CONFLICT when the module has an exercise of that slug. */
export async function insertExercise(
  tx: Database,
  exercise: { id: string; moduleId: string; slug: string; position: number },
): Promise<void> {
  const inserted = tx.query(sql.typeAlias('void')`
    INSERT INTO exercises (id, module_id, slug, position)
    VALUES (${exercise.id}, ${exercise.moduleId}, ${exercise.slug}, ${exercise.position})`);
  await inserted.catch((error: unknown) => {
    throw slugError(error);
  });
}

/** @throws AppError CONFLICT when the module has another exercise of that slug. */
export async function renameExercise(tx: Database, id: string, slug: string): Promise<void> {
  const updated = tx.query(sql.typeAlias('void')`UPDATE exercises SET slug = ${slug} WHERE id = ${id}`);
  await updated.catch((error: unknown) => {
    throw slugError(error);
  });
}

function slugError(error: unknown): unknown {
  if (violatesUnique(error, 'courses_slug_unique')) {
    return new AppError('CONFLICT', 'Another course has this slug already.', { cause: error });
  }
  if (violatesUnique(error, 'exercises_module_slug_unique')) {
    return new AppError('CONFLICT', 'Another exercise of the module has this slug already.', { cause: error });
  }
  return error;
}
