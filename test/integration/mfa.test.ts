import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { deleteUnfinishedMfa } from '../../shared/identity/mfa.repository.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { endDelays, forgetGuards, holdDelays } from '../support/login-guards.ts';
import { expectProblem } from '../support/problems.ts';
import {
  activateSecondFactor,
  beginSetup,
  codeOf,
  forgetUsedCodes,
  wrongCodeOf,
  type SecondFactor,
} from '../support/second-factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string(), deviceToken: z.string().optional() });
const Challenge = z.strictObject({ mfaRequired: z.literal(true), mfaToken: z.string() });

type Learner = Awaited<ReturnType<Client['registerLearner']>>;

let database: TestDatabase;
let api: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({
    databaseUri: database.uri,
    prefix: uniquePrefix(),
    extra: { LOGIN_FAILURES_BEFORE_DELAY: '5' },
  });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const logIn = ({ email, password }: Learner, more = {}) =>
  api.client.post('/api/v1/auth/login', { email, password, ...more });
const challengeOf = async (learner: Learner): Promise<string> => Challenge.parse((await logIn(learner)).body).mfaToken;
const verify = (mfaToken: string, code: string, more = {}) =>
  api.client.post('/api/v1/auth/mfa/verify', { mfaToken, code, ...more });
const refresh = (refreshToken: string) => api.client.post('/api/v1/auth/refresh', { refreshToken });
const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status).toSorted((a, b) => a - b);
const amrOf = ({ body }: Answer) => decodeJwt(Tokens.parse(body).accessToken)['amr'];

async function registerWithSecondFactor(): Promise<{ learner: Learner; factor: SecondFactor }> {
  const learner = await api.client.registerLearner();
  return { learner, factor: await activateSecondFactor(learner.client) };
}

const actionsOf = async (userId: string): Promise<readonly string[]> =>
  database.db.anyFirst(
    sql.type(
      z.strictObject({ action: z.string() }),
    )`SELECT action FROM audit_log WHERE actor_id = ${userId} ORDER BY id`,
  );
const mailedChangesTo = async (userId: string): Promise<readonly string[]> =>
  database.db.anyFirst(sql.type(z.strictObject({ change: z.string() }))`
    SELECT details ->> 'change' AS change FROM mails WHERE user_id = ${userId} AND template = 'mfa_changed' ORDER BY created_at`);

