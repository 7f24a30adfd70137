import { z } from 'zod';
import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { openTestBackend, sharedRedisUrl, uniquePrefix, type BackendKind } from './backends.ts';
import type { Client } from './client.ts';
import { eventually } from './eventually.ts';
import { buildExercise, sumExercise, type BuiltExercise } from './factories.ts';
import { startApi, startWorkerProcess, type ProcessEnvironment, type TestProcess } from './processes.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** One suite's platform: a database, queues and an exercise of its own, and the real processes that it starts. */
export interface Scene {
  database: TestDatabase;
  environment: ProcessEnvironment;
  exercise: BuiltExercise;
  /** The same queues as the processes use. */
  backend: QueueBackend;
  api: (extra?: Record<string, string>) => Promise<TestProcess>;
  worker: (extra?: Record<string, string>) => Promise<TestProcess>;
  /** Submits to the scene's exercise. Returns the submission's id; throws when it is not accepted. */
  submit: (learner: Client, code: string) => Promise<string>;
  /** Kills what still runs and drops the database. */
  close: () => Promise<void>;
}

interface SceneOptions {
  /** A Redis of the suite's own, which it may kill; by default the shared one. */
  redisUrl?: string;
  /** A database of the suite's own, which it may stop; by default a new one on the shared server. */
  database?: TestDatabase;
}

export async function openScene(kind: BackendKind, options: SceneOptions = {}): Promise<Scene> {
  const database = options.database ?? (await createTestDatabase());
  const redisUrl = kind === 'redis' ? (options.redisUrl ?? sharedRedisUrl()) : undefined;
  const environment = { databaseUri: database.uri, redisUrl, prefix: uniquePrefix() };
  const exercise = await buildExercise(database.db, patientSum());
  const backend = openTestBackend(kind, database.uri, 'consumer', environment.prefix, redisUrl);
  const processes: Promise<TestProcess>[] = [];
  const keep = (starting: Promise<TestProcess>): Promise<TestProcess> => {
    processes.push(starting);
    return starting;
  };
  return {
    database,
    environment,
    exercise,
    backend,
    api: (extra = {}) => keep(startApi({ ...environment, extra: { ...MANY_IN_FLIGHT, ...extra } })),
    worker: (extra = {}) => keep(startWorkerProcess({ ...environment, extra })),
    submit: async (learner, code) => {
      const answer = await learner.post(`/api/v1/exercises/${exercise.exerciseId}/submissions`, { code });
      if (answer.status !== 202) throw new Error(`Submitting answered ${answer.status}: ${answer.text}`);
      return SubmissionState.parse(answer.body).id;
    },
    close: async () => {
      // Also those that were still starting when the test failed.
      const started = (await Promise.allSettled(processes)).filter((each) => each.status === 'fulfilled');
      await Promise.all(started.map(({ value }) => value.kill('SIGKILL')));
      await backend.close();
      await database.drop();
    },
  };
}

const MANY_IN_FLIGHT = { SUBMISSIONS_IN_FLIGHT_PER_LEARNER: '100' };

/** `sumExercise` with limits that leave room for solutions that take seconds, also on a busy machine. */
function patientSum(): ExerciseDefinition {
  return sumExercise({ limits: { cpuMs: 2000, wallMs: 20_000 } });
}

const SubmissionState = z.object({
  id: z.string(),
  status: z.string(),
  verdict: z.string().nullable(),
  fault: z.string().nullable(),
  attempt: z.number(),
  countsAsAttempt: z.boolean(),
});

export async function readSubmission(learner: Client, id: string): Promise<z.infer<typeof SubmissionState>> {
  return SubmissionState.parse((await learner.get(`/api/v1/submissions/${id}`)).body);
}

/** Polls as a client does until the submission is there. Answers that are no submission, such as 503, are polled through. */
export async function waitForStatus(learner: Client, id: string, status: string, timeoutMs?: number) {
  return eventually(
    `submission ${id} is ${status}`,
    async () => {
      const submission = await readSubmission(learner, id);
      return submission.status === status ? submission : null;
    },
    timeoutMs,
  );
}

export const RIGHT_SUM = 'export function sum(a, b) {\n  return a + b;\n}\n';
export const WRONG_SUM = 'export function sum(a, b) {\n  return a - b;\n}\n';

/** A right solution that is busy for so long in the first of its tests. */
export function sumThatTakes(milliseconds: number): string {
  return `export function sum(a, b) {
  const end = Date.now() + ${milliseconds};
  while (a === 1 && Date.now() < end);
  return a + b;
}
`;
}
