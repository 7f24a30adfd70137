import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { forgetGuards, holdDelays } from '../support/login-guards.ts';
import { accessTokenOf, buildAccount, logInToOps, OPS_PASSWORD, sendLogin } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import {
  activateSecondFactor,
  codeOf,
  forgetUsedCodes,
  wrongCodeOf,
  type SecondFactor,
} from '../support/second-factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const BOARD = '/ops/queues/api/queues';

let database: TestDatabase;
let api: InProcessApi;
let production: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({
    databaseUri: database.uri,
    prefix: uniquePrefix(),
    extra: { LOGIN_FAILURES_BEFORE_DELAY: '5' },
  });
  const extra = { SERVER_ENV: 'production', MFA_ENCRYPTION_KEY: 'mN7cH1nR5tV9yE3wS6xM2bG8fD4zP0qL' };
  production = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
});
afterAll(async () => {
  await Promise.all([api.close(), production.close()]);
  await database.drop();
});

async function withSecondFactor(
  role: 'learner' | 'operator' | 'admin',
  { client }: InProcessApi = api,
): Promise<SecondFactor & { id: string; email: string }> {
  const account = await buildAccount(database.db, role);
  const factor = await activateSecondFactor(client.as(await accessTokenOf(client, account.email)));
  return { ...account, ...factor };
}

