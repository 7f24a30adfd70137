import { isDeepStrictEqual } from 'node:util';
import type { DatabasePool } from 'slonik';
import type { ExerciseDefinition } from '../contracts/exercise.contract.ts';
import { newId } from '../db/id.ts';
import type { Database } from '../db/pool.ts';
import {
  findNewestVersion,
  insertVersion,
  reopenVerification,
  upsertCourse,
  upsertExercise,
  upsertModule,
} from './authoring.repository.ts';
import type { CourseSource } from './course-directory.ts';
import { requestVerification } from './request-verification.ts';

/**
 * Puts a catalogue course into the database, or brings the one there up to date. An exercise that is new or changed becomes a new version,
 * whose verification is requested; learners meet it once it is verified.
 *
 * @returns how many versions are new.
 */
export async function publishCourse(db: DatabasePool, source: CourseSource): Promise<number> {
  return db.transaction(async (tx) => {
    const courseId = await upsertCourse(tx, { ...source, id: newId(), kind: 'authored' });
    let changed = 0;
    for (const { exercises, ...module } of source.modules) {
      const moduleId = await upsertModule(tx, { ...module, id: newId(), courseId });
      for (const [index, definition] of exercises.entries()) {
        if (await publishExercise(tx, moduleId, index + 1, definition)) changed += 1;
      }
    }
    return changed;
  });
}

async function publishExercise(
  tx: Database,
  moduleId: string,
  position: number,
  definition: ExerciseDefinition,
): Promise<boolean> {
  const exerciseId = await upsertExercise(tx, { id: newId(), moduleId, slug: definition.slug, position });
  const newest = await findNewestVersion(tx, exerciseId);
  if (newest !== null && isDeepStrictEqual(newest.definition, definition)) {
    // What was rejected may have been the engine's fault, which a newer release has mended.
    if (newest.verification === 'rejected') {
      await reopenVerification(tx, newest.id);
      await requestVerification(tx, newest.id);
    }
    return false;
  }
  const versionId = newId();
  await insertVersion(tx, { id: versionId, exerciseId, version: (newest?.version ?? 0) + 1, definition });
  await requestVerification(tx, versionId);
  return true;
}
