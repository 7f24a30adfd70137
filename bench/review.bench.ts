import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { DatabasePool } from 'slonik';
import { z } from 'zod';
import type { ExerciseDefinition } from '../shared/contracts/exercise.contract.ts';
import { sql } from '../shared/db/sql.ts';
import { findFirstExercise } from '../shared/learning/course.repository.ts';
import { getDefinition } from '../shared/learning/exercise.repository.ts';
import { Client } from '../test/support/client.ts';
import { openWorkerDeps } from '../test/support/in-process.ts';
import { buildReview, modelAnswer, receivedReviewJob, reviewDepsOf, scriptAi } from '../test/support/reviews.ts';
import { findRedisServer, startRedis } from '../test/support/test-redis.ts';
import { NoAnswer, type AiClient } from '../worker/ai/ai-client.ts';
import { createReviewProcess } from '../worker/review/review.processor.ts';
import { openStaticAnalysis } from '../worker/review/static-analysis/static-analysis.ts';
import { startPlatform, startPostgres, type BenchPlatform } from './bench-platform.ts';
import { measureSubmissions, summarize } from './measure-submissions.ts';

/**
 * What a review costs a worker, and whether reviews that wait for a stalled provider delay grading. Everything runs on this machine, the load
 * generator too. Run: `npm run bench:review`; takes about two minutes.
 */
const REVIEWS = 300;
const WARM_UP = 40;
const SUBMISSIONS_PER_SECOND = 5;
const SUBMIT_SECONDS = 20;

const solutionFile = new URL(
  '../shared/learning/catalogue/skerry-post/01-atom/label-reader/solution.js',
  import.meta.url,
);
const SOLUTION = readFileSync(fileURLToPath(solutionFile), 'utf8');

const ExerciseRow = z.strictObject({
  exercise_id: z.string(),
  module_id: z.string(),
  course_id: z.string(),
  version_id: z.string(),
});

print(`${availableParallelism()} cores, node ${process.version}`);
const postgres = await startPostgres();
const redis = findRedisServer() === null ? undefined : await startRedis();
try {
  const platform = await startPlatform(postgres.server, redis?.url, { REVIEW_AUTOMATIC: 'off' });
  try {
    await benchWork(platform);
    await benchGrading(platform, 'without reviews');
  } finally {
    await platform.stop();
  }
  await benchStatic();
  await benchStalled();
} finally {
  await redis?.stop();
  await postgres.stop();
}

/** One review after the other in this process, from its job to its end in the database. */
async function benchWork({ db, databaseUrl }: BenchPlatform): Promise<void> {
  const deps = await openWorkerDeps({ databaseUri: databaseUrl, prefix: '{bench-review}' });
  const analysis = openStaticAnalysis({ log: pino({ level: 'silent' }) });
  try {
    const exercises = await readExercises(db);
    const work = async (
      ai: AiClient,
      count: number,
      codeOf: (exercise: ExerciseDefinition, index: number) => string,
    ) => {
      const times: number[] = [];
      const process = createReviewProcess(reviewDepsOf(deps, analysis, ai));
      for (let index = 0; index < count; index++) {
        const exercise = exercises[index % exercises.length];
        if (exercise === undefined) throw new Error('The catalogue is empty.');
        const { reviewId } = await buildReview(db, exercise, { code: codeOf(exercise.definition, index) });
        const startedAt = performance.now();
        await process(receivedReviewJob(reviewId), new AbortController().signal);
        times.push(performance.now() - startedAt);
      }
      return times;
    };
    const fresh = ({ solutionCode }: ExerciseDefinition, index: number) => `${solutionCode}\n// ${index}\n`;
    const nobody: AiClient = {
      isConfigured: false,
      modelKey: '',
      ask: () => Promise.reject(new NoAnswer('no_provider')),
    };
    await work(nobody, WARM_UP, fresh);
    report('static review', await work(nobody, REVIEWS, fresh));

    const model = scriptAi(() => modelAnswer({ findings: [] }));
    const same = ({ solutionCode }: ExerciseDefinition) => solutionCode;
    await work(model, exercises.length, same);
    const asked = model.questions.length;
    report('served from the cache', await work(model, REVIEWS, same));
    if (model.questions.length !== asked) throw new Error('The cache was missed.');
  } finally {
    await analysis.close();
    await deps.dispatcher.close();
    await deps.backend.close();
    await deps.db.end();
  }
}

