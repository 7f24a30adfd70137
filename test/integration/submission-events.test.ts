import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { defineStream, type StreamEvent } from '../../api/http/define-route.ts';
import { HEARTBEAT_INTERVAL_MS } from '../../api/http/event-stream.ts';
import { newId } from '../../shared/db/id.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { readEvents, type ReceivedEvent } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, type BuiltExercise } from '../support/factories.ts';
import { gradeByHand, type HandGrader } from '../support/hand-grading.ts';
import { openApi, openWorkerDeps, type InProcessApi } from '../support/in-process.ts';
import { serveRoutes, type OwnRoutes } from '../support/own-routes.ts';
import { startApi } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { cutListeners, isListening, submitCode, watchersOf } from '../support/watching.ts';

describe('the events of a submission', () => {
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
  });
  afterAll(async () => {
    await Promise.all([api, other, ...alsoOpen].map((each) => each.close()));
    await workerDeps.backend.close();
    await workerDeps.db.end();
    await database.drop();
  });

  const path = (id: string): string => `/api/v1/submissions/${id}/events`;
  const streams = ({ deps }: InProcessApi = api) => watchersOf(deps.registry, 'stream');
  const claim = async (id: string) => {
    const run = await grader.claim(id);
    if (run === null) throw new Error('nothing to claim');
    return run;
  };

  /** Opens a stream; `next` gives the status of the next status event, null at the end. */
  const follow = async (id: string, target = api, headers: Record<string, string> = {}, signal?: AbortSignal) => {
    const response = await learner.at(target.url).open(path(id), headers, signal);
    const events = readEvents(response);
    const nextEvent = async (): Promise<ReceivedEvent | null> => {
      for (;;) {
        const result = await events.next();
        if (result.done === true) return null;
        if (result.value.event !== undefined) return result.value;
      }
    };
    const next = async () =>
      z
        .looseObject({ status: z.string() })
        .nullish()
        .parse((await nextEvent())?.data)?.status ?? null;
    return { response, events, nextEvent, next };
  };

  test('tell its status now and at each change, from any process, and end when it is finished', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const followed = await Promise.all([follow(id, api), follow(id, other)]);
    for (const { next } of followed) expect(await next()).toBe('queued');
    const first = await claim(id);
    for (const { next } of followed) expect(await next()).toBe('running');
    await grader.handBack(first);
    for (const { next } of followed) expect(await next()).toBe('queued');
    await grader.grade(id, { verdict: 'partial', score: 60 });
    for (const { nextEvent } of followed) {
      let last = await nextEvent();
      // Claimed and completed at once: `running` may be told or be over already.
      if (last?.id === 'running') last = await nextEvent();
      expect(last).toEqual({
        event: 'status',
        id: 'completed',
        data: expect.objectContaining({ id, status: 'completed', verdict: 'partial', score: 60, attempt: 1 }),
      });
      expect(await nextEvent()).toBeNull();
    }
    await eventually('all are forgotten', async () => (await streams(api)) + (await streams(other)) === 0);
  });

  test('are what browsers, proxies and compression leave alone', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const { response, events, next } = await follow(id, api, { 'Accept-Encoding': 'gzip, br' });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect((await events.next()).value).toEqual({ retry: '2000' });
    expect(await next()).toBe('queued');
    await grader.grade(id);
  });

  test('hold no tests and no output: those are in the submission itself', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    await grader.grade(id);
    const { nextEvent } = await follow(id);
    expect(Object.keys((await nextEvent())?.data ?? {})).not.toEqual(expect.arrayContaining(['tests']));
  });

  test('of a finished one are one event; who has seen it is told to stay away', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    await grader.grade(id);
    const again = await follow(id, api, { 'Last-Event-ID': 'running' });
    expect([await again.next(), await again.next()]).toEqual(['completed', null]);
    const seen = await follow(id, api, { 'Last-Event-ID': 'completed' });
    expect([seen.response.status, await seen.response.text()]).toEqual([204, '']);
    const nonsense = await follow(id, api, { 'Last-Event-ID': 'x'.repeat(5000) });
    expect(await nonsense.next()).toBe('completed');
  });

  test('are for its learner only, and problems come as on every route', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const { client: stranger } = await api.client.registerLearner();
    for (const [client, asked, status] of [
      [stranger, id, 404],
      [api.client, id, 401],
      [learner, newId(), 404],
      [learner, 'no-id', 404],
    ] as const) {
      const answer = await client.get(path(asked));
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        status,
        expect.stringContaining('application/problem+json'),
      ]);
    }
    expect((await learner.request('HEAD', path(id))).status).toBe(200);
    await eventually('HEAD keeps nothing open', async () => (await streams()) === 0);
  });

  test('come over a lost connection to the database too', async () => {
    const id = await submitCode(learner, exercise.exerciseId);
    const { next } = await follow(id);
    expect(await next()).toBe('queued');
    await eventually('the api listens', () => isListening(api.deps.registry));
    expect(await cutListeners(database.db)).toBeGreaterThan(0);
    const run = await claim(id);
    expect(await next()).toBe('running');
    await grader.complete(run);
    expect([await next(), await next()]).toEqual(['completed', null]);
  });

  test('are few at a time for one learner and for one process; a client that leaves makes room', async () => {
    const limited = await openApi({
      ...environment,
      extra: { SUBMISSION_STREAMS_PER_LEARNER: '1', SUBMISSION_WATCHERS_MAX: '2' },
    });
    alsoOpen.push(limited);
    const people = await Promise.all([1, 2, 3].map(async () => (await limited.client.registerLearner()).client));
    const ids = await Promise.all(people.map((person) => submitCode(person, exercise.exerciseId)));
    const leaving = new AbortController();
    const open = (index: number) =>
      people[index]?.open(path(ids[index] ?? ''), {}, index === 0 ? leaving.signal : undefined);
    const refused = async (index: number) => people[index]?.get(path(ids[index] ?? ''));

    await open(0);
    const second = await refused(0);
    expect([second?.status, second?.body, second?.headers.get('retry-after')]).toEqual([
      429,
      expect.objectContaining({ code: 'TOO_MANY_STREAMS' }),
      '5',
    ]);
    await open(1);
    const third = await refused(2);
    expect([third?.status, third?.body]).toEqual([503, expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' })]);
    leaving.abort();
    await eventually('there is room', async () => (await streams(limited)) === 1);
    expect((await open(2))?.status).toBe(200);
  });

  test('end at shutdown, which is clean and soon', async () => {
    const process = await startApi(environment);
    const id = await submitCode(learner, exercise.exerciseId);
    const followed = [await follow(id, { ...api, url: process.url }), await follow(id, { ...api, url: process.url })];
    for (const { next } of followed) expect(await next()).toBe('queued');
    await process.kill('SIGTERM');
    for (const { next } of followed) expect(await next()).toBeNull();
    // Had a stream held it up, its grace period would have ended it, with another code.
    expect(await process.exited).toBe(0);
  });
});

