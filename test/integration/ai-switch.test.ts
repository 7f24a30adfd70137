import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { insertAiRequest, settleAiRequest } from '../../shared/ai/ai-request.repository.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { openAccount } from '../support/accounts.ts';
import { awaitRoomInHour } from '../support/ai-asking.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PATH = '/api/v1/ops/ai/switch';
const OFF = { enabled: false, reason: 'The bill is too high.' };

let database: TestDatabase;
let api: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const put = (client: Client, body: unknown, path = PATH) => client.request('PUT', path, JSON.stringify(body));

test('the switch of language models is read by operators and set by admins', async () => {
  const operator = await openAccount(api, 'operator');
  const admin = await openAccount(api, 'admin');
  const learner = await openAccount(api);
  const instructor = await openAccount(api, 'instructor');
  for (const { client } of [learner, instructor]) {
    expectProblem(await client.get(PATH), 403, 'FORBIDDEN');
    expectProblem(await put(client, OFF), 403, 'FORBIDDEN');
  }
  expectProblem(await api.client.get(PATH), 401, 'UNAUTHENTICATED');
  expectProblem(await put(operator.client, OFF), 403, 'FORBIDDEN');

  const untouched = { enabled: true, reason: '', changedBy: null, changedAt: null, spentThisHourMicros: 0 };
  expect(await operator.client.get(PATH)).toMatchObject({ status: 200, body: untouched });

  const off = { ...OFF, changedBy: admin.userId, changedAt: expect.any(String), spentThisHourMicros: 0 };
  expect(await put(admin.client, OFF)).toMatchObject({ status: 200, body: off });
  expect(await operator.client.get('/ops/ai/switch')).toMatchObject({ status: 200, body: off });

  const audited = await database.db.any(sql.type(z.strictObject({ actor_id: z.string(), details: z.unknown() }))`
    SELECT actor_id, details FROM audit_log WHERE action = 'ai.switch'`);
  expect(audited).toEqual([{ actor_id: admin.userId, details: OFF }]);
});

test.each([
  {},
  { enabled: false },
  { enabled: 'no', reason: 'x' },
  { ...OFF, reason: ' ' },
  { ...OFF, more: 1 },
  { ...OFF, reason: 'x'.repeat(501) },
])('the switch is not set by %j', async (body) => {
  const admin = await openAccount(api, 'admin');
  expectProblem(await put(admin.client, body), 422, 'VALIDATION_FAILED');
});

test('the switch shows what the hour cost, lost answers at their worst', async () => {
  await awaitRoomInHour(database.db);
  const operator = await openAccount(api, 'operator');
  const request = {
    provider: 'openai',
    model: 'm',
    purpose: 'review',
    learnerId: null,
    subjectId: 's',
    estimatedTokens: 1,
    leaseMs: 1000,
  } as const;
  for (const counted of [{ usage: { inputTokens: 1, outputTokens: 1 }, costMicros: 700 }, null]) {
    const id = newId();
    await insertAiRequest(database.db, { ...request, id, reservedMicros: 5000 });
    await settleAiRequest(database.db, id, { outcome: 'answered', counted });
  }
  expect(await operator.client.get(PATH)).toMatchObject({ body: { spentThisHourMicros: 5700 } });
});