const cookieOf = ({ headers }: Answer) => ({ Cookie: (headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' });
const alertIn = ({ text }: Answer): string => /role="alert">([^<]*)</.exec(text)?.[1] ?? '';

describe("logging in at the operators' pages with a second factor", () => {
  test('takes email, password and code together, from an app or a recovery code', async () => {
    const operator = await withSecondFactor('operator');
    const form = await api.client.get('/ops/login');
    expect(form.text).toContain('autocomplete="one-time-code"');
    expect(form.headers.get('cache-control')).toBe('no-store');
    const session = await logInToOps(api.client, operator.email, codeOf(operator.secret, 1));
    expect((await api.client.get(BOARD, session)).status).toBe(200);
    const recovered = await logInToOps(api.client, operator.email, operator.recoveryCodes[0]);
    expect((await api.client.get(BOARD, recovered)).status).toBe(200);
  });

  test('answers alike whether the password, the account or the code is wrong, the code missing or used', async () => {
    const operator = await withSecondFactor('operator');
    const send = (email: string, password: string, code: string) => sendLogin(api.client, email, password, {}, code);
    const answers = [
      await send(operator.email, 'wrong password', codeOf(operator.secret, 1)),
      await send('nobody@example.com', OPS_PASSWORD, codeOf(operator.secret, 1)),
      await send(operator.email, OPS_PASSWORD, ''),
      await send(operator.email, OPS_PASSWORD, wrongCodeOf(operator.secret)),
      await send(operator.email, OPS_PASSWORD, operator.activationCode),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('set-cookie'), answer.text]).toEqual([401, null, answers[0]?.text]);
    }
    expect(alertIn(answers[0] as Answer)).toMatch(/email address, the password or the code/);
  });

  test('slows guesses of codes down', async () => {
    const operator = await withSecondFactor('operator');
    for (let guess = 0; guess < 5; guess += 1) {
      await sendLogin(api.client, operator.email, OPS_PASSWORD, {}, wrongCodeOf(operator.secret));
    }
    await holdDelays(database.db);
    const delayed = await sendLogin(api.client, operator.email, OPS_PASSWORD, {}, codeOf(operator.secret, 1));
    expect([delayed.status, delayed.headers.get('set-cookie')]).toEqual([429, null]);
    expect(Number(delayed.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('lets no learner in who has one', async () => {
    const learner = await withSecondFactor('learner');
    expect((await sendLogin(api.client, learner.email)).status).toBe(401);
    expect((await sendLogin(api.client, learner.email, OPS_PASSWORD, {}, codeOf(learner.secret, 1))).status).toBe(403);
  });

  test('ends with the second factor that it was made with', async () => {
    const operator = await withSecondFactor('operator');
    const session = await logInToOps(api.client, operator.email, codeOf(operator.secret, 1));
    expect((await operator.client.post('/api/v1/auth/mfa/disable')).status).toBe(204);
    expectProblem(await api.client.get(BOARD, session), 401, 'UNAUTHENTICATED');
  });
});

describe("a login at the operators' pages", () => {
  test('takes the place of the session that the browser had, and adopts none that was planted', async () => {
    const [operator, other] = [await buildAccount(database.db, 'operator'), await buildAccount(database.db, 'admin')];
    const planted = await logInToOps(api.client, other.email);
    const session = cookieOf(await sendLogin(api.client, operator.email, OPS_PASSWORD, planted));
    expect(session).not.toEqual(planted);
    expectProblem(await api.client.get(BOARD, planted), 401, 'UNAUTHENTICATED');
    const madeUp = { Cookie: `learnify_ops=${'A'.repeat(43)}` };
    expect(cookieOf(await sendLogin(api.client, operator.email, OPS_PASSWORD, madeUp))).not.toEqual(madeUp);
    expectProblem(await api.client.get(BOARD, madeUp), 401, 'UNAUTHENTICATED');
    expect((await api.client.get(BOARD, session)).status).toBe(200);
  });

  test('is not kept waiting by guesses elsewhere, in a browser that was logged in before', async () => {
    const operator = await buildAccount(database.db, 'operator');
    const [, device = ''] = (await sendLogin(api.client, operator.email)).headers.getSetCookie();
    expect(device).toMatch(
      /^learnify_ops_device=[\w-]{43}; Max-Age=15552000; Path=\/ops\/login; HttpOnly; SameSite=Strict$/,
    );
    const Cookie = device.split(';', 1)[0] ?? '';
    for (let guess = 0; guess < 5; guess += 1) await sendLogin(api.client, operator.email, 'wrong password');
    await holdDelays(database.db);
    expect((await sendLogin(api.client, operator.email)).status).toBe(429);
    expect((await sendLogin(api.client, operator.email, OPS_PASSWORD, { Cookie })).status).toBe(303);
    expectProblem(await api.client.get(BOARD, { Cookie }), 401, 'UNAUTHENTICATED');
    await forgetGuards(database.db);
  });

  test('that fails leaves the session of the browser alone', async () => {
    const operator = await buildAccount(database.db, 'operator');
    const session = await logInToOps(api.client, operator.email);
    expect((await sendLogin(api.client, operator.email, 'wrong password', session)).status).toBe(401);
    expect((await api.client.get(BOARD, session)).status).toBe(200);
  });

  test('needs a second factor in production, and says how to get one', async () => {
    const operator = await buildAccount(database.db, 'operator');
    const refused = await sendLogin(production.client, operator.email);
    expect([refused.status, refused.headers.get('set-cookie')]).toEqual([403, null]);
    expect(alertIn(refused)).toContain('/api/v1/auth/mfa/setup');
    const outside = await logInToOps(api.client, operator.email);
    const carried = { Cookie: outside.Cookie.replace('learnify_ops', '__Secure-learnify_ops') };
    expectProblem(await production.client.get(BOARD, carried), 403, 'MFA_REQUIRED');
  });

  test('sets a cookie in production that only TLS carries and only TLS can set', async () => {
    const admin = await withSecondFactor('admin', production);
    await forgetUsedCodes(database.db, admin.id);
    const answer = await sendLogin(production.client, admin.email, OPS_PASSWORD, {}, codeOf(admin.secret));
    const [pair = '', ...attributes] = (answer.headers.getSetCookie()[0] ?? '').split('; ');
    expect(pair).toMatch(/^__Secure-learnify_ops=[\w-]{43}$/);
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=28800', 'Path=/ops', 'SameSite=Strict', 'Secure']);
    expect((await production.client.get(BOARD, cookieOf(answer))).status).toBe(200);
    const unprefixed = { Cookie: pair.replace('__Secure-', '') };
    expectProblem(await production.client.get(BOARD, unprefixed), 401, 'UNAUTHENTICATED');
  });

  test('is kept with how it was proved', async () => {
    const admin = await withSecondFactor('admin');
    await logInToOps(api.client, admin.email, codeOf(admin.secret, 1));
    const sessions = await database.db.any(
      sql.type(z.strictObject({ kind: z.string(), second_factor: z.boolean() }))`
        SELECT kind, second_factor FROM sessions WHERE user_id = ${admin.id} AND revoked_at IS NULL ORDER BY kind`,
    );
    expect(sessions).toEqual([
      { kind: 'api', second_factor: true },
      { kind: 'ops', second_factor: true },
    ]);
  });
});
