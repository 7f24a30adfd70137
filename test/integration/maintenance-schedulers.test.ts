import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JobSchedulerTemplateOptions, RepeatOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { QueueBackend } from '../../shared/queues/backend.ts';
import { MAINTENANCE_INTERVALS_MS, maintenanceQueue } from '../../shared/queues/maintenance.queue.ts';
import { keepSchedulers } from '../../worker/maintenance/schedulers.ts';
import { BACKENDS, openTestBackend, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const log = pino({ level: 'silent' });
const NAME = 'note-audit-head';
const EVERY = MAINTENANCE_INTERVALS_MS[NAME];
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

type Tampering = {
  repeat?: RepeatOptions;
  job?: { name?: string; data?: object; opts?: JobSchedulerTemplateOptions };
};

describe.each(BACKENDS)('the schedulers of maintenance on %s', (kind) => {
  const prefix = uniquePrefix();
  let database: TestDatabase;
  let backend: QueueBackend;

  beforeAll(async () => {
    database = await createTestDatabase();
    backend = openTestBackend(kind, database.uri, 'consumer', prefix);
  });
  beforeEach(() => check());
  afterEach(() => queue().obliterate({ force: true }));
  afterAll(async () => {
    await backend.close();
    await database.drop();
  });

  const queue = () => backend.queue(maintenanceQueue.name);
  /** Whoever keeps them has looked once when it is there. */
  const check = async () => (await keepSchedulers({ backend, log })).stop();
  const expectAsDeclared = async () => {
    const schedulers = await queue().getJobSchedulers();
    expect(Object.fromEntries(schedulers.map(({ key, every }) => [key, every]))).toEqual(MAINTENANCE_INTERVALS_MS);
    for (const { key, name, template, every = 0, next = Infinity, limit, pattern, startDate, endDate } of schedulers) {
      expect({ name, template }).toEqual({ name: key, template: { opts: queue().defaultJobOptions } });
      expect({ limit, pattern, startDate, endDate }).toEqual({});
      expect(next).toBeLessThanOrEqual(Date.now() + every);
    }
  };

  test('are made, and left alone while they are as they should be', async () => {
    await expectAsDeclared();
    const made = await queue().getJobSchedulers();
    await check();
    expect(await queue().getJobSchedulers()).toEqual(made);
  });

  test.each<[string, Tampering]>([
    ['runs every ten years', { repeat: { every: TEN_YEARS_MS } }],
    ['runs by a pattern', { repeat: { pattern: '0 0 1 1 *' } }],
    ['starts in ten years', { repeat: { every: EVERY, startDate: Date.now() + TEN_YEARS_MS } }],
    ['ends tomorrow', { repeat: { every: EVERY, endDate: Date.now() + 86_400_000 } }],
    ['runs once', { repeat: { every: EVERY, limit: 1 } }],
    ['makes jobs of another name', { job: { name: 'no-such-job' } }],
    ['makes jobs whose data break their contract', { job: { data: { x: 1 } } }],
    ['makes jobs with other options', { job: { opts: { attempts: 1000, lifo: true } } }],
  ])('one that %s is made again', async (_, { repeat = { every: EVERY }, job = {} }) => {
    await queue().removeJobScheduler(NAME);
    await queue().upsertJobScheduler(NAME, repeat, { name: NAME, data: {}, ...job });
    await check();
    await expectAsDeclared();
  });

  test('one that nobody declares is removed', async () => {
    await queue().upsertJobScheduler(
      'of-an-intruder',
      { every: 60_000 },
      { name: 'erase-account', data: { userId: 1 } },
    );
    await check();
    await expectAsDeclared();
  });

  // PostgreSQL keeps only what can be parsed.
  (kind === 'redis' ? test : test.skip)('one that cannot be read is made again', async () => {
    const client = new Redis(sharedRedisUrl());
    await client.hset(`${prefix}:${maintenanceQueue.name}:repeat:${NAME}`, 'data', '{');
    client.disconnect();
    await check();
    await expectAsDeclared();
  });
});
