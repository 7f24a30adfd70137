import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from '../../shared/db/sql.ts';
import { actorOf } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { readEvents, type ReceivedEvent } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, type BuiltExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { submitCode, watchersOf } from '../support/watching.ts';

describe('what takes long ends with the access token that it was asked for with', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let other: InProcessApi;
  let exercise: BuiltExercise;
  const alsoOpen: InProcessApi[] = [];

  const open = (extra: Record<string, string> = {}) =>
    openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });

  beforeAll(async () => {
    database = await createTestDatabase();
    [api, other] = [await open(), await open()];
    exercise = await buildExercise(database.db);
  });
  afterEach(async () => {
    for (const each of alsoOpen.splice(0)) await each.close();
  });
  afterAll(async () => {
    for (const each of [api, other]) await each.close();
    await database.drop();
  });

  const watching = (kind: 'wait' | 'stream', { deps }: InProcessApi = api) => watchersOf(deps.registry, kind);
  const wait = (client: Client, id: string) => client.get(`/api/v1/submissions/${id}?wait=25`);

  /** Opens the stream of a queued submission and reads its first event. Throws when it ends before. */
  const follow = async (client: Client, id: string): Promise<AsyncGenerator<ReceivedEvent>> => {
    const events = readEvents(await client.open(`/api/v1/submissions/${id}/events`));
    let seen = await events.next();
    while (seen.done !== true && seen.value.event !== 'status') seen = await events.next();
    if (seen.done === true) throw new Error('The stream told nothing.');
    return events;
  };
  /** What else a stream tells until it ends. */
  const restOf = async (events: AsyncGenerator<ReceivedEvent>): Promise<ReceivedEvent[]> => {
    const told: ReceivedEvent[] = [];
    // Heartbeats tell nothing.
    for await (const event of events) if (event.comment === undefined) told.push(event);
    return told;
  };

  test('a stream ends when its session is ended at another process, before it tells anything more', async () => {
    const { client } = await api.client.registerLearner();
    const id = await submitCode(client, exercise.exerciseId);
    const events = await follow(client, id);
    await client.at(other.url).post('/api/v1/auth/logout');
    expect(await restOf(events)).toEqual([]);
    await eventually('it is forgotten', async () => (await watching('stream')) === 0);
  });

  test('a request that waits for news is refused then, and told nothing', async () => {
    const { client } = await api.client.registerLearner();
    const id = await submitCode(client, exercise.exerciseId);
    const waiting = wait(client, id);
    await eventually('it waits', async () => (await watching('wait')) === 1);
    await client.at(other.url).post('/api/v1/auth/logout-all');
    expectProblem(await waiting, 401, 'UNAUTHENTICATED');
    expect(await watching('wait')).toBe(0);
  });

  test('what others do to their sessions disturbs nobody', async () => {
    const { client } = await api.client.registerLearner();
    const id = await submitCode(client, exercise.exerciseId);
    const events = await follow(client, id);
    const { client: leaving } = await api.client.registerLearner();
    await leaving.post('/api/v1/auth/logout');
    expectProblem(await leaving.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expect(await watching('stream')).toBe(1);
    await client.post('/api/v1/auth/logout');
    expect(await restOf(events)).toEqual([]);
  });

  test('neither outlives the token', async () => {
    const brief = await open({ JWT_EXPIRATION: '2s' });
    alsoOpen.push(brief);
    const { client, userId } = await api.client.registerLearner();
    const id = await submitCode(client, exercise.exerciseId);
    const isHeld = () => eventually('it waits', async () => (await watching('wait', brief)) === 1);
    // Where a token has run out before both are held, they are asked for with another.
    const held = await eventually('both are held', async () => {
      const soonOver = brief.client.as(await brief.deps.identity.accessTokens.sign(actorOf(userId)));
      const events = await follow(soonOver, id);
      const waiting = wait(soonOver, id);
      return (await Promise.race([isHeld(), waiting.then(() => false)])) ? { events, waiting } : null;
    });
    expectProblem(await held.waiting, 401, 'TOKEN_EXPIRED');
    expect(await restOf(held.events)).toEqual([]);
    expect(await watching('stream', brief)).toBe(0);
  });

  test('a download breaks off, and its slot is free again', async () => {
    const { client, email, password } = await api.client.registerLearner();
    let text = '';
    let rest: Promise<void> | undefined;
    await database.db.transaction(async (tx) => {
      // Holds the export up half way: the requests to language models come after the submissions and before the audit log.
      await tx.query(sql.typeAlias('void')`LOCK TABLE ai_requests IN ACCESS EXCLUSIVE MODE`);
      const response = await client.open('/api/v1/users/me/export', { 'Accept-Encoding': 'identity' });
      expect(response.status).toBe(200);
      rest = (async () => {
        for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
      })();
      rest.catch(() => undefined);
      await eventually('half of it is there', () => text.includes('"submissions"'));
      await client.at(other.url).post('/api/v1/auth/logout');
      await eventually('it is known here', async () => (await client.get('/api/v1/users/me')).status === 401);
    });
    await expect(rest).rejects.toThrow();
    expect(text).not.toContain('"auditEntries"');
    const again = await api.client.post('/api/v1/auth/login', { email, password });
    const { accessToken } = again.body as { accessToken: string };
    expect((await api.client.as(accessToken).get('/api/v1/users/me/export')).status).toBe(200);
  });
});
