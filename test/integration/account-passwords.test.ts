import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { holdDelays } from '../support/login-guards.ts';
import { openMailWorker, type MailWorker } from '../support/mail-worker.ts';
import { expectProblem } from '../support/problems.ts';
import { activateSecondFactor } from '../support/second-factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const NEW_PASSWORD = 'a wholly other password';
const FREE_FAILURES = 3;
/** The subject of mails with a link for another password. */
const RESET = 'Choose a new password';
const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string(), deviceToken: z.string() });

let database: TestDatabase;
let api: InProcessApi;
let mails: MailWorker;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
  api = await openApi({ ...environment, extra: { LOGIN_FAILURES_BEFORE_DELAY: String(FREE_FAILURES) } });
  mails = await openMailWorker(environment);
});
afterAll(async () => {
  await mails.close();
  await api.close();
  await database.drop();
});

const login = (email: string, password: string, more = {}) =>
  api.client.post('/api/v1/auth/login', { email, password, ...more });
const refresh = (refreshToken: string) => api.client.post('/api/v1/auth/refresh', { refreshToken });
const tokensOf = (answer: Answer) => Tokens.parse(answer.body);
const actionsOf = (userId: string) =>
  database.db.anyFirst(sql.type(z.strictObject({ action: z.string() }))`
    SELECT action FROM audit_log WHERE actor_id = ${userId} ORDER BY id`);

/** An account that is logged in on two devices. */
async function openTwice() {
  const here = await api.client.registerLearner();
  const elsewhere = tokensOf(await login(here.email, here.password));
  return { here, elsewhere: { ...elsewhere, client: api.client.as(elsewhere.accessToken) } };
}

describe('changing a password', () => {
  const change = (client: InProcessApi['client'], currentPassword: string, newPassword: string) =>
    client.post('/api/v1/auth/password', { currentPassword, newPassword });

  test('takes the current one, keeps this session and ends all others at once', async () => {
    const { here, elsewhere } = await openTwice();
    const answer = await change(here.client, here.password, NEW_PASSWORD);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await here.client.get('/api/v1/users/me')).status).toBe(200);
    expect((await refresh(here.refreshToken)).status).toBe(200);
    expectProblem(await elsewhere.client.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(elsewhere.refreshToken), 401, 'UNAUTHENTICATED');
    expectProblem(await login(here.email, here.password), 401, 'INVALID_CREDENTIALS');
    expect((await login(here.email, NEW_PASSWORD)).status).toBe(200);
  });

  test('makes strangers of all devices, of which a thief may have one', async () => {
    const { here, elsewhere } = await openTwice();
    expect((await change(here.client, here.password, NEW_PASSWORD)).status).toBe(204);
    const anew = tokensOf(await login(here.email, NEW_PASSWORD, { deviceToken: elsewhere.deviceToken }));
    expect(anew.deviceToken).not.toBe(elsewhere.deviceToken);
  });

  test('is told to the owner by mail, and stands in the audit log', async () => {
    const { client, email, password, userId } = await api.client.registerLearner();
    await change(client, password, NEW_PASSWORD);
    await mails.mailAbout(email, 'Your password was changed');
    expect(await actionsOf(userId)).toEqual(['account.registered', 'password.changed']);
  });

  test('refuses a wrong current password, and soon looks at none', async () => {
    const { here, elsewhere } = await openTwice();
    for (let guess = 0; guess < FREE_FAILURES; guess++)
      expectProblem(await change(here.client, `wrong ${guess}`, NEW_PASSWORD), 401, 'INVALID_CREDENTIALS');
    await holdDelays(database.db);
    const refused = await change(here.client, here.password, NEW_PASSWORD);
    expectProblem(refused, 429, 'LOGIN_DELAYED');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Whoever took over one session delays neither the owner's others nor their logins.
    expect((await login(here.email, here.password)).status).toBe(200);
    expect((await change(elsewhere.client, here.password, NEW_PASSWORD)).status).toBe(204);
  });

  test.each([
    ['too short', 'elevenchars'],
    ['too easy', 'passwordpassword'],
    ['the current one', 'correct horse battery staple'],
  ])('refuses a new one that is %s, and says that it is about the new one', async (_what, newPassword) => {
    const { client, email, password } = await api.client.registerLearner();
    const answer = await change(client, password, newPassword);
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'newPassword' }] });
    expect((await login(email, password)).status).toBe(200);
  });

  test('lets one of two changes at the same moment through', async () => {
    const { here, elsewhere } = await openTwice();
    const answers = await Promise.all([
      change(here.client, here.password, 'the first of two passwords'),
      change(elsewhere.client, here.password, 'the second of two passwords'),
    ]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    const logins = await Promise.all(
      ['first', 'second'].map((nth) => login(here.email, `the ${nth} of two passwords`)),
    );
    expect(logins.map(({ status }) => status)).toEqual(answers.map(({ status }) => (status === 204 ? 200 : 401)));
  });

  test('makes reset links that were mailed before worthless', async () => {
    const { client, email, password } = await api.client.registerLearner();
    await api.client.post('/api/v1/auth/password/forgot', { email });
    const { token } = await mails.mailAbout(email, RESET);
    await change(client, password, NEW_PASSWORD);
    const reset = { token, newPassword: 'what a thief would like' };
    expectProblem(await api.client.post('/api/v1/auth/password/reset', reset), 410, 'LINK_INVALID');
  });

  test('is for those who are logged in', async () => {
    expectProblem(await change(api.client, 'x', NEW_PASSWORD), 401, 'UNAUTHENTICATED');
  });
});

