import {
  MAX_MODULES_PER_COURSE,
  type AuthoredModuleView,
  type CourseChanges,
  type NewCourse,
  type NewModule,
} from '../../shared/contracts/authoring.contract.ts';
import type { CourseView } from '../../shared/contracts/course.contract.ts';
import { createOnce } from '../../shared/db/idempotency.repository.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError, notFound, type FieldProblem } from '../../shared/errors.ts';
import {
  activateCourse,
  countModules,
  insertCourse,
  insertModule,
  lockOwnCourse,
  updateCourse,
} from '../../shared/learning/authored-course.repository.ts';
import { listNewestVersions } from '../../shared/learning/authoring.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { getCourse, type CourseDeps } from './course.service.ts';

const MAX_MODULE_NUMBER = 100;

/** Makes a draft, which only its author sees. @throws AppError CONFLICT when the slug is taken; IDEMPOTENCY_KEY_REUSED. */
export async function createCourse(
  deps: CourseDeps,
  actor: Actor,
  course: NewCourse,
  request: RequestFacts,
): Promise<CourseView> {
  const { id } = await deps.db.transaction((tx) =>
    createOnce(tx, { userId: actor.id, key: request.idempotencyKey, asks: ['course', course] }, (newCourseId) =>
      insertCourse(tx, newCourseId, actor.id, course),
    ),
  );
  return getCourse(deps, actor, id);
}

/** @throws AppError NOT_FOUND; CONFLICT when the slug is taken. */
export async function changeCourse(
  deps: CourseDeps,
  actor: Actor,
  id: string,
  changes: CourseChanges,
): Promise<CourseView> {
  await deps.db.transaction(async (tx) => {
    await requireOwnCourse(tx, actor, id);
    await updateCourse(tx, id, changes);
  });
  return getCourse(deps, actor, id);
}

/**
 * Opens a draft to learners; a second time changes nothing.
 *
 * @throws AppError NOT_FOUND; CONFLICT, with a list, unless it has an exercise and the newest version of each is verified.
 */
export async function publishDraft(deps: CourseDeps, actor: Actor, id: string): Promise<CourseView> {
  await deps.db.transaction(async (tx) => {
    const course = await requireOwnCourse(tx, actor, id);
    if (course.status === 'active') return;
    await requireVerifiedExercises(tx, id);
    await activateCourse(tx, id);
  });
  return getCourse(deps, actor, id);
}

async function requireVerifiedExercises(tx: Database, courseId: string): Promise<void> {
  const exercises = await listNewestVersions(tx, courseId);
  if (exercises.length === 0) throw new AppError('CONFLICT', 'The course has no exercise yet.');
  const errors = exercises.flatMap(({ module_number: number, slug, version, verification }): FieldProblem[] =>
    verification === 'verified'
      ? []
      : [{ path: `modules.${number}.exercises.${slug}`, message: `version ${version} is ${verification}` }],
  );
  if (errors.length > 0) {
    throw new AppError('CONFLICT', `${errors.length} of ${exercises.length} exercises are not verified; see errors.`, {
      errors,
    });
  }
}

/** @throws AppError NOT_FOUND; CONFLICT when the course is full or the number is taken; IDEMPOTENCY_KEY_REUSED. */
export async function addModule(
  { db }: CourseDeps,
  actor: Actor,
  courseId: string,
  module: NewModule,
  request: RequestFacts,
): Promise<AuthoredModuleView> {
  const asks = ['module', courseId, module];
  const { id } = await db.transaction(async (tx) => {
    await requireOwnCourse(tx, actor, courseId);
    return createOnce(tx, { userId: actor.id, key: request.idempotencyKey, asks }, async (moduleId) => {
      const number = await freeModuleNumber(tx, courseId, module.number);
      await insertModule(tx, { ...module, id: moduleId, courseId, number });
    });
  });
  const { modules } = await getCourse({ db }, actor, courseId);
  const view = modules.find((each) => each.id === id);
  if (view === undefined) throw notFound('module');
  return { ...view, courseId };
}

async function freeModuleNumber(tx: Database, courseId: string, wanted: number | undefined): Promise<number> {
  const { count, last } = await countModules(tx, courseId);
  if (count >= MAX_MODULES_PER_COURSE) {
    throw new AppError('CONFLICT', `A course has at most ${MAX_MODULES_PER_COURSE} modules.`);
  }
  if (wanted === undefined && last >= MAX_MODULE_NUMBER) {
    throw new AppError('CONFLICT', `Module ${last} is the last one possible; say which number this one is to have.`);
  }
  return wanted ?? last + 1;
}

async function requireOwnCourse(tx: Database, actor: Actor, id: string) {
  const course = await lockOwnCourse(tx, id, actor.id);
  if (course === null) throw notFound('course');
  return course;
}
