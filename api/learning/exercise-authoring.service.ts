import { isDeepStrictEqual } from 'node:util';
import type { DatabasePool } from 'slonik';
import {
  MAX_EXERCISES_PER_MODULE,
  type AuthoredExerciseView,
  type ExerciseChanges,
} from '../../shared/contracts/authoring.contract.ts';
import { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { VerificationView } from '../../shared/contracts/verification.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { createOnce } from '../../shared/db/idempotency.repository.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError, notFound } from '../../shared/errors.ts';
import {
  countExercises,
  insertExercise,
  lockOwnExercise,
  lockOwnModule,
  renameExercise,
} from '../../shared/learning/authored-course.repository.ts';
import { findNewestVersion, insertVersion, reopenVerification } from '../../shared/learning/authoring.repository.ts';
import { findDefinitionProblems } from '../../shared/learning/definition.policy.ts';
import {
  findAuthoredExercise,
  findVisibleExercise,
  getVerification,
} from '../../shared/learning/exercise.repository.ts';
import { requestVerification } from '../../shared/learning/request-verification.ts';
import type { Dispatcher } from '../../shared/queues/outbox.ts';
import type { OutboxRow } from '../../shared/queues/outbox.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { validationError } from '../http/problem.ts';
import { isAuthor } from './authoring.policy.ts';
import { getAuthoredExercise, type ExerciseDeps } from './exercise.service.ts';

export interface ExerciseAuthoringDeps extends ExerciseDeps {
  db: DatabasePool;
  dispatcher: Dispatcher;
}

/**
 * Adds an exercise to a module and requests its verification; learners meet it once it is verified.
 *
 * @throws AppError NOT_FOUND; VALIDATION_FAILED when the definition contradicts itself; CONFLICT when the slug is taken or the module is full;
 *   IDEMPOTENCY_KEY_REUSED.
 */
export async function addExercise(
  deps: ExerciseAuthoringDeps,
  actor: Actor,
  moduleId: string,
  definition: ExerciseDefinition,
  request: RequestFacts,
): Promise<AuthoredExerciseView> {
  requireSound(definition);
  const asks = ['exercise', moduleId, definition];
  const { id, created: job } = await deps.db.transaction(async (tx) => {
    if ((await lockOwnModule(tx, moduleId, actor.id)) === null) throw notFound('module');
    return createOnce(tx, { userId: actor.id, key: request.idempotencyKey, asks }, async (exerciseId) => {
      const { count, last } = await countExercises(tx, moduleId);
      if (count >= MAX_EXERCISES_PER_MODULE) {
        throw new AppError('CONFLICT', `A module has at most ${MAX_EXERCISES_PER_MODULE} exercises.`);
      }
      await insertExercise(tx, { id: exerciseId, moduleId, slug: definition.slug, position: last + 1 });
      return addVersion(tx, exerciseId, 1, definition);
    });
  });
  if (job !== null) deps.dispatcher.send(job);
  return getAuthoredExercise(deps, actor, id);
}

/**
 * Makes a new version of an exercise and requests its verification; learners keep the last verified one meanwhile.
 * A change that changes nothing makes no version.
 *
 * @throws AppError NOT_FOUND; VALIDATION_FAILED when the changed definition is no valid one; CONFLICT when the slug is taken, or for another
 *   language than the one that learners solve it in.
 */
export async function changeExercise(
  deps: ExerciseAuthoringDeps,
  actor: Actor,
  id: string,
  changes: ExerciseChanges,
): Promise<AuthoredExerciseView> {
  const job = await deps.db.transaction(async (tx) => {
    const exercise = await lockOwnExercise(tx, id, actor.id);
    const newest = exercise === null ? null : await findNewestVersion(tx, id);
    if (exercise === null || newest === null) throw notFound('exercise');
    const definition = applyChanges(newest.definition, changes);
    if (isDeepStrictEqual(definition, newest.definition)) return null;
    if (exercise.current_version_id !== null && definition.language !== newest.definition.language) {
      throw new AppError('CONFLICT', 'Learners know this exercise in its language; add another exercise instead.');
    }
    if (definition.slug !== newest.definition.slug) await renameExercise(tx, id, definition.slug);
    return addVersion(tx, id, newest.version + 1, definition);
  });
  if (job !== null) deps.dispatcher.send(job);
  return getAuthoredExercise(deps, actor, id);
}

/** @throws AppError VALIDATION_FAILED. */
function applyChanges(definition: ExerciseDefinition, changes: ExerciseChanges): ExerciseDefinition {
  const limits = { ...definition.limits, ...changes.limits };
  const changed = ExerciseDefinition.safeParse({ ...definition, ...changes, limits });
  if (!changed.success) throw validationError(changed.error);
  requireSound(changed.data);
  return changed.data;
}

function requireSound(definition: ExerciseDefinition): void {
  const errors = findDefinitionProblems(definition);
  if (errors.length > 0)
    throw new AppError('VALIDATION_FAILED', 'The exercise contradicts itself; see errors.', { errors });
}

async function addVersion(
  tx: Database,
  exerciseId: string,
  version: number,
  definition: ExerciseDefinition,
): Promise<OutboxRow> {
  const id = newId();
  await insertVersion(tx, { id, exerciseId, version, definition });
  return requestVerification(tx, id);
}

/**
 * How far the newest version's verification is. Others than the author learn only that the version they meet is verified.
 *
 * @throws AppError NOT_FOUND.
 */
export async function getExerciseVerification(
  { db }: ExerciseDeps,
  actor: Actor,
  id: string,
): Promise<VerificationView> {
  const own = isAuthor(actor) ? await findAuthoredExercise(db, id, actor.id) : null;
  if (own === null) {
    const exercise = await findVisibleExercise(db, id, actor.id);
    if (exercise === null) throw notFound('exercise');
    const { version } = exercise;
    return { exerciseId: id, version, status: 'verified', publishedVersion: version, report: null, failure: null };
  }
  const { report, run_status: run } = await getVerification(db, own.version_id);
  return {
    exerciseId: id,
    version: own.version,
    status: own.verification,
    publishedVersion: own.published_version,
    report,
    failure: own.verification === 'pending' && run === 'failed' ? 'Learnify could not verify it; ask again.' : null,
  };
}

/**
 * Has the newest version verified once more, after the platform failed at it or has been mended.
 *
 * @throws AppError NOT_FOUND; CONFLICT when it is verified, or its verification is under way.
 */
export async function repeatVerification(
  deps: ExerciseAuthoringDeps,
  actor: Actor,
  id: string,
): Promise<VerificationView> {
  const job = await deps.db.transaction(async (tx) => {
    if ((await lockOwnExercise(tx, id, actor.id)) === null) throw notFound('exercise');
    const newest = await findNewestVersion(tx, id);
    if (newest === null) throw notFound('exercise');
    if (newest.verification === 'verified') throw new AppError('CONFLICT', 'The newest version is verified already.');
    const { run_status: run } = await getVerification(tx, newest.id);
    if (run === 'queued' || run === 'running') throw new AppError('CONFLICT', 'Its verification is under way.');
    await reopenVerification(tx, newest.id);
    return requestVerification(tx, newest.id);
  });
  deps.dispatcher.send(job);
  return getExerciseVerification(deps, actor, id);
}
