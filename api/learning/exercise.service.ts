import type { ExerciseView } from '../../shared/contracts/course.contract.ts';
import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { notFound } from '../../shared/errors.ts';
import type { ExerciseDefinitions } from '../../shared/learning/exercise-definitions.ts';
import { findVisibleExercise, type ExerciseRow } from '../../shared/learning/exercise.repository.ts';
import type { Actor } from '../http/define-route.ts';

export interface ExerciseDeps {
  db: Database;
  definitions: ExerciseDefinitions;
}

/** The exercise as a learner sees it: no solution, no hidden test. @throws AppError NOT_FOUND. */
export async function getExercise({ db, definitions }: ExerciseDeps, actor: Actor, id: string): Promise<ExerciseView> {
  const row = await findVisibleExercise(db, id, actor.id);
  if (row === null) throw notFound('exercise');
  return toView(row, await definitions.get(row.version_id));
}

function toView(row: ExerciseRow, definition: ExerciseDefinition): ExerciseView {
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
  };
}
