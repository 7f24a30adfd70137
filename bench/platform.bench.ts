import { availableParallelism } from 'node:os';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { z } from 'zod';
import { findFirstExercise } from '../shared/learning/course.repository.ts';
import { Client } from '../test/support/client.ts';
import { freePort } from '../test/support/free-port.ts';
import { findRedisServer, startRedis } from '../test/support/test-redis.ts';
import { endProcess, startPlatform, startPostgres, startProcess, type BenchPlatform } from './bench-platform.ts';
import { measureSubmissions, summarize } from './measure-submissions.ts';

/**
 * Latency from submitting to the verdict, and API reads a second beside the limit: bare Express with one query.
 * Everything runs on this machine, the load generator too. Run: `npm run bench`; takes about two minutes.
 */
const SUBMISSIONS_PER_SECOND = 10;
const SUBMIT_SECONDS = 15;
const READ_SECONDS = 8;
const READ_CONNECTIONS = 32;

const solutionFile = new URL(
  '../shared/learning/catalogue/skerry-post/01-atom/label-reader/solution.js',
  import.meta.url,
);
const SOLUTION = readFileSync(fileURLToPath(solutionFile), 'utf8');

print(`${availableParallelism()} cores, node ${process.version}`);
const postgres = await startPostgres();
const redis = findRedisServer() === null ? undefined : await startRedis();
try {
  for (const [name, redisUrl] of [['Redis', redis?.url] as const, ['PostgreSQL', undefined] as const]) {
    if (name === 'Redis' && redisUrl === undefined) {
      print('queues on Redis: not run, there is no redis-server here');
      continue;
    }
    const platform = await startPlatform(postgres.server, redisUrl);
    try {
      await benchSubmissions(platform, name);
      if (name === 'Redis' || redis === undefined) await benchReads(platform);
    } finally {
      await platform.stop();
    }
  }
} finally {
  await redis?.stop();
  await postgres.stop();
}

async function benchSubmissions(platform: BenchPlatform, backend: string): Promise<void> {
  const { client } = await new Client(platform.url).registerLearner();
  const exerciseId = await exerciseOf(platform);
  const latencies = await measureSubmissions({
    client,
    exerciseId,
    code: () => SOLUTION,
    perSecond: SUBMISSIONS_PER_SECOND,
    seconds: SUBMIT_SECONDS,
  });
  const total = summarize(latencies.map((latency) => latency.totalMs));
  const grading = summarize(latencies.map((latency) => latency.gradingMs));
  print(`queues on ${backend}, ${SUBMISSIONS_PER_SECOND} submissions/s for ${SUBMIT_SECONDS} s:`);
  print(
    `  submit → verdict   p50 ${total.p50.toFixed(0)} ms  p95 ${total.p95.toFixed(0)} ms  max ${total.max.toFixed(0)} ms`,
  );
  print(
    `  of it in grading   p50 ${grading.p50.toFixed(0)} ms; queue, database and polling: ${(100 * (1 - grading.p50 / total.p50)).toFixed(0)} %`,
  );
}

async function benchReads(platform: BenchPlatform): Promise<void> {
  const login = await new Client(platform.url).post('/api/v1/auth/register', {
    email: `reader-${crypto.randomUUID()}@example.com`,
    password: 'correct horse battery staple',
    name: 'Reader',
  });
  const { accessToken } = z.object({ accessToken: z.string() }).parse(login.body);
  const exerciseId = await exerciseOf(platform);
  const barePort = await freePort();
  const bare = startProcess('bench/bare-express.ts', {}, [String(barePort), platform.databaseUrl, exerciseId]);
  try {
    await once(bare, 'message');
    const limit = await readsPerSecond(`http://127.0.0.1:${barePort}/exercise`, {});
    const authorization = { authorization: `Bearer ${accessToken}` };
    print(`reads with ${READ_CONNECTIONS} connections, ${READ_SECONDS} s each:`);
    print(`  bare express + one query       ${limit.toFixed(0)}/s`);
    for (const path of [`/api/v1/exercises/${exerciseId}`, '/api/v1/users/me', '/api/v1/courses']) {
      const reads = await readsPerSecond(platform.url + path, authorization);
      print(
        `  GET ${path.replace(exerciseId, ':id').padEnd(26)} ${reads.toFixed(0)}/s  ${(reads / limit).toFixed(2)} of the limit`,
      );
    }
  } finally {
    await endProcess(bare);
  }
}

async function readsPerSecond(url: string, headers: Record<string, string>): Promise<number> {
  await autocannon({ url, headers, connections: READ_CONNECTIONS, duration: 2 });
  const result = await autocannon({ url, headers, connections: READ_CONNECTIONS, duration: READ_SECONDS });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} errors`);
  return result.requests.average;
}

async function exerciseOf({ db }: BenchPlatform): Promise<string> {
  const exercise = await findFirstExercise(db);
  if (exercise === null) throw new Error('The catalogue is empty.');
  return exercise.id;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
