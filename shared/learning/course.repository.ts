import { z } from 'zod';
import { CourseKind, CourseStatus, MetaCategory, ModuleKind } from '../contracts/course.contract.ts';
import { Difficulty, Language } from '../contracts/exercise.contract.ts';
import { violatesForeignKey } from '../db/database-errors.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { accountGone } from '../errors.ts';

export const CourseRow = z.strictObject({
  id: z.string(),
  slug: z.string().nullable(),
  kind: CourseKind,
  owner_id: z.string().nullable(),
  title: z.string(),
  description: z.string(),
  meta_category: MetaCategory,
  status: CourseStatus,
  sequential: z.boolean(),
  enrolled: z.boolean(),
  exercise_count: z.number(),
  solved_count: z.number(),
});
export type CourseRow = z.infer<typeof CourseRow>;

interface CoursePage {
  /** Who asks; null for a stranger. */
  viewerId: string | null;
  afterId: string | undefined;
  /** Rows to fetch: one more than the page shows. */
  limit: number;
}

/** Published authored courses, and for a known viewer also those that are theirs. Only verified exercises count. */
export async function listVisibleCourses(
  db: Database,
  { viewerId, afterId, limit }: CoursePage,
): Promise<readonly CourseRow[]> {
  return db.any(sql.type(CourseRow)`
    ${courseColumns(viewerId)}
    WHERE ${visibleTo(viewerId)} AND ${afterId === undefined ? sql.fragment`true` : sql.fragment`c.id > ${afterId}`}
    ORDER BY c.id LIMIT ${limit}`);
}

export async function findVisibleCourse(db: Database, id: string, viewerId: string | null): Promise<CourseRow | null> {
  return db.maybeOne(sql.type(CourseRow)`${courseColumns(viewerId)} WHERE c.id = ${id} AND ${visibleTo(viewerId)}`);
}

const visibleTo = (viewerId: string | null) => sql.fragment`
  ((c.status = 'active' AND c.kind = 'authored') OR c.owner_id = ${viewerId}::uuid OR (c.status = 'active' AND e.course_id IS NOT NULL))`;

const courseColumns = (viewerId: string | null) => sql.fragment`
  SELECT c.id, c.slug, c.kind, c.owner_id, c.title, c.description, c.meta_category, c.status, c.sequential,
    e.course_id IS NOT NULL AS enrolled, counts.exercise_count, counts.solved_count
  FROM courses c
  LEFT JOIN enrollments e ON e.course_id = c.id AND e.learner_id = ${viewerId}::uuid
  CROSS JOIN LATERAL (
    SELECT count(x.id)::int AS exercise_count, count(s.exercise_id)::int AS solved_count
    FROM modules m
    JOIN exercises x ON x.module_id = m.id AND x.current_version_id IS NOT NULL
    LEFT JOIN solved_exercises s ON s.exercise_id = x.id AND s.learner_id = ${viewerId}::uuid
    WHERE m.course_id = c.id
  ) counts`;

const ModuleRow = z.strictObject({
  id: z.string(),
  number: z.number(),
  kind: ModuleKind,
  title: z.string(),
  description: z.string(),
});
export type ModuleRow = z.infer<typeof ModuleRow>;

export async function listModules(db: Database, courseId: string): Promise<readonly ModuleRow[]> {
  return db.any(sql.type(ModuleRow)`
    SELECT id, number, kind, title, description FROM modules WHERE course_id = ${courseId} ORDER BY number`);
}

const CourseExerciseRow = z.strictObject({
  id: z.string(),
  module_id: z.string(),
  slug: z.string(),
  title: z.string(),
  language: Language,
  difficulty: Difficulty,
  points: z.number(),
  solved: z.boolean(),
});
export type CourseExerciseRow = z.infer<typeof CourseExerciseRow>;

/** The verified exercises of a course, in order, with what the viewer has solved. */
export async function listCourseExercises(
  db: Database,
  courseId: string,
  viewerId: string | null,
): Promise<readonly CourseExerciseRow[]> {
  return db.any(sql.type(CourseExerciseRow)`
    SELECT x.id, x.module_id, x.slug, v.title, v.language, v.difficulty, v.points, s.exercise_id IS NOT NULL AS solved
    FROM modules m
    JOIN exercises x ON x.module_id = m.id
    JOIN exercise_versions v ON v.id = x.current_version_id
    LEFT JOIN solved_exercises s ON s.exercise_id = x.id AND s.learner_id = ${viewerId}::uuid
    WHERE m.course_id = ${courseId}
    ORDER BY m.number, x.position`);
}

const EnrollmentRow = z.strictObject({ enrolled_at: z.string(), is_new: z.boolean() });

/**
 * Enrols once; a second time is no error. Returns when, and whether this call did it.
 *
 * @throws AppError UNAUTHENTICATED when the learner's account is gone.
 */
export async function enroll(
  db: Database,
  learnerId: string,
  courseId: string,
): Promise<{ enrolledAt: string; isNew: boolean }> {
  const enrolment = db.maybeOne(sql.type(EnrollmentRow)`
    WITH added AS (
      INSERT INTO enrollments (learner_id, course_id) VALUES (${learnerId}, ${courseId}) ON CONFLICT DO NOTHING RETURNING enrolled_at
    )
    SELECT enrolled_at, true AS is_new FROM added
    UNION ALL
    SELECT enrolled_at, false FROM enrollments
    WHERE learner_id = ${learnerId} AND course_id = ${courseId} AND NOT EXISTS (SELECT FROM added)`);
  const added = await enrolment.catch((error: unknown) => {
    throw violatesForeignKey(error, 'enrollments_learner_id_fkey') ? accountGone(error) : error;
  });
  // An enrolment that was committed while the statement ran made it add nothing, but is seen by the next statement only.
  const row = added ?? (await getEnrollment(db, learnerId, courseId));
  return { enrolledAt: row.enrolled_at, isNew: row.is_new };
}

function getEnrollment(db: Database, learnerId: string, courseId: string): Promise<z.infer<typeof EnrollmentRow>> {
  return db.one(sql.type(EnrollmentRow)`
    SELECT enrolled_at, false AS is_new FROM enrollments WHERE learner_id = ${learnerId} AND course_id = ${courseId}`);
}

const SampleRow = z.strictObject({ id: z.string(), solution_code: z.string() });

/** The first verified exercise of the first course in the catalogue, with its solution: for showing how a submission goes. */
export async function findFirstExercise(db: Database): Promise<z.infer<typeof SampleRow> | null> {
  return db.maybeOne(sql.type(SampleRow)`
    SELECT x.id, v.definition->>'solutionCode' AS solution_code
    FROM exercises x
    JOIN exercise_versions v ON v.id = x.current_version_id
    JOIN modules m ON m.id = x.module_id
    JOIN courses c ON c.id = m.course_id
    WHERE c.status = 'active' AND c.kind = 'authored'
    ORDER BY c.id, m.number, x.position
    LIMIT 1`);
}
