import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildUser } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { holdDelays } from '../support/login-guards.ts';
import { openMailWorker, type MailWorker } from '../support/mail-worker.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PASSWORD = 'correct horse battery staple';
const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });

let database: TestDatabase;
/** Opens accounts at once. */
let direct: InProcessApi;
/** Has addresses confirmed first. */
let confirming: InProcessApi;
let mails: MailWorker;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
  direct = await openApi(environment);
  confirming = await openApi({ ...environment, extra: { REGISTRATION: 'confirmed' } });
  mails = await openMailWorker(environment);
});
afterAll(async () => {
  await mails.close();
  await confirming.close();
  await direct.close();
  await database.drop();
});

const uniqueEmail = () => `${crypto.randomUUID()}@example.com`;
const registerAt = ({ client }: InProcessApi, body: Record<string, unknown>) =>
  client.post('/api/v1/auth/register', { email: uniqueEmail(), password: PASSWORD, name: 'Ada', ...body });
const register = (body: Record<string, unknown>) => registerAt(direct, body);
const login = (email: string, password = PASSWORD) => direct.client.post('/api/v1/auth/login', { email, password });
const tokensOf = (answer: Answer) => Tokens.parse(answer.body);
const countAccounts = (email: string) =>
  database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM users WHERE email_key = ${email.toLowerCase()}`);

describe('opening an account at once', () => {
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
      deviceToken: expect.stringMatching(/^[\w-]{43}$/),
    });
    const me = await direct.client.as(tokensOf(answer).accessToken).get('/api/v1/users/me');
    expect(me.body).toMatchObject(z.object({ user: z.looseObject({}) }).parse(answer.body).user);
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

  test('takes two addresses that differ only in their Unicode form, or in what nobody sees, for one', async () => {
    const mailbox = crypto.randomUUID();
    await buildUser(database.db, { email: `k${mailbox}@example.com` });
    const lookalikes = ['\u212A', '\uFF4B', 'K', 'k\u200B', '\u00ADk', '\uFEFFk'].map(
      (k) => `${k}${mailbox}@EXAMPLE.com`,
    );
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
    ['one with a NUL', 'correct\0horse battery', /NUL/],
  ])('refuses a password that is %s', async (_what, password, message) => {
    const answer = await register({ email: 'lovelace@example.com', name: 'Ada Byron', password });
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'password', message: expect.stringMatching(message) }] });
    expect(answer.text).not.toContain(password);
  });

  test('refuses a guessable password, whether or not addresses are confirmed first, and takes no note of it', async () => {
    for (const api of [direct, confirming]) {
      const email = uniqueEmail();
      const answer = await registerAt(api, { email, password: 'passwordpassword' });
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body).toMatchObject({ errors: [{ path: 'password' }] });
      expect(await countAccounts(email)).toBe(0);
    }
  });

  test.each([
    'no-at-sign',
    'a@b',
    'two@@example.com',
    `${'x'.repeat(250)}@example.com`,
    'a@b.de\r\nBcc: c@d.de',
    '',
    5,
    null,
  ])('refuses %p as an address', async (email) => {
    const answer = await register({ email });
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'email' }] });
  });

  test.each([
    'Ada\r\nBcc: everybody@example.com',
    'Ada\u001B[31m',
    'Ada\u2028Lovelace',
    'Ada\u202Egnp.exe',
    'Ada\u0085',
  ])('refuses %j as a name', async (name) => {
    const answer = await register({ name });
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'name', message: 'must not contain control characters' }] });
  });

  test.each(['Ada Λ', 'José', 'مريم', '王小明', 'Zoë 👩‍🚀', "O'Brien-Smith"])('takes %s as a name', async (name) => {
    expect((await register({ name })).body).toMatchObject({ user: { name } });
  });

  test('lets nobody choose roles, an id, or that the address is verified', async () => {
    for (const field of ['roles', 'role', 'id', 'passwordHash', 'emailVerified', 'email_verified_at']) {
      for (const api of [direct, confirming]) {
        const answer = await registerAt(api, { [field]: ['admin'] });
        expectProblem(answer, 422, 'VALIDATION_FAILED');
        expect(answer.body).toMatchObject({ errors: [{ path: field, message: 'is not a known field' }] });
      }
    }
  });
});

describe('verifying an address', () => {
  const verify = (token: string, password = PASSWORD) =>
    direct.client.post('/api/v1/auth/email/verify', { token, password });
  const open = async (email: string): Promise<Client> =>
    direct.client.as(tokensOf(await register({ email })).accessToken);
  const isVerified = async (client: Client) =>
    z.object({ emailVerified: z.boolean() }).parse((await client.get('/api/v1/users/me')).body).emailVerified;

  test('works with the link that comes by mail, once', async () => {
    const email = uniqueEmail();
    const owner = await open(email);
    expect(await isVerified(owner)).toBe(false);
    const { token } = await mails.mailTo(email);
    const answer = await verify(token);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await isVerified(owner)).toBe(true);
    expectProblem(await verify(token), 410, 'LINK_INVALID');
  });

  test('needs the password too: a click of its owner does not lend an address to whoever opened an account with it', async () => {
    const email = uniqueEmail();
    const stranger = await open(email);
    const { token } = await mails.mailTo(email);
    expectProblem(await verify(token, 'not known to the owner'), 401, 'INVALID_CREDENTIALS');
    expectProblem(await direct.client.post('/api/v1/auth/email/verify', { token }), 422, 'VALIDATION_FAILED');
    expect(await isVerified(stranger)).toBe(false);
    expect((await verify(token)).status).toBe(204);
  });

  test('works with another link, until the address is verified', async () => {
    const email = uniqueEmail();
    const owner = await open(email);
    const first = await mails.mailTo(email);
    const again = await owner.post('/api/v1/auth/email/verification');
    expect([again.status, again.body]).toEqual([202, { status: 'sent' }]);
    const second = await mails.mailTo(email, 2);
    expect((await verify(second.token)).status).toBe(204);
    expectProblem(await verify(first.token), 410, 'LINK_INVALID');
    expectProblem(await owner.post('/api/v1/auth/email/verification'), 409, 'CONFLICT');
  });

  test('takes no token that was mailed for something else, has expired, or never was one', async () => {
    const email = uniqueEmail();
    const owner = await open(email);
    const { token } = await mails.mailTo(email);
    const reset = { token, newPassword: 'a wholly other password' };
    expectProblem(await direct.client.post('/api/v1/auth/password/reset', reset), 410, 'LINK_INVALID');
    expectProblem(
      await direct.client.post('/api/v1/auth/register/confirm', { token, password: PASSWORD }),
      410,
      'LINK_INVALID',
    );
    expectProblem(await verify('x'.repeat(43)), 410, 'LINK_INVALID');
    await database.db.query(
      sql.typeAlias('void')`UPDATE account_requests SET expires_at = now() WHERE email = ${email}`,
    );
    expectProblem(await verify(token), 410, 'LINK_INVALID');
    expect(await isVerified(owner)).toBe(false);
  });

  test('locks the account before the link, as everything does that takes links back: neither waits for the other', async () => {
    const email = uniqueEmail();
    const owner = await open(email);
    const { token } = await mails.mailTo(email);
    const { answer } = await database.db.transaction(async (tx) => {
      await tx.query(sql.typeAlias('void')`SELECT FROM users WHERE email_key = ${email} FOR NO KEY UPDATE`);
      const waiting = { answer: verify(token) };
      await eventually('the request waits for the account', () =>
        tx.exists(sql.typeAlias('void')`
          SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid`),
      );
      await tx.query(sql.typeAlias('void')`SELECT FROM account_requests WHERE email = ${email} FOR UPDATE NOWAIT`);
      return waiting;
    });
    expect((await answer).status).toBe(204);
    expect(await isVerified(owner)).toBe(true);
  });
});

describe('opening an account where addresses are confirmed first', () => {
  const confirm = (token: string, password = PASSWORD) =>
    confirming.client.post('/api/v1/auth/register/confirm', { token, password });

  test('answers a free address and a taken one the same, and opens nothing yet', async () => {
    const [free, taken] = [uniqueEmail(), uniqueEmail()];
    await buildUser(database.db, { email: taken });
    const answers = [await registerAt(confirming, { email: free }), await registerAt(confirming, { email: taken })];
    const [ofFree, ofTaken] = answers.map(({ status, body, headers }) => ({
      status,
      body,
      headers: [...headers.keys()].sort(),
    }));
    expect(ofFree).toEqual(ofTaken);
    expect(ofFree).toMatchObject({ status: 202, body: { status: 'confirmation_required' } });
    expect(await countAccounts(free)).toBe(0);
    expectProblem(await login(free), 401, 'INVALID_CREDENTIALS');
  });

  test('opens the account, verified, with the link that comes by mail, once', async () => {
    const email = `Maria.${uniqueEmail()}`;
    await registerAt(confirming, { email, name: 'Maria' });
    const mail = await mails.mailTo(email);
    expect(mail.text).not.toContain('Maria');
    const answer = await confirm(mail.token);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ user: { email, name: 'Maria', roles: ['learner'] } });
    const me = await confirming.client.as(tokensOf(answer).accessToken).get('/api/v1/users/me');
    expect(me.body).toMatchObject({ emailVerified: true });
    expect((await login(email)).status).toBe(200);
    expectProblem(await confirm(mail.token), 410, 'LINK_INVALID');
  });

  test('opens none for who follows a link that somebody else asked for: they do not know the password', async () => {
    const email = uniqueEmail();
    await registerAt(confirming, { email, password: 'what a thief would like' });
    const { token } = await mails.mailTo(email);
    expectProblem(await confirm(token, 'what the owner would like'), 401, 'INVALID_CREDENTIALS');
    expect(await countAccounts(email)).toBe(0);
    expect((await confirm(token, 'what a thief would like')).status).toBe(201);
  });

  test('soon looks at no more guesses at the password of a link', async () => {
    const strict = await openApi({
      databaseUri: database.uri,
      prefix: uniquePrefix(),
      extra: { REGISTRATION: 'confirmed', LOGIN_FAILURES_BEFORE_DELAY: '2' },
    });
    try {
      const email = uniqueEmail();
      await registerAt(strict, { email });
      const { token } = await mails.mailTo(email);
      const guess = () => strict.client.post('/api/v1/auth/register/confirm', { token, password: 'a guess' });
      expect([(await guess()).status, (await guess()).status]).toEqual([401, 401]);
      await holdDelays(database.db);
      expectProblem(await guess(), 429, 'LOGIN_DELAYED');
    } finally {
      await strict.close();
    }
  });

  test('tells the owner of a taken address alone, and hands out no link', async () => {
    const email = uniqueEmail();
    await buildUser(database.db, { email });
    await registerAt(confirming, { email: email.toUpperCase(), password: 'what a thief would like' });
    const mail = await mails.mailTo(email);
    expect(mail.subject).toMatch(/have a Learnify account already/);
    expect(mail.link).toBeNull();
    expectProblem(await login(email, 'what a thief would like'), 401, 'INVALID_CREDENTIALS');
  });

  test('opens one account for one address, however many links were mailed', async () => {
    const email = uniqueEmail();
    await registerAt(confirming, { email, name: 'First' });
    const first = await mails.mailTo(email, 1);
    await registerAt(confirming, { email, name: 'Second' });
    const second = await mails.mailTo(email, 2);
    const answers = await Promise.all([confirm(first.token), confirm(second.token)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409]);
    expect(await countAccounts(email)).toBe(1);
  });

  test('is what production does unless told otherwise', async () => {
    const extra = { SERVER_ENV: 'production' };
    const production = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
    try {
      expect((await registerAt(production, {})).status).toBe(202);
    } finally {
      await production.close();
    }
  });

  test('keeps neither a token nor a password in what it writes down', async () => {
    const email = uniqueEmail();
    await registerAt(confirming, { email });
    const { token } = await mails.mailTo(email);
    const stored = await database.db.oneFirst(sql.type(z.strictObject({ stored: z.string() }))`
      SELECT concat((SELECT string_agg(r::text, ' ') FROM account_requests r), (SELECT string_agg(m::text, ' ') FROM mails m),
        (SELECT string_agg(a::text, ' ') FROM audit_log a), (SELECT string_agg(o::text, ' ') FROM outbox o)) AS stored`);
    expect(stored).toContain(email);
    expect(stored).not.toContain(token);
    expect(stored).not.toContain(PASSWORD);
    expect(
      confirming
        .logs()
        .map((line) => JSON.stringify(line))
        .join(),
    ).not.toMatch(new RegExp(`${email}|${token}|${PASSWORD}`));
  });
});
