import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { buildExercise, buildUser } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PASSWORD = 'correct horse battery staple';
const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });

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

const uniqueEmail = () => `${crypto.randomUUID()}@example.com`;
const register = (body: Record<string, unknown>) =>
  api.client.post('/api/v1/auth/register', { email: uniqueEmail(), password: PASSWORD, name: 'Ada', ...body });
const login = (email: string, password = PASSWORD) => api.client.post('/api/v1/auth/login', { email, password });
const refresh = (refreshToken: string) => api.client.post('/api/v1/auth/refresh', { refreshToken });
const tokensOf = (answer: Answer) => Tokens.parse(answer.body);

describe('opening an account', () => {
  test('answers 201 with the user and tokens, in the shape that the web frontend expects', async () => {
    const email = uniqueEmail();
    const answer = await register({ email });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      user: { id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/), email, name: 'Ada', roles: ['learner'] },
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expiresIn: 900,
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
      token: tokensOf(answer).accessToken,
    });
    const me = await api.client.as(tokensOf(answer).accessToken).get('/api/v1/users/me');
    expect(me.body).toEqual(z.object({ user: z.unknown() }).parse(answer.body).user);
  });

  test('takes `username` for `name`, and wants one of them', async () => {
    expect((await register({ name: undefined, username: 'Grace' })).body).toMatchObject({ user: { name: 'Grace' } });
    const nameless = await register({ name: undefined });
    expectProblem(nameless, 422, 'VALIDATION_FAILED');
    expect(nameless.body).toMatchObject({ errors: [{ path: 'name', message: 'is required' }] });
  });

  test('trims what surrounds an address and a name', async () => {
    const email = uniqueEmail();
    const answer = await register({ email: `  ${email}\t`, name: '  Ada  ' });
    expect(answer.body).toMatchObject({ user: { email, name: 'Ada' } });
    expect((await login(` ${email} `)).status).toBe(200);
  });

  test('refuses an address that has an account already, however it is capitalised', async () => {
    const email = `Grace.${uniqueEmail()}`;
    await register({ email });
    for (const same of [email, email.toUpperCase(), email.toLowerCase()]) {
      expectProblem(await register({ email: same }), 409, 'EMAIL_TAKEN');
    }
    expect((await login(email.toUpperCase())).status).toBe(200);
  });

  test('takes two addresses that differ only in their Unicode form for one', async () => {
    const mailbox = crypto.randomUUID();
    await buildUser(database.db, { email: `k${mailbox}@example.com` });
    const lookalikes = [`\u212A${mailbox}@example.com`, `\uFF4B${mailbox}@example.com`, `K${mailbox}@EXAMPLE.com`];
    for (const email of lookalikes) {
      await expect(buildUser(database.db, { email })).rejects.toMatchObject({ code: 'EMAIL_TAKEN' });
    }
  });

  test('lets one of two registrations at the same moment through', async () => {
    const email = uniqueEmail();
    const answers = await Promise.all([register({ email }), register({ email }), register({ email })]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409]);
  });

  test.each([
    ['shorter than 12 characters', 'elevenchars', /at least 12/],
    ['longer than 128 characters', 'ab1!x'.repeat(26), /at most 128/],
    ['the mailbox of the address in it', 'my-lovelace-pass', /email address or name/],
    ['the name in it', 'BYRON-is-my-name', /email address or name/],
    ['one sign over and over', 'aaaaaaaaaaaaaaaa', /different characters/],
    ['two signs in turns', '121212121212121212', /different characters/],
    ['a NUL', 'correct\0horse battery', /NUL/],
  ])('refuses a password that is %s', async (_what, password, message) => {
    const answer = await register({ email: 'lovelace@example.com', name: 'Ada Byron', password });
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'password', message: expect.stringMatching(message) }] });
    expect(answer.text).not.toContain(password);
  });

  test.each(['no-at-sign', 'a@b', 'two@@example.com', `${'x'.repeat(250)}@example.com`, '', 5, null])(
    'refuses %p as an address',
    async (email) => {
      const answer = await register({ email });
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body).toMatchObject({ errors: [{ path: 'email' }] });
    },
  );

  test('lets nobody choose roles or an id', async () => {
    for (const field of ['roles', 'role', 'id', 'passwordHash']) {
      const answer = await register({ [field]: ['admin'] });
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body).toMatchObject({ errors: [{ path: field, message: 'is not a known field' }] });
    }
  });
});