describe('setting a second factor up', () => {
  test('hands out a secret that changes nothing until a code was shown', async () => {
    const learner = await api.client.registerLearner();
    const answer = await learner.client.post('/api/v1/auth/mfa/setup');
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.body).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      otpauthUri: expect.stringContaining(
        `otpauth://totp/Learnify:${encodeURIComponent(learner.email)}?issuer=Learnify&`,
      ),
    });
    expect(Tokens.safeParse((await logIn(learner)).body).success).toBe(true);
    expect(await actionsOf(learner.userId)).toContain('mfa.setup_started');
  });

  test('wants a right code, of the last setup, soon', async () => {
    const learner = await api.client.registerLearner();
    const activate = (code: string) => learner.client.post('/api/v1/auth/mfa/activate', { code });
    expectProblem(await activate('123456'), 409, 'MFA_INACTIVE');
    const abandoned = await beginSetup(learner.client);
    const secret = await beginSetup(learner.client);
    expectProblem(await activate(wrongCodeOf(secret)), 401, 'INVALID_CREDENTIALS');
    expectProblem(await activate(codeOf(abandoned)), 401, 'INVALID_CREDENTIALS');
    expectProblem(await activate('9F3K-0000-0000-0000'), 401, 'INVALID_CREDENTIALS');
    expectProblem(await activate('12'), 422, 'VALIDATION_FAILED');
    expectProblem(await activate("123456' OR 1=1"), 422, 'VALIDATION_FAILED');
    await database.db.query(sql.typeAlias('void')`
      UPDATE mfa_setups SET created_at = now() - interval '31 minutes' WHERE user_id = ${learner.userId}`);
    expectProblem(await activate(codeOf(secret)), 409, 'MFA_INACTIVE');
    expect(Tokens.safeParse((await logIn(learner)).body).success).toBe(true);
  });

  test('slows down who guesses the code of a setup that somebody else began', async () => {
    const learner = await api.client.registerLearner();
    const secret = await beginSetup(learner.client);
    const activate = (code: string) => learner.client.post('/api/v1/auth/mfa/activate', { code });
    for (let guess = 0; guess < 5; guess += 1) await activate(wrongCodeOf(secret));
    await holdDelays(database.db);
    expectProblem(await activate(codeOf(secret)), 429, 'LOGIN_DELAYED');
    expect((await actionsOf(learner.userId)).filter((action) => action === 'mfa.failed')).toHaveLength(5);
  });

  test('keeps nobody from logging in who wants codes without a setup', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const activate = () => factor.client.post('/api/v1/auth/mfa/activate', { code: '123456' });
    for (let guess = 0; guess < 5; guess += 1) expectProblem(await activate(), 409, 'MFA_ACTIVE');
    await holdDelays(database.db);
    expectProblem(await activate(), 429, 'LOGIN_DELAYED');
    expect((await verify(await challengeOf(learner), codeOf(factor.secret, 1))).status).toBe(200);
  });

  test('is finished in the session that began it, where its owner had just proved who they are', async () => {
    const learner = await api.client.registerLearner();
    const other = api.client.as(Tokens.parse((await logIn(learner)).body).accessToken);
    const code = codeOf(await beginSetup(learner.client));
    expectProblem(await other.post('/api/v1/auth/mfa/activate', { code }), 409, 'MFA_INACTIVE');
    expect((await learner.client.post('/api/v1/auth/mfa/activate', { code })).status).toBe(200);
  });

  test('succeeds once when it is finished twice at the same time', async () => {
    const learner = await api.client.registerLearner();
    const code = codeOf(await beginSetup(learner.client));
    const activate = () => learner.client.post('/api/v1/auth/mfa/activate', { code });
    expect(statusesOf(await Promise.all([activate(), activate()]))).toEqual([200, 409]);
    const codes = await database.db.oneFirst(sql.typeAlias('count')`
      SELECT count(*) AS count FROM mfa_recovery_codes WHERE user_id = ${learner.userId}`);
    expect(codes).toBe(10);
  });

  test('gives ten recovery codes and a token that counts at once, and ends every other session', async () => {
    const learner = await api.client.registerLearner();
    const other = Tokens.parse((await logIn(learner)).body);
    const { recoveryCodes, client } = await activateSecondFactor(learner.client);
    expect(new Set(recoveryCodes).size).toBe(10);
    expect((await client.get('/api/v1/users/me')).body).toMatchObject({ secondFactorActive: true });
    expect(amrOf(await refresh(learner.refreshToken))).toEqual(['pwd', 'otp', 'mfa']);
    expectProblem(await refresh(other.refreshToken), 401, 'UNAUTHENTICATED');
    await eventually('the other access token is revoked', async () => {
      const { status } = await api.client.as(other.accessToken).get('/api/v1/users/me');
      return status === 401;
    });
    expect(await mailedChangesTo(learner.userId)).toEqual(['activated']);
    expect(await actionsOf(learner.userId)).toContain('mfa.activated');
  });

  test('is refused while there is one, which can be replaced without being off for a moment', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    expectProblem(await factor.client.post('/api/v1/auth/mfa/setup'), 409, 'MFA_ACTIVE');
    const secret = await beginSetup(factor.client, 'replace');
    expect((await verify(await challengeOf(learner), codeOf(factor.secret, 1))).status).toBe(200);
    expect((await factor.client.post('/api/v1/auth/mfa/activate', { code: codeOf(secret) })).status).toBe(200);
    await forgetUsedCodes(database.db, learner.userId);
    const mfaToken = await challengeOf(learner);
    expectProblem(await verify(mfaToken, codeOf(factor.secret)), 401, 'INVALID_CREDENTIALS');
    expectProblem(await verify(mfaToken, factor.recoveryCodes[0] ?? ''), 401, 'INVALID_CREDENTIALS');
    expect((await verify(mfaToken, codeOf(secret))).status).toBe(200);
    const none = await api.client.registerLearner();
    expectProblem(await none.client.post('/api/v1/auth/mfa/replace'), 409, 'MFA_INACTIVE');
  });

  test('leaves nothing readable behind: not in the database, the audit log or the logs', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    await verify(await challengeOf(learner), factor.recoveryCodes[0] ?? '');
    const stored = await database.db.oneFirst(sql.type(z.strictObject({ stored: z.string() }))`
      SELECT concat(
        (SELECT string_agg(s::text, ' ') FROM mfa_secrets s), (SELECT string_agg(encode(secret_encrypted, 'escape'), ' ') FROM mfa_secrets),
        (SELECT string_agg(c::text, ' ') FROM mfa_recovery_codes c), (SELECT string_agg(l::text, ' ') FROM audit_log l),
        (SELECT string_agg(m::text, ' ') FROM mails m), (SELECT string_agg(h::text, ' ') FROM mfa_challenges h)) AS stored`);
    const everything = stored + JSON.stringify(api.logs());
    expect(everything).not.toContain(factor.secret);
    for (const code of factor.recoveryCodes) {
      expect(everything).not.toContain(code);
      expect(everything).not.toContain(code.replaceAll('-', ''));
    }
  });
});

