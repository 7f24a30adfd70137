import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { sql } from '../../shared/db/sql.ts';
import { settleMail } from '../../shared/mail/mail.repository.ts';
import { requestMail } from '../../shared/mail/request-mail.ts';
import { mailQueue } from '../../shared/queues/mail.queue.ts';
import type { OutboxRow } from '../../shared/queues/outbox.repository.ts';
import { Reconciler } from '../../worker/maintenance/reconciler.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildUser } from '../support/factories.ts';
import { openWorker, openWorkerDeps, type InProcessWorker } from '../support/in-process.ts';
import { ageMail, findMail, mailIdOf, outcomeOf } from '../support/mails.ts';
import { openSmtpPeer, type SmtpPeer } from '../support/smtp-peer.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

describe.each(BACKENDS)('the queue of mails on %s', (kind) => {
  let database: TestDatabase;
  let peer: SmtpPeer;
  let producer: Awaited<ReturnType<typeof openWorkerDeps>>;
  let worker: InProcessWorker | undefined;
  let refusals: number;
  const prefix = uniquePrefix();

  beforeAll(async () => {
    database = await createTestDatabase();
    peer = await openSmtpPeer({ onRecipient: () => (refusals-- > 0 ? { code: 451, text: 'Greylisted' } : null) });
    producer = await openWorkerDeps(environment());
    // What it is to send before is left to the relay.
    await eventually('the queues can be written', () => producer.backend.isReady());
  });
  beforeEach(() => {
    refusals = 0;
  });
  afterEach(() => stopWorker());
  afterAll(async () => {
    await producer.dispatcher.close();
    await producer.backend.queue('mail').obliterate({ force: true });
    await producer.backend.queue('maintenance').obliterate({ force: true });
    await producer.backend.close();
    await producer.db.end();
    await peer.close();
    await database.drop();
  });

  const environment = (extra: Record<string, string> = {}) => ({
    databaseUri: database.uri,
    redisUrl: kind === 'redis' ? sharedRedisUrl() : undefined,
    prefix,
    extra: {
      WORKER_QUEUES: 'mail,maintenance',
      SMTP_URL: `smtp://127.0.0.1:${peer.port}`,
      ...extra,
    },
  });
  const startWorker = async (extra: Record<string, string> = {}): Promise<void> => {
    worker = await openWorker(environment(extra));
  };
  const stopWorker = async (): Promise<void> => {
    const stopped = worker;
    worker = undefined;
    await stopped?.close();
  };
  const askForMail = async (): Promise<{ id: string; row: OutboxRow; recipient: string }> => {
    const { id: userId, email: recipient } = await buildUser(database.db);
    const row = await requestMail(database.db, { template: 'password_changed', recipient, userId });
    return { id: mailIdOf(row), row, recipient };
  };
  const deliveriesTo = (recipient: string) => peer.deliveries.filter(({ to }) => to.includes(recipient));
  const jobOf = (row: OutboxRow) => producer.backend.queue('mail').getJob(row.job_id);
  const whenSent = (id: string) =>
    eventually('the mail is sent', async () => (await outcomeOf(database.db, id)) === 'sent', 20_000);

  test('brings what was asked for in a transaction to the server, and carries no more than ids', async () => {
    const { id, row, recipient } = await askForMail();
    const rolledBack = database.db.transaction(async (tx) => {
      await requestMail(tx, { template: 'account_erased', recipient, userId: null });
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await startWorker();
    producer.dispatcher.send(row);
    await whenSent(id);
    expect(deliveriesTo(recipient)).toHaveLength(1);
    expect((await jobOf(row))?.data).toEqual({ mailId: id, dispatch: 1 });
  });

  test('sends what the api could not hand over', async () => {
    const { id, recipient } = await askForMail();
    await startWorker();
    await whenSent(id);
    expect(deliveriesTo(recipient)).toHaveLength(1);
  });

  test('keeps a mail that the server does not take now, and asks again later', async () => {
    refusals = 1;
    const { id, row, recipient } = await askForMail();
    await startWorker();
    producer.dispatcher.send(row);
    const job = await whenInState(row, 'delayed');
    expect(job.attemptsMade).toBe(1);
    expect(job.opts.attempts).toBe(mailQueue.attempts);
    expect(job.delay).toBeGreaterThanOrEqual(15_000);
    expect(job.delay).toBeLessThanOrEqual(30_000);
    expect(await outcomeOf(database.db, id)).toBeNull();
    await job.promote();
    await whenSent(id);
    expect(deliveriesTo(recipient)).toHaveLength(1);
  });

  test('loses no mail when it is wiped: one that waited and one that was put off are sent once each', async () => {
    const waiting = await askForMail();
    producer.dispatcher.send(waiting.row);
    await whenInState(waiting.row, 'waiting');
    await wipe();

    await startWorker({ WORKER_QUEUES: 'mail' });
    refusals = 1;
    const putOff = await askForMail();
    producer.dispatcher.send(putOff.row);
    await whenInState(putOff.row, 'delayed');
    await stopWorker();
    await wipe();

    await startWorker();
    for (const { id } of [waiting, putOff]) await ageMail(database.db, id, 1);
    // What maintenance does every few seconds.
    await new Reconciler(producer).run();
    for (const { id, recipient } of [waiting, putOff]) {
      await whenSent(id);
      expect(deliveriesTo(recipient)).toHaveLength(1);
      // Twice asked for again where the worker's own maintenance looked at the same moment.
      expect((await findMail(database.db, id))?.dispatch).toBeGreaterThan(1);
    }
  });

  test('is not said to have lost a mail that is sent while the queue is asked for it', async () => {
    const { id } = await askForMail();
    await ageMail(database.db, id, 1);
    const queue = producer.backend.queue('mail');
    const asked = jest.spyOn(queue, 'getJobState').mockImplementation(async () => {
      await settleMail(database.db, id, 'sent');
      return 'unknown';
    });
    const recovered = () => valueOf('job_recoveries_total');
    const before = await recovered();
    try {
      await new Reconciler(producer).run();
      expect(asked).toHaveBeenCalled();
    } finally {
      asked.mockRestore();
    }
    expect([await valueOf('queue_drift'), await recovered()]).toEqual([0, before]);
    expect((await findMail(database.db, id))?.dispatch).toBe(1);
  });

  const valueOf = async (metric: string): Promise<number> =>
    ((await producer.registry.getSingleMetric(metric)?.get())?.values ?? []).reduce((sum, { value }) => sum + value, 0);
  /** Empties the queue, which had taken over all that it was sent: nothing of it waits in the outbox for the relay. */
  const wipe = async (): Promise<void> => {
    await producer.dispatcher.close();
    await database.db.query(sql.typeAlias('void')`DELETE FROM outbox`);
    await producer.backend.queue('mail').obliterate({ force: true });
  };
  const whenInState = (row: OutboxRow, state: string) =>
    eventually(`the job is ${state}`, async () => {
      const job = await jobOf(row);
      // Read anew: what was read before the state may be older than it.
      return job !== undefined && (await job.getState()) === state ? jobOf(row) : null;
    });
});
