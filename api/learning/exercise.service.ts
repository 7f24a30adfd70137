import type { AuthoredExerciseView } from '../../shared/contracts/authoring.contract.ts';
import type { ExerciseView } from '../../shared/contracts/course.contract.ts';
import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { notFound } from '../../shared/errors.ts';
import type { ExerciseDefinitions } from '../../shared/learning/exercise-definitions.ts';
import {
  findAuthoredExercise,
  findVisibleExercise,
  type AuthoredExerciseRow,
  type ExerciseRow,
} from '../../shared/learning/exercise.repository.ts';
import { standingOf, type Standing } from '../../shared/learning/progress.ts';
import { listStandings } from '../../shared/learning/submission.repository.ts';
import type { Actor } from '../http/define-route.ts';
import { isAuthor } from './authoring.policy.ts';

export interface ExerciseDeps {
  db: Database;
  definitions: ExerciseDefinitions;
}

/** The exercise: all of it for its author, for anybody else what learners see. @throws AppError NOT_FOUND. */
export async function getExercise(
  deps: ExerciseDeps,
  actor: Actor,
  id: string,
): Promise<AuthoredExerciseView | ExerciseView> {
  const authored = isAuthor(actor) ? await findAuthoredExercise(deps.db, id, actor.id) : null;
  return authored === null ? getLearnersExercise(deps, actor, id) : toAuthoredView(deps, actor, authored);
}

/** An exercise of the actor's own, in its newest version with everything in it. @throws AppError NOT_FOUND. */
export async function getAuthoredExercise(deps: ExerciseDeps, actor: Actor, id: string): Promise<AuthoredExerciseView> {
  const row = await findAuthoredExercise(deps.db, id, actor.id);
  if (row === null) throw notFound('exercise');
  return toAuthoredView(deps, actor, row);
}

/** The exercise as a learner sees it: no solution, no hidden test. */
async function getLearnersExercise({ db, definitions }: ExerciseDeps, actor: Actor, id: string): Promise<ExerciseView> {
  const row = await findVisibleExercise(db, id, actor.id);
  if (row === null) throw notFound('exercise');
  const [definition, standing] = await Promise.all([definitions.get(row.version_id), getStanding(db, actor, id)]);
  return toView(row, definition, standing);
}

async function getStanding(db: Database, actor: Actor, exerciseId: string): Promise<Standing> {
  const [row] = await listStandings(db, actor.id, [exerciseId]);
  return standingOf(row);
}

async function toAuthoredView(
  { db, definitions }: ExerciseDeps,
  actor: Actor,
  row: AuthoredExerciseRow,
): Promise<AuthoredExerciseView> {
  const [definition, standing] = await Promise.all([definitions.get(row.version_id), getStanding(db, actor, row.id)]);
  return {
    ...toView(row, definition, standing),
    hints: definition.hints,
    solutionCode: definition.solutionCode,
    tests: definition.tests,
    verification: row.verification,
    publishedVersion: row.published_version,
  };
}

type ShownRow = Pick<ExerciseRow, 'id' | 'course_id' | 'module_id' | 'version' | 'solved'>;

function toView(row: ShownRow, definition: ExerciseDefinition, standing: Standing): ExerciseView {
  return {
    id: row.id,
    courseId: row.course_id,
    moduleId: row.module_id,
    slug: definition.slug,
    version: row.version,
    title: definition.title,
    description: definition.description,
    language: definition.language,
    difficulty: definition.difficulty,
    points: definition.points,
    entrypoint: definition.entrypoint,
    starterCode: definition.starterCode,
    files: definition.files,
    limits: definition.limits,
    hintsAvailable: definition.hints.length,
    testCount: definition.tests.length,
    tests: definition.tests.filter((test) => test.visibility === 'always'),
    solved: row.solved,
    ...standing,
  };
}