describe('logging in with a second factor', () => {
  test('asks for its code after the password, and tells nobody without the password that there is one', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    expectProblem(await logIn({ ...learner, password: 'not the password' }), 401, 'INVALID_CREDENTIALS');
    const mfaToken = await challengeOf(learner);
    expect((await actionsOf(learner.userId)).at(-1)).toBe('login.second_factor_wanted');
    const answer = await verify(mfaToken, codeOf(factor.secret, 1));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ user: { id: learner.userId }, deviceToken: expect.any(String) });
    expect(amrOf(answer)).toEqual(['pwd', 'otp', 'mfa']);
    expect((await actionsOf(learner.userId)).at(-1)).toBe('login.succeeded');
    const { deviceToken, refreshToken } = Tokens.parse(answer.body);
    expect(amrOf(await refresh(refreshToken))).toEqual(['pwd', 'otp', 'mfa']);
    await forgetUsedCodes(database.db, learner.userId);
    const again = await verify(await challengeOf(learner), codeOf(factor.secret), { deviceToken });
    expect(Tokens.parse(again.body).deviceToken).toBe(deviceToken);
  });

  test('the first half alone opens nothing, and neither half is a token of another kind', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const mfaToken = await challengeOf(learner);
    expectProblem(await api.client.as(mfaToken).get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(mfaToken), 401, 'UNAUTHENTICATED');
    expectProblem(await verify(learner.refreshToken, codeOf(factor.secret, 1)), 401, 'UNAUTHENTICATED');
    expectProblem(await verify('made up', codeOf(factor.secret, 1)), 401, 'UNAUTHENTICATED');
  });

  test("takes no code of another account's app", async () => {
    const { learner } = await registerWithSecondFactor();
    const { factor: foreign } = await registerWithSecondFactor();
    const mfaToken = await challengeOf(learner);
    expectProblem(await verify(mfaToken, codeOf(foreign.secret, 1)), 401, 'INVALID_CREDENTIALS');
    expectProblem(await verify(mfaToken, foreign.recoveryCodes[0] ?? ''), 401, 'INVALID_CREDENTIALS');
  });

  test('takes each code once: not again, not an older one after it, and of many at once one', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const mfaToken = await challengeOf(learner);
    expectProblem(await verify(mfaToken, factor.activationCode), 401, 'INVALID_CREDENTIALS');
    const next = codeOf(factor.secret, 1);
    const tokens = await Promise.all(Array.from({ length: 4 }, () => challengeOf(learner)));
    const answers = await Promise.all(tokens.map((token) => verify(token, next)));
    expect(statusesOf(answers)).toEqual([200, 401, 401, 401]);
    expectProblem(await verify(mfaToken, factor.activationCode), 401, 'INVALID_CREDENTIALS');
  });

  test('finishes once for each first half', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const mfaToken = await challengeOf(learner);
    expect((await verify(mfaToken, codeOf(factor.secret, 1))).status).toBe(200);
    await forgetUsedCodes(database.db, learner.userId);
    expectProblem(await verify(mfaToken, codeOf(factor.secret)), 401, 'UNAUTHENTICATED');
    expect((await verify(await challengeOf(learner), codeOf(factor.secret))).status).toBe(200);
  });

  test('has to begin anew after five minutes, a change of the password, or the end of the account', async () => {
    const ends = [
      (token: string) => sql.typeAlias('void')`
        UPDATE mfa_challenges SET expires_at = now() WHERE token_hash = sha256(convert_to(${token}, 'UTF8'))`,
      (_token: string, id: string) =>
        sql.typeAlias('void')`UPDATE users SET password_changed_at = now() WHERE id = ${id}`,
      (_token: string, id: string) => sql.typeAlias('void')`UPDATE users SET erasing_since = now() WHERE id = ${id}`,
    ];
    const { learner, factor } = await registerWithSecondFactor();
    for (const end of ends) {
      const mfaToken = await challengeOf(learner);
      await database.db.query(end(mfaToken, learner.userId));
      expectProblem(await verify(mfaToken, codeOf(factor.secret, 1)), 401, 'UNAUTHENTICATED');
    }
  });

  test('slows down who guesses codes, over all their logins, and takes no right one meanwhile', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const wrong = wrongCodeOf(factor.secret);
    for (let guess = 0; guess < 5; guess += 1) {
      expectProblem(await verify(await challengeOf(learner), wrong), 401, 'INVALID_CREDENTIALS');
    }
    await holdDelays(database.db);
    const mfaToken = await challengeOf(learner);
    const delayed = await verify(mfaToken, codeOf(factor.secret, 1));
    expectProblem(delayed, 429, 'LOGIN_DELAYED');
    expect(Number(delayed.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await actionsOf(learner.userId)).filter((action) => action === 'mfa.failed')).toHaveLength(5);
    await endDelays(database.db);
    expect((await verify(mfaToken, codeOf(factor.secret, 1))).status).toBe(200);
  });

  test('looks at no more codes when they are guessed side by side', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const mfaToken = await challengeOf(learner);
    const wrong = wrongCodeOf(factor.secret);
    const answers = await Promise.all(Array.from({ length: 12 }, () => verify(mfaToken, wrong)));
    // To look at all of them would take more than two minutes of delays.
    expect(answers.map(({ status }) => status)).toContain(429);
  });
});