describe('a forgotten password', () => {
  const forgot = (email: string) => api.client.post('/api/v1/auth/password/forgot', { email });
  const reset = (token: string, newPassword = NEW_PASSWORD) =>
    api.client.post('/api/v1/auth/password/reset', { token, newPassword });
  /** An account and the token that was mailed to it. */
  const forget = async () => {
    const account = await api.client.registerLearner();
    await forgot(account.email);
    const { token } = await mails.mailAbout(account.email, RESET);
    return { ...account, token };
  };

  const outcomeTo = (recipient: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ outcome: z.string().nullable() }))`
      SELECT outcome FROM mails WHERE recipient = ${recipient}`);

  test('is answered the same for known and unknown addresses, and written down the same', async () => {
    const { email } = await api.client.registerLearner();
    const unknown = `nobody-${crypto.randomUUID()}@example.com`;
    const [ofKnown, ofUnknown] = [await forgot(email), await forgot(unknown)].map(({ status, body, headers }) => ({
      status,
      body,
      headers: [...headers.keys()].sort(),
    }));
    expect(ofUnknown).toEqual(ofKnown);
    expect(ofKnown).toMatchObject({ status: 202, body: { status: 'sent_if_known' } });
    await mails.mailAbout(email, RESET);
    await eventually('nobody is written to', async () => (await outcomeTo(unknown)) === 'no_account');
    expect(mails.mailsTo(unknown)).toEqual([]);
    const details = await database.db.anyFirst(sql.type(z.strictObject({ details: z.json() }))`
      SELECT details FROM audit_log WHERE action = 'password.reset_requested' AND actor_id IS NULL ORDER BY id DESC LIMIT 2`);
    expect(details).toEqual([
      { account: expect.stringMatching(/^[\da-f]{16}$/) },
      { account: expect.stringMatching(/^[\da-f]{16}$/) },
    ]);
  });

  test('is replaced with the mailed link: the address is verified, every session ends, nobody is logged in', async () => {
    const { client, email, password, refreshToken, userId, token } = await forget();
    const answer = await reset(token);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expectProblem(await client.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(refreshToken), 401, 'UNAUTHENTICATED');
    expectProblem(await login(email, password), 401, 'INVALID_CREDENTIALS');
    const anew = await login(email, NEW_PASSWORD);
    expect(anew.status).toBe(200);
    const me = await api.client.as(tokensOf(anew).accessToken).get('/api/v1/users/me');
    expect(me.body).toMatchObject({ emailVerified: true });
    await mails.mailAbout(email, 'Your password was changed');
    expect(await actionsOf(userId)).toContain('password.reset');
  });

  test('takes an account back from who opened it with an address that was not theirs: their second factor goes', async () => {
    const { client, email } = await api.client.registerLearner();
    await activateSecondFactor(client);
    await forgot(email);
    const { token } = await mails.mailAbout(email, RESET);
    expect((await reset(token)).status).toBe(204);
    expect((await login(email, NEW_PASSWORD)).body).toMatchObject({ user: { email } });
  });

  test('mails no name to the owner that who opened the account with their address chose', async () => {
    const name = 'Account locked! Sign in at https://evil.example';
    const email = `victim-${crypto.randomUUID()}@example.com`;
    await api.client.post('/api/v1/auth/register', { email, password: 'known to a stranger', name });
    await forgot(email);
    const { token } = await mails.mailAbout(email, RESET);
    expect((await reset(token)).status).toBe(204);
    expect((await mails.mailAbout(email, 'Your password was changed')).text).toMatch(/^Hello Learner,/);
    expect((await login(email, NEW_PASSWORD)).body).toMatchObject({ user: { name: 'Learner' } });
  });

  test('leaves the name of a proved address alone, and makes strangers of its devices', async () => {
    const { email, password, userId } = await api.client.registerLearner();
    await database.db.query(sql.typeAlias('void')`
      UPDATE users SET email_verified_at = now(), name = 'Grace' WHERE id = ${userId}`);
    const { deviceToken } = tokensOf(await login(email, password));
    await forgot(email);
    const { token } = await mails.mailAbout(email, RESET);
    expect((await reset(token)).status).toBe(204);
    const anew = await login(email, NEW_PASSWORD, { deviceToken });
    expect(anew.body).toMatchObject({ user: { name: 'Grace' } });
    expect(tokensOf(anew).deviceToken).not.toBe(deviceToken);
  });

  test('leaves the second factor of a proved address alone', async () => {
    const { client, email, userId } = await api.client.registerLearner();
    await database.db.query(sql.typeAlias('void')`UPDATE users SET email_verified_at = now() WHERE id = ${userId}`);
    await activateSecondFactor(client);
    await forgot(email);
    const { token } = await mails.mailAbout(email, RESET);
    expect((await reset(token)).status).toBe(204);
    expect((await login(email, NEW_PASSWORD)).body).toMatchObject({ mfaRequired: true });
  });

  test('is replaced once with a link, also by two requests at the same moment', async () => {
    const { email, token } = await forget();
    const passwords = ['the first of two passwords', 'the second of two passwords'];
    const answers = await Promise.all(passwords.map((password) => reset(token, password)));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([204, 410]);
    const winner = passwords[answers.findIndex(({ status }) => status === 204)] ?? '';
    expect((await login(email, winner)).status).toBe(200);
    expectProblem(await reset(token), 410, 'LINK_INVALID');
  });

  test('makes other links that were mailed worthless once it is replaced', async () => {
    const { email, token } = await forget();
    await forgot(email);
    const second = await mails.mailAbout(email, RESET, 2);
    expect((await reset(second.token)).status).toBe(204);
    expectProblem(await reset(token, 'what a thief would like'), 410, 'LINK_INVALID');
  });

  test('does not use the link up on a password that is refused', async () => {
    const { token, email } = await forget();
    const mailbox = email.split('@')[0] ?? '';
    for (const weak of ['elevenchars', 'passwordpassword', `${mailbox}!`]) {
      const answer = await reset(token, weak);
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body).toMatchObject({ errors: [{ path: 'newPassword' }] });
    }
    expect((await reset(token)).status).toBe(204);
  });

  test('has a link that expires', async () => {
    const { token, email } = await forget();
    await database.db.query(
      sql.typeAlias('void')`UPDATE account_requests SET expires_at = now() WHERE email = ${email}`,
    );
    expectProblem(await reset(token), 410, 'LINK_INVALID');
    expectProblem(await reset('x'.repeat(43)), 410, 'LINK_INVALID');
  });

  test('lets its owner in although somebody keeps guessing at the account', async () => {
    const { email, token } = await forget();
    for (let guess = 0; guess < FREE_FAILURES; guess++) await login(email, `wrong ${guess}`);
    await holdDelays(database.db);
    expectProblem(await login(email, 'anything'), 429, 'LOGIN_DELAYED');
    expect((await reset(token)).status).toBe(204);
    expect((await login(email, NEW_PASSWORD)).status).toBe(200);
  });

  test('is not replaced for an account that is being erased', async () => {
    const { token, userId } = await forget();
    await database.db.query(sql.typeAlias('void')`UPDATE users SET erasing_since = now() WHERE id = ${userId}`);
    expectProblem(await reset(token), 410, 'LINK_INVALID');
  });

  test('never takes an account, a role or an address from the request', async () => {
    const { token } = await forget();
    for (const extra of [{ userId: 'x' }, { email: 'x@example.com' }, { roles: ['admin'] }]) {
      const answer = await api.client.post('/api/v1/auth/password/reset', {
        token,
        newPassword: NEW_PASSWORD,
        ...extra,
      });
      expectProblem(answer, 422, 'VALIDATION_FAILED');
    }
  });
});
