import { LRUCache } from 'lru-cache';
import type { ExerciseDefinition } from '../contracts/exercise.contract.ts';
import type { Database } from '../db/pool.ts';
import { getDefinition } from './exercise.repository.ts';

const MAX_CACHED_CHARS = 64 * 1024 * 1024;

/**
 * The definitions of exercise versions, kept in memory: a version never changes, and reading and checking one is the dearest part of
 * showing or grading an exercise. Requests for one version at the same time share one query.
 */
export class ExerciseDefinitions {
  readonly #cache: LRUCache<string, ExerciseDefinition>;

  constructor(db: Database) {
    this.#cache = new LRUCache({
      maxSize: MAX_CACHED_CHARS,
      sizeCalculation: (definition) => JSON.stringify(definition).length,
      fetchMethod: (versionId) => getDefinition(db, versionId),
    });
  }

  /** @throws when there is no such version, or the database does not answer. */
  async get(versionId: string): Promise<ExerciseDefinition> {
    const definition = await this.#cache.fetch(versionId);
    if (definition === undefined) throw new Error(`The definition of exercise version ${versionId} was not read.`);
    return definition;
  }
}
