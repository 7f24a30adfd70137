import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { MAX_WAIT_SECONDS } from '../../shared/contracts/submission.contract.ts';
import { HEARTBEAT_INTERVAL_MS } from '../../api/http/event-stream.ts';
import { SOCKET_IDLE_TIMEOUT_MS } from '../../api/http-server.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, type BuiltExercise } from '../support/factories.ts';
import { gradeByHand, type HandGrader } from '../support/hand-grading.ts';
import { openApi, openWorkerDeps, type InProcessApi } from '../support/in-process.ts';
import { startApi } from '../support/processes.ts';
import { createTestDatabase, serverUri, type TestDatabase } from '../support/test-database.ts';
import { cutListeners, isListening, submitCode, watchersOf } from '../support/watching.ts';
import type { WorkerDeps } from '../../worker/processor.ts';

describe('waiting for a submission', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let other: InProcessApi;
  let workerDeps: WorkerDeps;
  let grader: HandGrader;
  let exercise: BuiltExercise;
  let learner: Client;
  let environment: { databaseUri: string; prefix: string };
  const alsoOpen: InProcessApi[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    [api, other, workerDeps] = await Promise.all([
      openApi(environment),
      openApi(environment),
      openWorkerDeps(environment),
    ]);
    grader = gradeByHand(workerDeps);
    exercise = await buildExercise(database.db);
    ({ client: learner } = await api.client.registerLearner());
    await eventually('both listen', async () => (await listens(api)) && (await listens(other)));
  });
  afterAll(async () => {
    await Promise.all([api, other, ...alsoOpen].map((each) => each.close()));
    await closeDeps(workerDeps);
    await database.drop();
  });

  const listens = ({ deps }: InProcessApi) => isListening(deps.registry);
  const waiting = ({ deps }: InProcessApi) => watchersOf(deps.registry, 'wait');
  const at = (target: InProcessApi, client: Client = learner): Client => client.at(target.url);
  const wait = (id: string, seconds = 20, headers: Record<string, string> = {}, target = api): Promise<Answer> =>
    at(target).get(`/api/v1/submissions/${id}?wait=${seconds}`, headers);
  const claim = async (id: string) => {
    const run = await grader.claim(id);
    if (run === null) throw new Error('nothing to claim');
    return run;
  };

  test('answers at once when the submission is finished, and without a wait', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    expect((await wait(id, 0)).body).toMatchObject({ status: 'queued' });
    expect((await at(api).get(`/api/v1/submissions/${id}`)).body).toMatchObject({ status: 'queued' });
    await grader.grade(id);
    expect((await wait(id)).body).toMatchObject({ status: 'completed', verdict: 'accepted' });
    await eventually('nobody waits', async () => (await waiting(api)) === 0);
  });

  test('answers when the status changes, to whichever process the change is news', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const started = [wait(id, 20, {}, api), wait(id, 20, {}, other)];
    await eventually('both wait', async () => (await waiting(api)) === 1 && (await waiting(other)) === 1);
    const run = await claim(id);
    for (const answer of await Promise.all(started)) expect(answer.body).toMatchObject({ status: 'running' });

    const ended = [wait(id, 20, {}, api), wait(id, 20, {}, other)];
    await eventually('both wait', async () => (await waiting(api)) === 1 && (await waiting(other)) === 1);
    await grader.complete(run);
    for (const answer of await Promise.all(ended)) {
      expect(answer.body).toMatchObject({ status: 'completed', score: 100 });
    }
  });

  test.each(['hand back', 'give up'] as const)('answers when the worker had to %s', async (step) => {
    const id = await submitCode(learner, exercise.exerciseId);
    const run = await claim(id);
    const answer = wait(id);
    await eventually('it waits', async () => (await waiting(api)) === 1);
    await (step === 'give up' ? grader.giveUp(run) : grader.handBack(run));
    expect((await answer).body).toMatchObject({ status: step === 'give up' ? 'failed' : 'queued' });
  });

  test('ends with the wait when nothing happens', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const startedAt = performance.now();
    const answer = await wait(id, 1);
    expect(answer).toMatchObject({ status: 200, body: { status: 'queued' } });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
    await eventually('nobody waits', async () => (await waiting(api)) === 0);
  });

  test.each(['26', '-1', '1.5', 'long', '1&wait=2'])('refuses wait=%s', async (seconds) => {
    const answer = await learner.get(`/api/v1/submissions/${newId()}?wait=${seconds}`);
    expect([answer.status, answer.body]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ path: 'wait' })] }),
    ]);
  });

  test('keeps nobody waiting for what is not theirs', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const { client: stranger } = await api.client.registerLearner();
    expect((await stranger.get(`/api/v1/submissions/${id}?wait=20`)).status).toBe(404);
    expect((await api.client.get(`/api/v1/submissions/${id}?wait=20`)).status).toBe(401);
    expect((await learner.get(`/api/v1/submissions/${newId()}?wait=20`)).status).toBe(404);
  });

  describe('with an If-None-Match', () => {
    test('waits for another answer than the client has', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      const etag = (await wait(id, 0)).headers.get('etag') ?? '';
      const answer = wait(id, 20, { 'If-None-Match': `"other", ${etag}` });
      await eventually('it waits', async () => (await waiting(api)) === 1);
      await grader.grade(id);
      expect(await answer).toMatchObject({ status: 200 });
    });

    test('answers at once when the client has an older answer', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      const etag = (await wait(id, 0)).headers.get('etag') ?? '';
      await claim(id);
      expect((await wait(id, 20, { 'If-None-Match': etag })).body).toMatchObject({ status: 'running' });
    });

    test('answers 304 when the wait ends without news, and at once when there will be none', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      const queued = (await wait(id, 0)).headers.get('etag') ?? '';
      expect((await wait(id, 1, { 'If-None-Match': queued })).status).toBe(304);
      await grader.grade(id);
      const completed = (await wait(id)).headers.get('etag') ?? '';
      expect((await wait(id, 20, { 'If-None-Match': completed })).status).toBe(304);
    });
  });

  test('forgets a client that leaves', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const leaving = new AbortController();
    const answer = at(api).get(`/api/v1/submissions/${id}?wait=20`, {}, leaving.signal);
    const left = expect(answer).rejects.toThrow('gone');
    await eventually('it waits', async () => (await waiting(api)) === 1);
    leaving.abort(new Error('gone'));
    await left;
    await eventually('it is forgotten', async () => (await waiting(api)) === 0);
  });

  test('is measured apart from requests that should be quick', async () => {
    const measured = await openApi(environment);
    alsoOpen.push(measured);
    const countOf = async (suffix: string): Promise<number> => {
      const path = `/api/v1/submissions/:id${suffix}`;
      const metric = await measured.deps.registry.getSingleMetric('http_requests_total')?.get();
      return metric?.values.find(({ labels }) => labels['path'] === path)?.value ?? 0;
    };
    const id = await submitCode(learner, exercise.exerciseId);
    await wait(id, 1, {}, measured);
    await eventually('the wait is counted', async () => (await countOf('?wait')) === 1);
    expect(await countOf('')).toBe(0);
    await at(measured).get(`/api/v1/submissions/${id}`);
    await eventually('the other is counted', async () => (await countOf('')) === 1);
    expect(await countOf('?wait')).toBe(1);
  });

  test('stays below every limit on connections where nothing moves', () => {
    expect(MAX_WAIT_SECONDS * 1000).toBeLessThan(SOCKET_IDLE_TIMEOUT_MS);
    expect(HEARTBEAT_INTERVAL_MS).toBeLessThan(SOCKET_IDLE_TIMEOUT_MS);
  });

  test('is not for everybody at once: over a limit the answer comes immediately', async () => {
    const limited = await openApi({
      ...environment,
      extra: { SUBMISSION_WAITS_PER_LEARNER: '1', SUBMISSION_WATCHERS_MAX: '2' },
    });
    alsoOpen.push(limited);
    const people = await Promise.all([1, 2, 3].map(async () => (await limited.client.registerLearner()).client));
    const ids = await Promise.all(people.map((person) => submitCode(person, exercise.exerciseId)));
    const ask = (index: number) => people[index]?.get(`/api/v1/submissions/${ids[index]}?wait=20`);
    const first = ask(0);
    await eventually('the first waits', async () => (await waiting(limited)) === 1);
    expect((await ask(0))?.body).toMatchObject({ status: 'queued' });
    const second = ask(1);
    await eventually('the second waits', async () => (await waiting(limited)) === 2);
    expect((await ask(2))?.body).toMatchObject({ status: 'queued' });
    for (const id of ids) await grader.claim(id);
    for (const answer of [await first, await second]) expect(answer?.body).toMatchObject({ status: 'running' });
  });

  describe('when notifications do not come', () => {
    test('goes on over a lost connection, and listens again', async () => {
      const id = await submitCode(learner, exercise.exerciseId);
      const answer = wait(id);
      await eventually('it waits', async () => (await waiting(api)) === 1);
      expect(await cutListeners(database.db)).toBeGreaterThanOrEqual(2);
      const run = await claim(id);
      expect((await answer).body).toMatchObject({ status: 'running' });
      // Its turn to try again comes within ten seconds.
      await eventually('it listens again', () => listens(api), 40_000);
      const next = wait(id);
      await eventually('it waits', async () => (await waiting(api)) === 1);
      await grader.complete(run);
      expect((await next).body).toMatchObject({ status: 'completed' });
    });

    test.each([
      ['nobody answers where it should listen', 'postgres://nobody:nothing@127.0.0.1:9/nowhere'],
      // NOTIFY stays within a database: connected, but deaf, as behind a pooler in transaction mode.
      ['its connection hears nothing', serverUri()],
    ])('finds changes by asking: %s', async (_case, uri) => {
      const deaf = await openApi({ ...environment, extra: { DATABASE_LISTEN_URL: uri } });
      alsoOpen.push(deaf);
      const id = await submitCode(learner, exercise.exerciseId);
      const answer = wait(id, 20, {}, deaf);
      await eventually('it waits', async () => (await waiting(deaf)) === 1);
      await grader.grade(id);
      // Whoever asks now and then may come upon the grading under way, which is news too.
      expect((await answer).body).toMatchObject({ status: expect.stringMatching(/^(running|completed)$/) });
      expect(await listens(deaf)).toBe(false);
    });
  });

  test('is released at shutdown: the answer comes, and the process ends cleanly and soon', async () => {
    const process = await startApi(environment);
    const id = await submitCode(learner, exercise.exerciseId);
    const client = learner.at(process.url);
    const answer = client.get(`/api/v1/submissions/${id}?wait=25`);
    await eventually('it waits', async () =>
      (await client.get('/metrics')).text.includes('submission_watchers{kind="wait"} 1'),
    );
    await process.kill('SIGTERM');
    expect((await answer).body).toMatchObject({ status: 'queued' });
    // Had the wait held it up, its grace period would have ended it, with another code.
    expect(await process.exited).toBe(0);
  });
});

async function closeDeps({ backend, db }: WorkerDeps): Promise<void> {
  await backend.close();
  await db.end();
}
