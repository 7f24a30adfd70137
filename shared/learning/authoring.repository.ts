import { z } from 'zod';
import type { CourseKind, MetaCategory, ModuleKind } from '../contracts/course.contract.ts';
import { Difficulty, ExerciseDefinition, Language } from '../contracts/exercise.contract.ts';
import { VerificationStatus } from '../contracts/verification.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

interface NewCourse {
  id: string;
  slug: string;
  kind: z.infer<typeof CourseKind>;
  title: string;
  description: string;
  metaCategory: z.infer<typeof MetaCategory>;
}

interface NewModule {
  id: string;
  courseId: string;
  number: number;
  kind: z.infer<typeof ModuleKind>;
  title: string;
  description: string;
}

const IdRow = z.strictObject({ id: z.string() });

/** Makes the course, or renews the texts of the one with its slug. Returns its id. */
export async function upsertCourse(tx: Database, course: NewCourse): Promise<string> {
  return tx.oneFirst(sql.type(IdRow)`
    INSERT INTO courses (id, slug, kind, title, description, meta_category, status)
    VALUES (${course.id}, ${course.slug}, ${course.kind}, ${course.title}, ${course.description}, ${course.metaCategory}, 'active')
    ON CONFLICT (slug) DO UPDATE SET title = excluded.title, description = excluded.description, updated_at = now()
    RETURNING id`);
}

/** Makes the module, or renews the texts of the one with its number. Returns its id. */
export async function upsertModule(tx: Database, module: NewModule): Promise<string> {
  return tx.oneFirst(sql.type(IdRow)`
    INSERT INTO modules (id, course_id, number, kind, title, description)
    VALUES (${module.id}, ${module.courseId}, ${module.number}, ${module.kind}, ${module.title}, ${module.description})
    ON CONFLICT (course_id, number) DO UPDATE SET title = excluded.title, description = excluded.description
    RETURNING id`);
}

/** Makes the exercise of a module, or finds the one with its slug. Returns its id. */
export async function upsertExercise(
  tx: Database,
  exercise: { id: string; moduleId: string; slug: string; position: number },
): Promise<string> {
  return tx.oneFirst(sql.type(IdRow)`
    INSERT INTO exercises (id, module_id, slug, position)
    VALUES (${exercise.id}, ${exercise.moduleId}, ${exercise.slug}, ${exercise.position})
    ON CONFLICT (module_id, slug) DO UPDATE SET position = excluded.position
    RETURNING id`);
}

const NewestVersionRow = z.strictObject({
  id: z.string(),
  version: z.number(),
  verification: VerificationStatus,
  definition: ExerciseDefinition,
});

/** The newest version of an exercise, verified or not; null when it has none. */
export async function findNewestVersion(
  db: Database,
  exerciseId: string,
): Promise<z.infer<typeof NewestVersionRow> | null> {
  return db.maybeOne(sql.type(NewestVersionRow)`
    SELECT id, version, verification, definition FROM exercise_versions WHERE exercise_id = ${exerciseId} ORDER BY version DESC LIMIT 1`);
}

export async function insertVersion(
  tx: Database,
  version: { id: string; exerciseId: string; version: number; definition: ExerciseDefinition },
): Promise<void> {
  const { definition } = version;
  await tx.query(sql.typeAlias('void')`
    INSERT INTO exercise_versions (id, exercise_id, version, title, language, difficulty, points, definition)
    VALUES (${version.id}, ${version.exerciseId}, ${version.version}, ${definition.title}, ${definition.language},
      ${definition.difficulty}, ${definition.points}, ${sql.json(definition)})`);
}

/** Lets a version be verified again. */
export async function reopenVerification(tx: Database, versionId: string): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE exercise_versions SET verification = 'pending', verification_report = NULL WHERE id = ${versionId}`);
}

const ExerciseVersionsRow = z.strictObject({
  id: z.string(),
  module_id: z.string(),
  module_number: z.number(),
  slug: z.string(),
  title: z.string(),
  language: Language,
  difficulty: Difficulty,
  points: z.number(),
  version: z.number(),
  verification: VerificationStatus,
});

/** The exercises of a course in order, each as its newest version says, verified or not. */
export async function listNewestVersions(
  db: Database,
  courseId: string,
): Promise<readonly z.infer<typeof ExerciseVersionsRow>[]> {
  return db.any(sql.type(ExerciseVersionsRow)`
    SELECT x.id, m.id AS module_id, m.number AS module_number, x.slug, v.title, v.language, v.difficulty, v.points, v.version, v.verification
    FROM modules m
    JOIN exercises x ON x.module_id = m.id
    CROSS JOIN LATERAL (SELECT * FROM exercise_versions WHERE exercise_id = x.id ORDER BY version DESC LIMIT 1) v
    WHERE m.course_id = ${courseId}
    ORDER BY m.number, x.position`);
}

const VerificationCountRow = z.strictObject({
  pending: z.number(),
  verified: z.number(),
  rejected: z.array(z.string()),
});

/** How far the verification of the newest versions of all exercises is. */
export async function countVerifications(db: Database): Promise<z.infer<typeof VerificationCountRow>> {
  return db.one(sql.type(VerificationCountRow)`
    SELECT count(*) FILTER (WHERE verification = 'pending')::int AS pending,
      count(*) FILTER (WHERE verification = 'verified')::int AS verified,
      coalesce(array_agg(slug) FILTER (WHERE verification = 'rejected'), '{}') AS rejected
    FROM (
      SELECT DISTINCT ON (v.exercise_id) v.verification, x.slug
      FROM exercise_versions v JOIN exercises x ON x.id = v.exercise_id
      ORDER BY v.exercise_id, v.version DESC
    ) newest`);
}
