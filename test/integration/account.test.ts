import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { buildExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

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

const login = (email: string, password: string) => api.client.post('/api/v1/auth/login', { email, password });
const refresh = (refreshToken: string) => api.client.post('/api/v1/auth/refresh', { refreshToken });

describe('the own account', () => {
  test('is shown with what its owner should know of it, and nothing else', async () => {
    const { client, userId, email } = await api.client.registerLearner();
    const answer = await client.get('/api/v1/users/me');
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.body).toEqual({
      id: userId,
      email,
      name: 'Lin',
      roles: ['learner'],
      emailVerified: false,
      secondFactorActive: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test('takes another name, and notes it without the name', async () => {
    const { client, userId } = await api.client.registerLearner();
    const answer = await client.patch('/api/v1/users/me', { name: '  Grace Hopper ' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: userId, name: 'Grace Hopper' });
    expect((await client.get('/api/v1/users/me')).body).toEqual(answer.body);
    const entry = await database.db.one(sql.type(z.strictObject({ action: z.string(), details: z.json() }))`
      SELECT action, details FROM audit_log WHERE actor_id = ${userId} ORDER BY id DESC LIMIT 1`);
    expect(entry).toEqual({ action: 'account.profile_changed', details: { fields: ['name'] } });
  });

  test.each([
    ['roles', ['admin']],
    ['id', '0190a000-0000-7000-8000-000000000000'],
    ['email', 'else@example.com'],
    ['emailVerified', true],
    ['email_verified_at', '2026-01-01T00:00:00Z'],
    ['passwordHash', 'x'],
    ['password_hash', 'x'],
    ['secondFactorActive', true],
  ])('cannot be given other %s', async (field, value) => {
    const { client, userId } = await api.client.registerLearner();
    const before = await client.get('/api/v1/users/me');
    const answer = await client.patch('/api/v1/users/me', { name: 'Eve', [field]: value });
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: field, message: 'is not a known field' }] });
    expect((await client.get('/api/v1/users/me')).body).toEqual(before.body);
    const roles = await database.db.oneFirst(sql.type(z.strictObject({ roles: z.array(z.string()) }))`
      SELECT roles FROM users WHERE id = ${userId}`);
    expect(roles).toEqual(['learner']);
  });

  test.each(['', '   ', 'x'.repeat(101), 'Ada\r\nBcc: x', 'Ada\u0007', null, 5])(
    'takes no %j as a name',
    async (name) => {
      const { client } = await api.client.registerLearner();
      const answer = await client.patch('/api/v1/users/me', { name });
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body).toMatchObject({ errors: [{ path: 'name' }] });
    },
  );

  test('is for those who are logged in', async () => {
    expectProblem(await api.client.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expectProblem(await api.client.patch('/api/v1/users/me', { name: 'Eve' }), 401, 'UNAUTHENTICATED');
  });
});

describe('logging in', () => {
  test('answers a wrong password and an unknown account the same', async () => {
    const { email } = await api.client.registerLearner();
    const [wrong, unknown] = [
      await login(email, 'not the password'),
      await login('nobody@example.com', 'not the password'),
    ];
    expectProblem(wrong, 401, 'INVALID_CREDENTIALS');
    const comparable = ({ status, body, headers }: Answer) => ({
      status,
      body: { ...(body as object), requestId: null },
      headers: [...headers.keys()],
    });
    expect(comparable(unknown)).toEqual(comparable(wrong));
  });

  test('tells apart passwords that agree in their first characters', async () => {
    const { email, password } = await api.client.registerLearner();
    for (const near of [password.slice(0, -1), `${password} `, password.toUpperCase()]) {
      expect((await login(email, near)).status).toBe(401);
    }
    expect((await login(email, password)).status).toBe(200);
  });

  test('keeps a password as an argon2id hash, and tokens as hashes only', async () => {
    const { email, password } = await api.client.registerLearner();
    const answer = await login(email, password);
    const { refreshToken, deviceToken } = z
      .object({ refreshToken: z.string(), deviceToken: z.string() })
      .parse(answer.body);
    const hash = await database.db.oneFirst(sql.type(z.strictObject({ password_hash: z.string() }))`
      SELECT password_hash FROM users WHERE email = ${email}`);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const stored = await database.db.oneFirst(sql.type(z.strictObject({ stored: z.string() }))`
      SELECT concat((SELECT string_agg(t::text || s::text, ' ') FROM session_tokens t JOIN sessions s ON s.id = t.session_id),
        (SELECT string_agg(d::text, ' ') FROM known_devices d)) AS stored`);
    for (const token of [refreshToken, deviceToken]) {
      expect(stored).not.toContain(token);
      expect(stored).toContain(createHash('sha256').update(token).digest('hex'));
    }
  });
});

describe.each<[string, (account: { client: Client; userId: string; password: string }) => Promise<unknown>]>([
  [
    'was deleted by its owner',
    ({ client, password }) => client.request('DELETE', '/api/v1/users/me', JSON.stringify({ password })),
  ],
  [
    'is gone from the database',
    ({ userId }) => database.db.query(sql.typeAlias('void')`DELETE FROM users WHERE id = ${userId}`),
  ],
])('an account that %s', (_what, end) => {
  test('opens nothing and writes nothing with its tokens, nor logs in again', async () => {
    const account = await api.client.registerLearner();
    const { client, refreshToken, email, password } = account;
    const { exerciseId } = await buildExercise(database.db);
    await end(account);
    expectProblem(await client.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expectProblem(await client.patch('/api/v1/users/me', { name: 'Ghost' }), 401, 'UNAUTHENTICATED');
    expectProblem(await client.get('/api/v1/users/me/export'), 401, 'UNAUTHENTICATED');
    expectProblem(await client.post('/api/v1/auth/email/verification'), 401, 'UNAUTHENTICATED');
    const passwords = { currentPassword: password, newPassword: 'a wholly other password' };
    expectProblem(await client.post('/api/v1/auth/password', passwords), 401, 'UNAUTHENTICATED');
    const again = await client.request('DELETE', '/api/v1/users/me', JSON.stringify({ password }));
    expectProblem(again, 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(refreshToken), 401, 'UNAUTHENTICATED');
    expectProblem(await login(email, password), 401, 'INVALID_CREDENTIALS');
    const code = { code: 'export {}' };
    expectProblem(await client.post(`/api/v1/exercises/${exerciseId}/submissions`, code), 401, 'UNAUTHENTICATED');
  });
});

test('an account that is gone can neither enrol nor submit', async () => {
  const { client, userId } = await api.client.registerLearner();
  const { exerciseId, courseId } = await buildExercise(database.db);
  await database.db.query(sql.typeAlias('void')`DELETE FROM users WHERE id = ${userId}`);
  expectProblem(await client.post(`/api/v1/courses/${courseId}/enroll`), 401, 'UNAUTHENTICATED');
  const code = { code: 'export {}' };
  const keyed = await client.post(`/api/v1/exercises/${exerciseId}/submissions`, code, { 'Idempotency-Key': 'k' });
  expectProblem(keyed, 401, 'UNAUTHENTICATED');
});