function report(what: string, times: readonly number[]): void {
  const { p50, p95, max } = summarize(times);
  print(
    `  ${what.padEnd(24)} p50 ${p50.toFixed(1)} ms  p95 ${p95.toFixed(1)} ms  max ${max.toFixed(1)} ms  (${times.length} reviews, worker time)`,
  );
}

async function readExercises(db: DatabasePool) {
  const rows = await db.any(sql.type(ExerciseRow)`
    SELECT x.id AS exercise_id, m.id AS module_id, m.course_id, x.current_version_id AS version_id
    FROM exercises x JOIN modules m ON m.id = x.module_id WHERE x.current_version_id IS NOT NULL ORDER BY x.id`);
  return Promise.all(
    rows.map(async (row) => ({
      courseId: row.course_id,
      moduleId: row.module_id,
      exerciseId: row.exercise_id,
      versionId: row.version_id,
      definition: await getDefinition(db, row.version_id),
    })),
  );
}

/** Every submission has a static review, made by the same worker process beside grading. */
async function benchStatic(): Promise<void> {
  const platform = await startPlatform(postgres.server, redis?.url, { REVIEW_AUTOMATIC: 'all' });
  try {
    await benchGrading(platform, 'with static reviews');
  } finally {
    await platform.stop();
  }
}

/** A provider that takes every request and answers none; every submission has a review that asks it. */
async function benchStalled(): Promise<void> {
  let requests = 0;
  const provider = createServer(() => (requests += 1));
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const { port } = provider.address() as AddressInfo;
  const platform = await startPlatform(postgres.server, redis?.url, {
    REVIEW_AUTOMATIC: 'all',
    AI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    AI_MODEL: 'stalled',
    AI_BUDGET_LEARNER_PER_DAY_MICROS: '1000000000',
    AI_BUDGET_PLATFORM_PER_HOUR_MICROS: '1000000000000',
  });
  try {
    await benchGrading(platform, 'with reviews that wait for a stalled provider');
    const states = await platform.db.any(sql.type(z.strictObject({ state: z.string(), count: z.number() }))`
      SELECT coalesce(source || ' ' || degraded_reason, status) AS state, count(*)::int AS count FROM reviews GROUP BY 1 ORDER BY 1`);
    print(
      `    ${requests} requests left unanswered; reviews by then: ${states.map(({ state, count }) => `${count} ${state}`).join(', ')}`,
    );
  } finally {
    await platform.stop();
    provider.closeAllConnections();
    provider.close();
  }
}

async function benchGrading(platform: BenchPlatform, what: string): Promise<void> {
  const { client } = await new Client(platform.url).registerLearner();
  const exercise = await findFirstExercise(platform.db);
  if (exercise === null) throw new Error('The catalogue is empty.');
  const latencies = await measureSubmissions({
    client,
    exerciseId: exercise.id,
    code: (index) => `${SOLUTION}\n// ${index}\n`,
    perSecond: SUBMISSIONS_PER_SECOND,
    seconds: SUBMIT_SECONDS,
  });
  const { p50, p95, max } = summarize(latencies.map(({ totalMs }) => totalMs));
  print(
    `  submit → verdict ${what}: p50 ${p50.toFixed(0)} ms  p95 ${p95.toFixed(0)} ms  max ${max.toFixed(0)} ms  (${latencies.length} at ${SUBMISSIONS_PER_SECOND}/s, queues on ${redis === undefined ? 'PostgreSQL' : 'Redis'})`,
  );
}

function print(line: string): void {
  console.log(line);
}
