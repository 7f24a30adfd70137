import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { assuranceOf } from '../../api/http/assurance.ts';
import type { Route } from '../../api/http/define-route.ts';
import { apiRoutes, systemRoutes } from '../../api/routes.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { actorOf } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { buildExercise, buildUser } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { holdDelays } from '../support/login-guards.ts';
import { buildAccount, OPS_PASSWORD } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { buildReview } from '../support/reviews.ts';
import { activateSecondFactor, codeOf, forgetUsedCodes, wrongCodeOf } from '../support/second-factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const OPS_TOKEN = 'mN7cH1nR5tV9yE3wS6xM2bG8fD4zP0qL';
const Answer = z.object({ accessToken: z.string(), refreshToken: z.string() });
const Access = z.strictObject({ accessToken: z.string(), expiresIn: z.literal(900), token: z.string() });

type Learner = Awaited<ReturnType<Client['registerLearner']>>;

let database: TestDatabase;
let api: InProcessApi;
/** Operators and admins need a second factor here, as in production. */
let strict: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({
    databaseUri: database.uri,
    prefix: uniquePrefix(),
    extra: { LOGIN_FAILURES_BEFORE_DELAY: '5' },
  });
  const extra = { MFA_REQUIRED_ROLES: 'operator,admin', OPS_TOKEN };
  strict = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
});
afterAll(async () => {
  await Promise.all([api.close(), strict.close()]);
  await database.drop();
});

/** Makes a learner's login an old one, and refreshes its token: refreshing proves nothing. */
async function letTimePass({ client, refreshToken, userId }: Learner): Promise<Client> {
  await database.db.query(sql.typeAlias('void')`
    UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${userId}`);
  const { body } = await api.client.post('/api/v1/auth/refresh', { refreshToken });
  return client.as(Answer.parse(body).accessToken);
}

const stepUp = (client: Client, body: unknown) => client.post('/api/v1/auth/step-up', body);
const setUp = (client: Client) => client.post('/api/v1/auth/mfa/setup');
const actionsOf = async (userId: string): Promise<readonly string[]> =>
  database.db.anyFirst(
    sql.type(
      z.strictObject({ action: z.string() }),
    )`SELECT action FROM audit_log WHERE actor_id = ${userId} ORDER BY id`,
  );

describe('what only a recent proof of identity opens', () => {
  const routesOf = ({ deps }: InProcessApi): Route[] => [...apiRoutes(deps), ...systemRoutes(deps)];

  test('is what somebody with a stolen session must not do', () => {
    const guarded = routesOf(api).filter(({ stepUp: needsProof }) => needsProof);
    expect(guarded.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'delete /users/me',
      'get /users/me/export',
      'post /auth/mfa/disable',
      'post /auth/mfa/recovery-codes',
      'post /auth/mfa/replace',
      'post /auth/mfa/setup',
      'put /ops/ai/switch',
      'put /ops/users/:id/roles',
    ]);
  });

  test('stays shut for an older one, on every such route and before anything is looked at', async () => {
    const user = await buildUser(database.db, { roles: ['learner', 'admin'] });
    const authenticatedAt = Math.floor(Date.now() / 1000) - 601;
    const token = await api.deps.identity.accessTokens.sign({ ...actorOf(user.id, 'admin'), authenticatedAt });
    const client = api.client.as(token);
    for (const { method, path, body } of routesOf(api).filter((route) => route.stepUp)) {
      const url = `/api/v1${path.replace(':id', newId())}`;
      const answer = await client.request(method.toUpperCase(), url, body === undefined ? undefined : '{}');
      expectProblem(answer, 403, 'STEP_UP_REQUIRED');
    }
    expect((await client.get('/api/v1/users/me')).status).toBe(200);
  });

  test('says so in its documentation', async () => {
    const { body } = await api.client.get('/openapi.json');
    const { paths } = z
      .object({
        paths: z.record(z.string(), z.record(z.string(), z.object({ description: z.string(), responses: z.any() }))),
      })
      .parse(body);
    const setup = paths['/api/v1/auth/mfa/setup']?.['post'];
    expect(setup?.description).toContain('POST /auth/step-up');
    expect(JSON.stringify(setup?.responses)).toContain('STEP_UP_REQUIRED');
  });
});

