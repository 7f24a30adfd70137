import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { gradingJobId } from '../../shared/queues/grading.queue.ts';
import { Dispatcher, relayOutbox, requestJob } from '../../shared/queues/outbox.ts';
import { getOutboxLagSeconds } from '../../shared/queues/outbox.repository.ts';
import { BACKENDS, openTestBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

describe.each(BACKENDS)('the outbox with queues on %s', (kind) => {
  let database: TestDatabase;
  let backend: QueueBackend;

  beforeAll(async () => {
    database = await createTestDatabase();
    backend = openTestBackend(kind, database.uri);
  });
  beforeEach(async () => {
    await database.db.query(sql.typeAlias('void')`DELETE FROM outbox`);
    await backend.queue('grading').obliterate({ force: true });
  });
  afterAll(async () => {
    await backend.close();
    await database.drop();
  });

  const request = (run = { id: newId(), dispatch: 1 }) =>
    database.db.transaction((tx) =>
      requestJob(tx, {
        queue: 'grading',
        job: 'grade',
        payload: { runId: run.id, dispatch: run.dispatch },
        jobId: gradingJobId(run),
      }),
    );
  const age = (minutes = 1) =>
    database.db.query(sql.typeAlias('void')`UPDATE outbox SET created_at = now() - make_interval(mins => ${minutes})`);
  const unsent = () =>
    database.db.oneFirst(sql.type(z.strictObject({ n: z.number() }))`SELECT count(*)::int AS n FROM outbox`);
  const waiting = async () => (await backend.queue('grading').getWaiting()).map((job) => job.id);

  test('holds a job whose transaction committed, and none whose transaction failed', async () => {
    await request();
    const failing = database.db.transaction(async (tx) => {
      const run = { id: newId(), dispatch: 1 };
      await requestJob(tx, {
        queue: 'grading',
        job: 'grade',
        payload: { runId: run.id, dispatch: 1 },
        jobId: gradingJobId(run),
      });
      throw new Error('roll back');
    });
    await expect(failing).rejects.toThrow('roll back');
    expect(await unsent()).toBe(1);
  });

  test('refuses a payload that breaks the contract of the queue', async () => {
    await expect(request({ id: 'no-uuid', dispatch: 1 })).rejects.toThrow(z.ZodError);
    expect(await unsent()).toBe(0);
  });

  test('is emptied by the dispatcher right after the commit', async () => {
    const dispatcher = new Dispatcher(database.db, backend, pino({ level: 'silent' }));
    const row = await request();
    dispatcher.send(row);
    await dispatcher.close();
    expect(await unsent()).toBe(0);
    expect(await waiting()).toEqual([row.job_id]);
  });

  test('is emptied by the relay when nobody else did, after leaving fresh rows to their writers', async () => {
    const row = await request();
    // Fresh also when this machine takes seconds from one statement to the next.
    await age(-1);
    expect(await relayOutbox(database.db, backend)).toBe(0);
    await age();
    expect(await getOutboxLagSeconds(database.db)).toBeGreaterThanOrEqual(60);
    expect(await relayOutbox(database.db, backend)).toBe(1);
    expect(await getOutboxLagSeconds(database.db)).toBe(0);
    expect(await waiting()).toEqual([row.job_id]);
  });

  test('leads to one job although dispatcher and relay both send it', async () => {
    const dispatcher = new Dispatcher(database.db, backend, pino({ level: 'silent' }));
    const row = await request();
    await age();
    dispatcher.send(row);
    await relayOutbox(database.db, backend);
    await dispatcher.close();
    expect(await waiting()).toEqual([row.job_id]);
    expect(await unsent()).toBe(0);
  });

  test('is shared by two relays without a job sent twice or left behind', async () => {
    const rows = await Promise.all(Array.from({ length: 40 }, () => request()));
    await age();
    const sent = await Promise.all([relayOutbox(database.db, backend), relayOutbox(database.db, backend)]);
    expect(sent[0] + sent[1]).toBe(40);
    await eventually('all are waiting', async () => (await waiting()).length === 40);
    expect(new Set(await waiting())).toEqual(new Set(rows.map((row) => row.job_id)));
  });

  test('keeps its rows when the queue does not take them', async () => {
    await request();
    await age();
    const closed = openTestBackend(kind, database.uri);
    await closed.close();
    await expect(relayOutbox(database.db, closed)).rejects.toThrow();
    expect(await unsent()).toBe(1);
  });
});