describe('a known device, at the second half of a login,', () => {
  async function logInOnDevice() {
    const { learner, factor } = await registerWithSecondFactor();
    const { deviceToken } = Tokens.parse((await verify(await challengeOf(learner), codeOf(factor.secret, 1))).body);
    await forgetUsedCodes(database.db, learner.userId);
    const knownDevices = () =>
      database.db.oneFirst(sql.type(z.strictObject({ count: z.int() }))`
        SELECT count(*)::int AS count FROM known_devices WHERE user_id = ${learner.userId}`);
    return { learner, factor, deviceToken, knownDevices };
  }
  /** Shows a wrong code after a right password, both on the device if one is given. */
  async function showWrongCode(learner: Learner, secret: string, device = {}) {
    const { mfaToken } = Challenge.parse((await logIn(learner, device)).body);
    return verify(mfaToken, wrongCodeOf(secret), device);
  }

  test('is let in whatever codes others try who know the password, and nobody is told that a reset would help', async () => {
    const { learner, factor, deviceToken } = await logInOnDevice();
    for (let guess = 0; guess < 5; guess += 1) await showWrongCode(learner, factor.secret);
    await holdDelays(database.db);
    const delayed = await verify(await challengeOf(learner), codeOf(factor.secret));
    expectProblem(delayed, 429, 'LOGIN_DELAYED');
    expect(delayed.body).toMatchObject({ detail: 'There were too many failed attempts. Wait before the next.' });
    const answer = await verify(await challengeOf(learner), codeOf(factor.secret), { deviceToken });
    expect([answer.status, Tokens.parse(answer.body).deviceToken]).toEqual([200, deviceToken]);
  });

  test('waits after its own wrong codes, which no right password excuses, and is a stranger after ten', async () => {
    await forgetGuards(database.db);
    const { learner, factor, deviceToken, knownDevices } = await logInOnDevice();
    const known = await knownDevices();
    for (let guess = 1; guess <= 10; guess += 1) {
      expect(await knownDevices()).toBe(known);
      expectProblem(await showWrongCode(learner, factor.secret, { deviceToken }), 401, 'INVALID_CREDENTIALS');
      if (guess === 5) {
        await holdDelays(database.db);
        const { mfaToken } = Challenge.parse((await logIn(learner, { deviceToken })).body);
        expectProblem(await verify(mfaToken, codeOf(factor.secret), { deviceToken }), 429, 'LOGIN_DELAYED');
      }
      await endDelays(database.db);
    }
    expect(await knownDevices()).toBe(known - 1);
    expect((await verify(await challengeOf(learner), codeOf(factor.secret), { deviceToken })).status).toBe(200);
  });
});