describe('stepping up', () => {
  test('makes an old login a recent one by password, which refreshing does not', async () => {
    const learner = await api.client.registerLearner();
    const client = await letTimePass(learner);
    expectProblem(await setUp(client), 403, 'STEP_UP_REQUIRED');
    const answer = await stepUp(client, { password: learner.password });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { accessToken, token } = Access.parse(answer.body);
    expect(token).toBe(accessToken);
    expect(decodeJwt(accessToken)).toMatchObject({ sub: learner.userId, amr: ['pwd'] });
    expect((await setUp(client.as(accessToken))).status).toBe(200);
    expectProblem(await setUp(client), 403, 'STEP_UP_REQUIRED');
    expect(await actionsOf(learner.userId)).toContain('step_up.succeeded');
  });

  test('refuses a wrong password, audits it, and slows guesses down', async () => {
    const learner = await api.client.registerLearner();
    const client = await letTimePass(learner);
    expectProblem(await stepUp(client, { password: 'not the password' }), 401, 'INVALID_CREDENTIALS');
    expect((await actionsOf(learner.userId)).at(-1)).toBe('step_up.failed');
    expectProblem(await stepUp(client, {}), 422, 'VALIDATION_FAILED');
    expectProblem(await stepUp(client, { password: learner.password, roles: ['admin'] }), 422, 'VALIDATION_FAILED');
    const guesses = await Promise.all(
      Array.from({ length: 10 }, () => stepUp(client, { password: 'not the password' })),
    );
    expect(guesses.map(({ status }) => status)).toContain(429);
    await holdDelays(database.db);
    expectProblem(await stepUp(client, { password: learner.password }), 429, 'LOGIN_DELAYED');
    expectProblem(await setUp(client), 403, 'STEP_UP_REQUIRED');
  });

  test('wants the second factor too where there is one, and spends its code', async () => {
    const learner = await api.client.registerLearner();
    const { password } = learner;
    const { secret, activationCode, recoveryCodes } = await activateSecondFactor(learner.client);
    const client = await letTimePass(learner);
    const replace = (as: Client) => as.post('/api/v1/auth/mfa/replace');
    expectProblem(await replace(client), 403, 'STEP_UP_REQUIRED');
    const missing = await stepUp(client, { password });
    expectProblem(missing, 422, 'VALIDATION_FAILED');
    expect(missing.body).toMatchObject({ errors: [{ path: 'code', message: 'is required' }] });
    expectProblem(await stepUp(client, { password, code: wrongCodeOf(secret) }), 401, 'INVALID_CREDENTIALS');
    expectProblem(await stepUp(client, { password, code: activationCode }), 401, 'INVALID_CREDENTIALS');
    expectProblem(await stepUp(client, { password: 'wrong', code: codeOf(secret, 1) }), 401, 'INVALID_CREDENTIALS');
    const next = codeOf(secret, 1);
    const answer = await stepUp(client, { password, code: next });
    const { accessToken } = Access.parse(answer.body);
    expect(decodeJwt(accessToken)['amr']).toEqual(['pwd', 'otp', 'mfa']);
    expect((await replace(client.as(accessToken))).status).toBe(200);
    expectProblem(await stepUp(client, { password, code: next }), 401, 'INVALID_CREDENTIALS');
    expect((await stepUp(client, { password, code: recoveryCodes[0] })).status).toBe(200);
    expectProblem(await stepUp(client, { password, code: recoveryCodes[0] }), 401, 'INVALID_CREDENTIALS');
  });

  test('proves nothing for a session that is over', async () => {
    const learner = await api.client.registerLearner();
    const elsewhere = await buildUser(database.db);
    await database.db.query(sql.typeAlias('void')`
      UPDATE sessions SET revoked_at = now() WHERE user_id = ${learner.userId}`);
    expectProblem(await stepUp(learner.client, { password: learner.password }), 401, 'UNAUTHENTICATED');
    const foreign = await api.deps.identity.accessTokens.sign({ ...actorOf(elsewhere.id), sessionId: newId() });
    expectProblem(await stepUp(api.client.as(foreign), { password: learner.password }), 401, 'INVALID_CREDENTIALS');
  });
});

