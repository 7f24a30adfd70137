import type { DatabasePool } from 'slonik';
import { toPage, type PageQuery } from '../../shared/contracts/common.contract.ts';
import type { CourseSummary, CourseView, ModuleView } from '../../shared/contracts/course.contract.ts';
import type { VerificationStatus } from '../../shared/contracts/verification.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError, notFound } from '../../shared/errors.ts';
import { listNewestVersions } from '../../shared/learning/authoring.repository.ts';
import {
  enroll,
  findVisibleCourse,
  listCourseExercises,
  listModules,
  listVisibleCourses,
  type CourseExerciseRow,
  type CourseRow,
  type ModuleRow,
} from '../../shared/learning/course.repository.ts';
import { moduleStatuses, progressPercent, standingOf, type Standing } from '../../shared/learning/progress.ts';
import { listStandings } from '../../shared/learning/submission.repository.ts';
import type { LearningMetrics } from '../../shared/observability/learning.metrics.ts';
import type { Actor } from '../http/define-route.ts';
import { isAuthorOf } from './authoring.policy.ts';

export interface CourseDeps {
  db: DatabasePool;
  metrics: LearningMetrics;
}

interface CoursePage {
  items: CourseSummary[];
  nextCursor: string | null;
}

export async function listCourses(
  { db }: CourseDeps,
  actor: Actor | null,
  { limit, cursor }: PageQuery,
): Promise<CoursePage> {
  const rows = await listVisibleCourses(db, { viewerId: actor?.id ?? null, afterId: cursor, limit: limit + 1 });
  return toPage(rows, limit, (row) => toSummary(row, actor));
}

/** @throws AppError NOT_FOUND when the course does not exist or is not the actor's to see. */
export async function getCourse({ db }: Pick<CourseDeps, 'db'>, actor: Actor, id: string): Promise<CourseView> {
  const course = await findVisibleCourse(db, id, actor.id);
  if (course === null) throw notFound('course');
  const [modules, exercises] = await Promise.all([
    listModules(db, id),
    isAuthorOf(actor, course) ? listAuthoredExercises(db, id, actor.id) : listCourseExercises(db, id, actor.id),
  ]);
  const standings = await listStandings(
    db,
    actor.id,
    exercises.map((exercise) => exercise.id),
  );
  const shown = exercises.map((exercise) => ({
    ...exercise,
    ...standingOf(standings.find((row) => row.exercise_id === exercise.id)),
  }));
  return { ...toSummary(course, actor), modules: toModules(modules, shown, course.sequential) };
}

type ShownExercise = CourseExerciseRow & { verification?: VerificationStatus };

/** Authors see what they wrote last, verified or not. */
async function listAuthoredExercises(db: Database, courseId: string, authorId: string): Promise<ShownExercise[]> {
  const solved = new Set(
    (await listCourseExercises(db, courseId, authorId)).filter((row) => row.solved).map(({ id }) => id),
  );
  const newest = await listNewestVersions(db, courseId);
  return newest.map(({ module_number: _number, version: _version, ...row }) => ({
    ...row,
    solved: solved.has(row.id),
  }));
}

/** @throws AppError NOT_FOUND; CONFLICT for a course that is not open. */
export async function enrollInCourse(
  { db, metrics }: CourseDeps,
  actor: Actor,
  id: string,
): Promise<{ courseId: string; enrolledAt: string }> {
  const course = await findVisibleCourse(db, id, actor.id);
  if (course === null) throw notFound('course');
  if (course.status !== 'active') throw new AppError('CONFLICT', 'This course is not open for enrolment.');
  const { enrolledAt, isNew } = await enroll(db, actor.id, id);
  if (isNew) metrics.enrolled();
  return { courseId: id, enrolledAt };
}

function toSummary(row: CourseRow, viewer: Actor | null): CourseSummary {
  return {
    id: row.id,
    slug: row.slug,
    title: row.title,
    description: row.description,
    metaCategory: row.meta_category,
    status: row.status,
    kind: row.kind,
    enrolled: row.enrolled,
    exerciseCount: row.exercise_count,
    progress: viewer === null ? null : progressPercent(row.solved_count, row.exercise_count),
  };
}

function toModules(
  modules: readonly ModuleRow[],
  exercises: readonly (ShownExercise & Standing)[],
  sequential: boolean,
): ModuleView[] {
  const byModule = Map.groupBy(exercises, (exercise) => exercise.module_id);
  const progress = modules.map(({ id }) => {
    const own = byModule.get(id) ?? [];
    return { solved: own.filter((exercise) => exercise.solved).length, total: own.length };
  });
  const statuses = moduleStatuses(progress, sequential);
  return modules.map((row, index) => ({
    id: row.id,
    number: row.number,
    kind: row.kind,
    title: row.title,
    description: row.description,
    status: statuses[index] ?? 'active',
    exercises: (byModule.get(row.id) ?? []).map(({ module_id: _module, ...exercise }) => exercise),
  }));
}
