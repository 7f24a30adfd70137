import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { settleVerification } from '../../shared/learning/exercise.repository.ts';
import { openAccount, type Account } from './accounts.ts';
import { VERIFIED } from './authoring.ts';
import { uniquePrefix } from './backends.ts';
import { openApi, type InProcessApi } from './in-process.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** An api with somebody who writes, another author who may do more, and a learner. */
export interface AuthoringScene {
  database: TestDatabase;
  api: InProcessApi;
  author: Account;
  stranger: Account;
  learner: Account;
  /** Has the newest version of an exercise pass its verification. */
  verifyNewest: (exerciseId: string) => Promise<unknown>;
  /** How many verifications of an exercise wait. */
  requestedRuns: (exerciseId: string) => Promise<number>;
  close: () => Promise<void>;
}

export async function openAuthoringScene(): Promise<AuthoringScene> {
  const database = await createTestDatabase();
  const api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
  const newestVersionId = (exerciseId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ id: z.string() }))`
      SELECT id FROM exercise_versions WHERE exercise_id = ${exerciseId} ORDER BY version DESC LIMIT 1`);
  return {
    database,
    api,
    author: await openAccount(api, 'instructor'),
    stranger: await openAccount(api, 'instructor', 'admin'),
    learner: await openAccount(api),
    verifyNewest: async (exerciseId) =>
      settleVerification(database.db, await newestVersionId(exerciseId), 'verified', VERIFIED),
    requestedRuns: (exerciseId) =>
      database.db.oneFirst(sql.type(z.strictObject({ n: z.number() }))`
        SELECT count(*)::int AS n FROM grading_runs g JOIN exercise_versions v ON v.id = g.exercise_version_id
        WHERE v.exercise_id = ${exerciseId} AND g.kind = 'verification' AND g.status = 'queued'`),
    close: async () => {
      await api.close();
      await database.drop();
    },
  };
}
