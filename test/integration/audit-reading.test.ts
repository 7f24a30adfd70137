import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { AuditRecord } from '../../shared/contracts/audit.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { appendAudit } from '../../shared/audit/audit.repository.ts';
import { actorOf, openAccount, type Account } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PATH = '/api/v1/ops/audit';
const Page = z.object({ items: z.array(AuditRecord), nextCursor: z.string().nullable() });

let database: TestDatabase;
let api: InProcessApi;
let admin: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
  admin = await openAccount(api, 'admin');
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const read = async (query: Record<string, string> = {}): Promise<z.infer<typeof Page>> => {
  const answer = await admin.client.get(`${PATH}?${new URLSearchParams(query).toString()}`);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return Page.parse(answer.body);
};
const countOf = (action: string, actorId: string) =>
  database.db.oneFirst(sql.typeAlias('count')`
    SELECT count(*) FROM audit_log WHERE action = ${action} AND actor_id = ${actorId}`);

describe('the audit log', () => {
  test('is read newest first, with who did what to whom, when and from where', async () => {
    const actorId = newId();
    const target = newId();
    const event = {
      action: 'session.revoked',
      actorId,
      target,
      ip: '::ffff:203.0.113.7',
      requestId: 'request-1',
    } as const;
    await appendAudit(database.db, { ...event, details: { reason: 'x', list: [1, null] } });
    await appendAudit(database.db, { ...event, actorId: null, target: null, ip: null, requestId: null, details: {} });
    const { items } = await read({ action: 'session.revoked' });
    expect(items).toEqual([
      { ...items[0], actorId: null, target: null, ip: null, requestId: null, details: {} },
      {
        id: expect.stringMatching(/^\d+$/),
        occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
        action: 'session.revoked',
        actorId,
        target,
        ip: '203.0.113.7',
        requestId: 'request-1',
        details: { reason: 'x', list: [1, null] },
      },
    ]);
  });

  test('comes in pages without gaps and repetitions while it goes on growing', async () => {
    const actorId = newId();
    const append = (target: string) =>
      appendAudit(database.db, { action: 'login.failed', actorId, target, ip: null, requestId: null, details: {} });
    for (let index = 0; index < 7; index++) await append(String(index));
    const seen: (string | null)[] = [];
    let cursor: string | null = null;
    do {
      const page = await read({ actorId, limit: '3', ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ target }) => target));
      cursor = page.nextCursor;
      await append('later');
    } while (cursor !== null);
    expect(seen).toEqual(['6', '5', '4', '3', '2', '1', '0']);
  });

  test('is filtered by action, actor and time, each alone and together', async () => {
    const actorId = newId();
    const append = (action: 'login.failed' | 'login.succeeded') =>
      appendAudit(database.db, { action, actorId, target: null, ip: null, requestId: null, details: {} });
    await append('login.failed');
    await append('login.succeeded');
    await append('login.failed');
    const all = (await read({ actorId })).items;
    expect(all).toHaveLength(3);
    const { items: failed } = await read({ actorId, action: 'login.failed' });
    expect(failed.map(({ id }) => id)).toEqual([all[0]?.id, all[2]?.id]);
    const moment = all[1]?.occurredAt ?? '';
    const since = (await read({ actorId, from: moment })).items;
    const until = (await read({ actorId, to: moment })).items;
    expect(since.every(({ occurredAt }) => occurredAt >= moment)).toBe(true);
    expect(until.every(({ occurredAt }) => occurredAt < moment)).toBe(true);
    expect([...since, ...until].map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect((await read({ actorId, from: '2100-01-01T00:00:00Z' })).items).toEqual([]);
  });

  test('records each page that is read, with what was looked for and from where on', async () => {
    const made = { limit: '200', cursor: '9223372036854775807' };
    expect((await read(made)).items.length).toBeGreaterThan(0);
    const filter = { action: 'login.failed', actorId: admin.userId };
    await read(filter);
    const { items } = await read({ action: 'audit.read', limit: '2' });
    expect(items).toMatchObject([
      { actorId: admin.userId, ip: '127.0.0.1', details: filter },
      { actorId: admin.userId, ip: '127.0.0.1', details: { cursor: made.cursor } },
    ]);
  });

  test('shows the records of its own readings once each, although turning the pages adds to them', async () => {
    for (let index = 0; index < 3; index++) await read({ limit: '1' });
    const { items: expected } = await read({ action: 'audit.read' });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await read({ action: 'audit.read', limit: '2', ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    // The first is the record of having read what is expected.
    expect(seen.slice(1)).toEqual(expected.map(({ id }) => id));
  });

  test('takes every moment that a calendar has', async () => {
    const everything = { from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59.999999Z', limit: '1' };
    expect((await read(everything)).items).toHaveLength(1);
  });

  test.each([
    'action=login.guessed',
    'action=',
    'actorId=me',
    'from=yesterday',
    'to=2026-01-01',
    'from=0000-01-01T00:00:00Z',
    'to=0000-02-29T23:59:59.999Z',
    'from=10000-01-01T00:00:00Z',
    `from=2026-01-01T00:00:00.${'1'.repeat(150)}Z`,
    'cursor=0',
    'cursor=-1',
    'cursor=9223372036854775808',
    'cursor=1%20OR%201=1',
    'limit=0',
    'limit=201',
    'offset=10',
  ])('refuses ?%s', async (query) => {
    expectProblem(await admin.client.get(`${PATH}?${query}`), 422, 'VALIDATION_FAILED');
  });
});

describe('a refusal', () => {
  const DENIED = 'access.denied';

  test('of a route for operators or admins is recorded, once a minute for each who knocks and each route', async () => {
    const learner = await openAccount(api);
    for (let index = 0; index < 3; index++) expectProblem(await learner.client.get(PATH), 403, 'FORBIDDEN');
    expectProblem(await learner.client.get('/api/v1/ops/ai/switch'), 403, 'FORBIDDEN');
    const { items } = await read({ action: DENIED, actorId: learner.userId });
    expect(items).toMatchObject([
      { target: 'GET /api/v1/ops/ai/switch', ip: '127.0.0.1', details: { code: 'FORBIDDEN' } },
      { target: `GET ${PATH}`, details: { code: 'FORBIDDEN' } },
    ]);
    const operator = await openAccount(api, 'operator');
    expectProblem(await operator.client.get(PATH), 403, 'FORBIDDEN');
    expect(await countOf(DENIED, operator.userId)).toBe(1);
  });

  test('for want of a recent proof of identity is recorded too', async () => {
    const actor = { ...actorOf(admin.userId, 'admin'), authenticatedAt: 1 };
    const client = api.client.as(await api.deps.identity.accessTokens.sign(actor));
    const path = `/api/v1/ops/users/${newId()}/roles`;
    expectProblem(await client.request('PUT', path, '{"roles":[]}'), 403, 'STEP_UP_REQUIRED');
    const { items } = await read({ action: DENIED, actorId: admin.userId });
    expect(items).toMatchObject([{ target: 'PUT /api/v1/ops/users/:id/roles', details: { code: 'STEP_UP_REQUIRED' } }]);
  });

  test('of anything else is not: neither without a token, nor where learners meet the limits of their role', async () => {
    const learner = await openAccount(api);
    const before = await database.db.oneFirst(sql.typeAlias('count')`SELECT count(*) FROM audit_log`);
    expectProblem(await api.client.get(PATH), 401, 'UNAUTHENTICATED');
    expectProblem(await api.client.as('nonsense').get(PATH), 401, 'UNAUTHENTICATED');
    expectProblem(await learner.client.post('/api/v1/courses', {}), 403, 'FORBIDDEN');
    expectProblem(await learner.client.get(`/api/v1/submissions/${newId()}`), 404, 'NOT_FOUND');
    expect(await database.db.oneFirst(sql.typeAlias('count')`SELECT count(*) FROM audit_log`)).toBe(before);
  });

  test('stays one when it cannot be recorded, which is logged', async () => {
    const learner = await openAccount(api);
    await database.db.query(sql.typeAlias('void')`ALTER TABLE audit_log RENAME TO audit_log_away`);
    try {
      expectProblem(await learner.client.get(PATH), 403, 'FORBIDDEN');
    } finally {
      await database.db.query(sql.typeAlias('void')`ALTER TABLE audit_log_away RENAME TO audit_log`);
    }
    expect(api.logs()).toContainEqual(expect.objectContaining({ message: 'a denied access could not be audited' }));
    // Nothing was recorded, so the next time is not passed over.
    expectProblem(await learner.client.get(PATH), 403, 'FORBIDDEN');
    expect(await countOf(DENIED, learner.userId)).toBe(1);
  });
});