describe('a route that streams', () => {
  let served: OwnRoutes;
  afterEach(() => served.close());

  const numbers = { number: z.object({ n: z.int() }) };
  const serve = async (produce: (signal: AbortSignal) => AsyncIterable<StreamEvent<typeof numbers>>) => {
    served = await serveRoutes([
      defineStream({
        path: '/numbers',
        summary: 'Numbers',
        tag: 'Test',
        policy: 'public',
        rate: 'read',
        events: numbers,
        stream: ({ request }) => Promise.resolve(produce(request.signal)),
      }),
    ]);
    return served.client;
  };

  test('sends a heartbeat while there is nothing to say', async () => {
    jest.useFakeTimers({
      doNotFake: [
        'setTimeout',
        'clearTimeout',
        'setImmediate',
        'clearImmediate',
        'nextTick',
        'queueMicrotask',
        'Date',
        'performance',
        'hrtime',
      ],
    });
    try {
      const client = await serve(async function* (signal) {
        yield { event: 'number', id: '1', data: { n: 1 } };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      });
      const events = readEvents(await client.open('/numbers'));
      await events.next();
      expect((await events.next()).value).toEqual({ event: 'number', id: '1', data: { n: 1 } });
      jest.advanceTimersByTime(HEARTBEAT_INTERVAL_MS);
      expect((await events.next()).value).toEqual({ comment: '' });
    } finally {
      jest.useRealTimers();
    }
  });

  test('drops fields that the schema of the event does not name', async () => {
    const client = await serve(async function* () {
      yield { event: 'number', id: '1', data: Object.assign({ n: 1 }, { secret: 'x' }) };
    });
    expect((await client.get('/numbers')).text).toBe('retry: 2000\n\nevent: number\nid: 1\ndata: {"n":1}\n\n');
  });

  test('is cut off when its source fails, so that nobody takes it for complete', async () => {
    const client = await serve(async function* () {
      yield { event: 'number', id: '1', data: { n: 1 } };
      throw new Error('the well is dry');
    });
    await expect(client.get('/numbers')).rejects.toThrow();
    await eventually('it is logged', () =>
      served.logs().some((line) => JSON.stringify(line).includes('the well is dry')),
    );
  });

  test('tells its source when the client leaves, even one that reads nothing', async () => {
    const ended = Promise.withResolvers<void>();
    const client = await serve(async function* () {
      try {
        for (let n = 0; ; n += 1) yield { event: 'number', id: 'x'.repeat(10_000), data: { n } };
      } finally {
        ended.resolve();
      }
    });
    const leaving = new AbortController();
    await client.open('/numbers', {}, leaving.signal);
    leaving.abort();
    await ended.promise;
  });
});