test('what nobody finished is removed by and by', async () => {
  const { learner } = await registerWithSecondFactor();
  const [old, young] = [await api.client.registerLearner(), await api.client.registerLearner()];
  await Promise.all([challengeOf(learner), beginSetup(old.client), beginSetup(young.client)]);
  await database.db.query(sql.typeAlias('void')`
    UPDATE mfa_challenges SET expires_at = now() WHERE user_id = ${learner.userId}`);
  await database.db.query(sql.typeAlias('void')`
    UPDATE mfa_setups SET created_at = now() - interval '1 day' WHERE user_id = ${old.userId}`);
  await deleteUnfinishedMfa(database.db);
  const left = await database.db.anyFirst(sql.type(z.strictObject({ user_id: z.string() }))`
    SELECT user_id FROM mfa_challenges WHERE user_id = ${learner.userId}
    UNION SELECT user_id FROM mfa_setups WHERE user_id IN (${old.userId}, ${young.userId})`);
  expect(left).toEqual([young.userId]);
});

describe('recovery codes', () => {
  test('work in place of a code, once each, however they are typed, and their use is told', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const [first = '', second = '', third = ''] = factor.recoveryCodes;
    expect((await verify(await challengeOf(learner), first.toLowerCase().replaceAll('-', ' '))).status).toBe(200);
    expectProblem(await verify(await challengeOf(learner), first), 401, 'INVALID_CREDENTIALS');
    const tokens = await Promise.all(Array.from({ length: 3 }, () => challengeOf(learner)));
    const answers = await Promise.all(tokens.map((token) => verify(token, second)));
    expect(statusesOf(answers)).toEqual([200, 401, 401]);
    expect((await verify(await challengeOf(learner), third)).status).toBe(200);
    expect((await mailedChangesTo(learner.userId)).filter((change) => change === 'recovery_code_used')).toHaveLength(3);
    const actions = await actionsOf(learner.userId);
    expect(actions.filter((action) => action === 'mfa.recovery_code_used')).toHaveLength(3);
  });

  test('are replaced all at once', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const answer = await factor.client.post('/api/v1/auth/mfa/recovery-codes');
    const { recoveryCodes } = z.strictObject({ recoveryCodes: z.array(z.string()).length(10) }).parse(answer.body);
    expectProblem(await verify(await challengeOf(learner), factor.recoveryCodes[0] ?? ''), 401, 'INVALID_CREDENTIALS');
    expect((await verify(await challengeOf(learner), recoveryCodes[9] ?? '')).status).toBe(200);
    expect(await mailedChangesTo(learner.userId)).toEqual([
      'activated',
      'recovery_codes_replaced',
      'recovery_code_used',
    ]);
    expect(await actionsOf(learner.userId)).toContain('mfa.recovery_codes_replaced');
    const none = await api.client.registerLearner();
    expectProblem(await none.client.post('/api/v1/auth/mfa/recovery-codes'), 409, 'MFA_INACTIVE');
  });
});

describe('doing without a second factor again', () => {
  test('leaves nothing of it, asks for no code any more, and ends every other session', async () => {
    const { learner, factor } = await registerWithSecondFactor();
    const other = Tokens.parse((await verify(await challengeOf(learner), codeOf(factor.secret, 1))).body);
    const waiting = await challengeOf(learner);
    expect((await factor.client.post('/api/v1/auth/mfa/disable')).status).toBe(204);
    expectProblem(await verify(waiting, codeOf(factor.secret)), 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(other.refreshToken), 401, 'UNAUTHENTICATED');
    expect(amrOf(await refresh(learner.refreshToken))).toEqual(['pwd']);
    expect(amrOf(await logIn(learner))).toEqual(['pwd']);
    const left = await database.db.oneFirst(sql.typeAlias('count')`
      SELECT (SELECT count(*) FROM mfa_secrets WHERE user_id = ${learner.userId})
        + (SELECT count(*) FROM mfa_recovery_codes WHERE user_id = ${learner.userId}) AS count`);
    expect(left).toBe(0);
    expect(await mailedChangesTo(learner.userId)).toEqual(['activated', 'disabled']);
    expect(await actionsOf(learner.userId)).toContain('mfa.disabled');
    expectProblem(await factor.client.post('/api/v1/auth/mfa/disable'), 409, 'MFA_INACTIVE');
  });
});