describe('logging in', () => {
  test('answers a wrong password and an unknown account the same', async () => {
    const email = uniqueEmail();
    await register({ email });
    const [wrong, unknown] = [await login(email, 'not the password'), await login(uniqueEmail(), 'not the password')];
    expectProblem(wrong, 401, 'INVALID_CREDENTIALS');
    const comparable = ({ status, body, headers }: Answer) => ({
      status,
      body: { ...(body as object), requestId: null },
      headers: [...headers.keys()],
    });
    expect(comparable(unknown)).toEqual(comparable(wrong));
  });

  test('tells apart passwords that agree in their first characters', async () => {
    const email = uniqueEmail();
    await register({ email });
    for (const near of [PASSWORD.slice(0, -1), `${PASSWORD} `, PASSWORD.toUpperCase()]) {
      expect((await login(email, near)).status).toBe(401);
    }
  });

  test('keeps a password as an argon2id hash, and refresh tokens as hashes only', async () => {
    const email = uniqueEmail();
    const { refreshToken } = tokensOf(await register({ email }));
    const hash = await database.db.oneFirst(sql.type(z.strictObject({ password_hash: z.string() }))`
      SELECT password_hash FROM users WHERE email = ${email}`);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const stored = await database.db.oneFirst(sql.type(z.strictObject({ stored: z.string() }))`
      SELECT string_agg(t::text || s::text, ' ') AS stored FROM session_tokens t JOIN sessions s ON s.id = t.session_id`);
    expect(stored).not.toContain(refreshToken);
    expect(stored).toContain(createHash('sha256').update(refreshToken).digest('hex'));
  });
});

describe('refreshing', () => {
  test('exchanges a refresh token for new tokens that work', async () => {
    const first = tokensOf(await register({}));
    const answer = await refresh(first.refreshToken);
    expect(answer.status).toBe(200);
    const second = tokensOf(answer);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await api.client.as(second.accessToken).get('/api/v1/users/me')).status).toBe(200);
    expect((await refresh(second.refreshToken)).status).toBe(200);
  });

  test('ends the whole family when a used token turns up again, and no other session', async () => {
    const email = uniqueEmail();
    const stolen = tokensOf(await register({ email }));
    const elsewhere = tokensOf(await login(email));
    const owner = tokensOf(await refresh(stolen.refreshToken));
    expectProblem(await refresh(stolen.refreshToken), 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(owner.refreshToken), 401, 'UNAUTHENTICATED');
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200);
  });

  test('lets exactly one of parallel requests with the same token win', async () => {
    const { refreshToken } = tokensOf(await register({}));
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken)));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 401, 401, 401, 401]);
  });

  test('refuses a token that never was one, and one that is over its time', async () => {
    expectProblem(await refresh('x'.repeat(43)), 401, 'UNAUTHENTICATED');
    const { refreshToken } = tokensOf(await register({}));
    await database.db.query(sql.typeAlias('void')`
      UPDATE sessions SET expires_at = now() FROM session_tokens t
      WHERE t.session_id = sessions.id AND t.token_hash = ${sql.binary(createHash('sha256').update(refreshToken).digest())}`);
    expectProblem(await refresh(refreshToken), 401, 'UNAUTHENTICATED');
  });

  test('is over after logging out, for that session only', async () => {
    const email = uniqueEmail();
    const here = tokensOf(await register({ email }));
    const elsewhere = tokensOf(await login(email));
    const out = await api.client.as(here.accessToken).post('/api/v1/auth/logout');
    expect([out.status, out.text]).toEqual([204, '']);
    expectProblem(await refresh(here.refreshToken), 401, 'UNAUTHENTICATED');
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200);
  });
});

test('a deleted account is gone: its tokens open nothing and write nothing', async () => {
  const { client, userId, refreshToken } = await api.client.registerLearner();
  const { exerciseId, courseId } = await buildExercise(database.db);
  await database.db.query(sql.typeAlias('void')`DELETE FROM users WHERE id = ${userId}`);
  expectProblem(await client.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
  expectProblem(await refresh(refreshToken), 401, 'UNAUTHENTICATED');
  expectProblem(await client.post(`/api/v1/courses/${courseId}/enroll`), 401, 'UNAUTHENTICATED');
  const code = { code: 'export {}' };
  expectProblem(await client.post(`/api/v1/exercises/${exerciseId}/submissions`, code), 401, 'UNAUTHENTICATED');
  const keyed = await client.post(`/api/v1/exercises/${exerciseId}/submissions`, code, { 'Idempotency-Key': 'k' });
  expectProblem(keyed, 401, 'UNAUTHENTICATED');
});