describe('a role that needs a second factor', () => {
  const logInAs = async (email: string): Promise<Client> => {
    const { body } = await strict.client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD });
    return strict.client.as(Answer.parse(body).accessToken);
  };

  test('opens nothing until there is one, while everything for everybody stays open', async () => {
    const operator = await buildAccount(database.db, 'operator');
    const client = await logInAs(operator.email);
    const refused = await client.get('/api/v1/ops/queues/depth');
    expectProblem(refused, 403, 'MFA_REQUIRED');
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('/auth/mfa/setup') });
    expect((await client.get('/api/v1/users/me')).body).toMatchObject({ roles: ['operator'] });
    expect((await client.get('/api/v1/courses')).status).toBe(200);
    const { client: proven, secret } = await activateSecondFactor(client);
    expect((await proven.get('/api/v1/ops/queues/depth')).status).toBe(200);
    expectProblem(await client.get('/api/v1/ops/queues/depth'), 403, 'MFA_REQUIRED');
    await forgetUsedCodes(database.db, operator.id);
    const steppedUp = await stepUp(client, { password: OPS_PASSWORD, code: codeOf(secret) });
    const { accessToken } = Access.parse(steppedUp.body);
    expect((await client.as(accessToken).get('/api/v1/ops/queues/depth')).status).toBe(200);
  });

  test('gives no handler a reason to show more, where the policy asks for no role', async () => {
    const { submissionId } = await buildReview(database.db, await buildExercise(database.db));
    const admin = await buildUser(database.db, { roles: ['learner', 'admin'] });
    const tokens = strict.deps.identity.accessTokens;
    const path = `/api/v1/submissions/${submissionId}/review`;
    const proven = strict.client.as(await tokens.sign(actorOf(admin.id, 'admin')));
    expect((await proven.get(path)).status).toBe(200);
    const half = strict.client.as(await tokens.sign({ ...actorOf(admin.id, 'admin'), secondFactor: false }));
    expectProblem(await half.get(path), 404, 'NOT_FOUND');
  });

  test('does not bother those without it, nor the token of a machine', async () => {
    const instructor = await buildAccount(database.db, 'instructor');
    expectProblem(await (await logInAs(instructor.email)).get('/api/v1/ops/queues/depth'), 403, 'FORBIDDEN');
    expect((await strict.client.as(OPS_TOKEN).get('/api/v1/ops/queues/depth')).status).toBe(200);
  });

  test('keeps its second factor, which can be replaced but not left out', async () => {
    const admin = await buildAccount(database.db, 'admin');
    const { client } = await activateSecondFactor(await logInAs(admin.email));
    expectProblem(await client.post('/api/v1/auth/mfa/disable'), 403, 'MFA_REQUIRED');
    expect((await activateSecondFactor(client, 'replace')).recoveryCodes).toHaveLength(10);
  });

  test('is operator or admin in production, and none elsewhere, unless others are named', () => {
    const rolesOf = (SERVER_ENV: 'production' | 'test', named?: 'instructor'[]) =>
      assuranceOf({ SERVER_ENV, STEP_UP_LIFETIME: 600, MFA_REQUIRED_ROLES: named }).rolesWithSecondFactor;
    expect(rolesOf('production')).toEqual(['operator', 'admin']);
    expect(rolesOf('test')).toEqual([]);
    expect(rolesOf('production', ['instructor'])).toEqual(['instructor']);
  });
});
