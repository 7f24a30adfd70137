import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { verifyAudit } from '../../shared/audit/audit-verification.ts';
import { actorOf, openAccount, type Account } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { runCommand } from '../support/commands.ts';
import { eventually } from '../support/eventually.ts';
import { buildUser } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { accessTokenOf, buildAccount, logInToOps, OPS_PASSWORD } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { untilWaiting, whileLocked } from '../support/under-way.ts';

const COMMAND = 'shared/identity/roles-command.ts';
const VERIFIED = '2026-01-01T00:00:00Z';

let database: TestDatabase;
let api: InProcessApi;
let admin: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});
beforeEach(async () => {
  await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner}'`);
  admin = await openAccount(api, 'admin');
});

const putRoles = (client: Client, userId: string, roles: unknown): Promise<Answer> =>
  client.request('PUT', `/api/v1/ops/users/${userId}/roles`, JSON.stringify({ roles }));
const rolesOf = (userId: string) =>
  database.db.oneFirst(sql.type(z.strictObject({ roles: z.array(z.string()) }))`
    SELECT roles FROM users WHERE id = ${userId}`);
const AuditRow = z.strictObject({ actor_id: z.string().nullable(), details: z.unknown() });
const readChanges = (userId: string) =>
  database.db.any(sql.type(AuditRow)`
    SELECT actor_id, details FROM audit_log WHERE action = 'roles.changed' AND target = ${userId} ORDER BY id`);

describe('an admin', () => {
  test('finds an account by its address, however that is written, and by its id', async () => {
    const user = await buildUser(database.db, { email: `Grace.${newId()}@Example.com` });
    const found = await admin.client.post('/api/v1/ops/users/lookup', { email: ` ${user.email.toUpperCase()} ` });
    expect(found).toMatchObject({ status: 200 });
    expect(found.body).toEqual({
      id: user.id,
      email: user.email,
      name: 'Ada',
      roles: ['learner'],
      emailVerified: false,
      secondFactorActive: false,
      createdAt: expect.any(String),
    });
    expect((await admin.client.get(`/ops/users/${user.id}`)).body).toEqual(found.body);
    const absent = [
      await admin.client.post('/api/v1/ops/users/lookup', { email: 'nobody@example.com' }),
      await admin.client.get(`/api/v1/ops/users/${newId()}`),
      await admin.client.get('/api/v1/ops/users/nobody'),
      await putRoles(admin.client, newId(), ['learner']),
    ];
    for (const answer of absent) {
      expectProblem(answer, 404, 'NOT_FOUND');
      expect(answer.body).toMatchObject({ detail: 'There is no such user.' });
    }
  });

  test('gives and takes roles, which is audited with what they were before', async () => {
    const { id } = await buildUser(database.db, { email_verified_at: VERIFIED });
    const given = await putRoles(admin.client, id, ['operator', 'instructor']);
    expect([given.status, given.body]).toEqual([
      200,
      expect.objectContaining({ id, roles: ['learner', 'instructor', 'operator'] }),
    ]);
    expect((await putRoles(admin.client, id, ['instructor', 'learner', 'operator'])).status).toBe(200);
    expect((await putRoles(admin.client, id, [])).body).toMatchObject({ roles: ['learner'] });
    expect(await readChanges(id)).toEqual([
      { actor_id: admin.userId, details: { before: ['learner'], after: ['learner', 'instructor', 'operator'] } },
      { actor_id: admin.userId, details: { before: ['learner', 'instructor', 'operator'], after: ['learner'] } },
    ]);
    expect(await verifyAudit(database.db)).toMatchObject({ fault: null });
  });

  test('gives no role to an address that nobody has proved to be theirs, and can take one from it', async () => {
    const { id } = await buildUser(database.db, { roles: ['learner', 'operator'] });
    const refused = await putRoles(admin.client, id, ['operator', 'admin']);
    expectProblem(refused, 409, 'CONFLICT');
    expect(refused.body).toMatchObject({ detail: expect.stringMatching(/not verified/) });
    expect(await rolesOf(id)).toEqual(['learner', 'operator']);
    expect((await putRoles(admin.client, id, [])).status).toBe(200);
    expect((await readChanges(id)).map(({ details }) => details)).toEqual([
      { before: ['learner', 'operator'], after: ['learner'] },
    ]);
  });

  test.each([undefined, 'admin', ['root'], ['admin', 'admin'], [['admin']], [null]])(
    'cannot give %j as roles',
    async (roles) => {
      const { id } = await buildUser(database.db);
      expectProblem(await putRoles(admin.client, id, roles), 422, 'VALIDATION_FAILED');
      expect(await rolesOf(id)).toEqual(['learner']);
    },
  );

  test('has to have proved recently who they are', async () => {
    const { id } = await buildUser(database.db);
    const longAgo = Math.floor(Date.now() / 1000) - 3600;
    const token = await api.deps.identity.accessTokens.sign({
      ...actorOf(admin.userId, 'admin'),
      authenticatedAt: longAgo,
    });
    expectProblem(await putRoles(api.client.as(token), id, ['admin']), 403, 'STEP_UP_REQUIRED');
    expect(await rolesOf(id)).toEqual(['learner']);
  });

  test('stays one as long as there is no other, also when two take the role from each other at once', async () => {
    expectProblem(await putRoles(admin.client, admin.userId, ['operator']), 409, 'CONFLICT');
    expect(await rolesOf(admin.userId)).toEqual(['learner', 'admin']);

    const other = await openAccount(api, 'admin');
    const lock = sql.typeAlias('void')`SELECT FROM users WHERE id = ${admin.userId} FOR UPDATE`;
    // Both have been let in, each by a token that is still good, before one of them can have an effect.
    const taking = await whileLocked(database.db, lock, async () => {
      const begun = [putRoles(admin.client, other.userId, []), putRoles(other.client, admin.userId, [])];
      await untilWaiting(database.db, 2);
      return begun;
    });
    const answers = await Promise.all(taking);
    // The second is no admin any more when its turn comes.
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 403]);
    const left = [await rolesOf(admin.userId), await rolesOf(other.userId)].filter((roles) => roles.includes('admin'));
    expect(left).toHaveLength(1);
  });

  test('may give the role up once there is another', async () => {
    await openAccount(api, 'admin');
    expect(await putRoles(admin.client, admin.userId, [])).toMatchObject({ status: 200, body: { roles: ['learner'] } });
  });

  test('who is none any more changes nothing, although their token still says so', async () => {
    await openAccount(api, 'admin');
    await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner}' WHERE id = ${admin.userId}`);
    expectProblem(await putRoles(admin.client, admin.userId, ['admin']), 403, 'FORBIDDEN');
    expect(await rolesOf(admin.userId)).toEqual(['learner']);
  });
});

describe('new roles', () => {
  const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });

  test('count within seconds: older access tokens are refused, a refresh gives one with the new roles', async () => {
    const { email, id } = await buildAccount(database.db, 'learner');
    const { body } = await api.client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD });
    const { accessToken, refreshToken } = Tokens.parse(body);
    const before = api.client.as(accessToken);
    expect((await before.get('/api/v1/users/me')).status).toBe(200);
    expect((await putRoles(admin.client, id, ['operator'])).status).toBe(200);
    const refused = await eventually('the old token is refused', async () => {
      const answer = await before.get('/api/v1/users/me');
      return answer.status === 401 && answer;
    });
    expectProblem(refused, 401, 'TOKEN_EXPIRED');
    const refreshed = Tokens.parse((await api.client.post('/api/v1/auth/refresh', { refreshToken })).body);
    const after = api.client.as(refreshed.accessToken);
    expect((await after.get('/api/v1/ops/ai/switch')).status).toBe(200);
    expect((await after.get('/api/v1/ops/audit')).status).toBe(403);
  });

  test("count at once on the operators' pages", async () => {
    const operator = await buildAccount(database.db, 'operator');
    const session = await logInToOps(api.client, operator.email);
    expect((await api.client.get('/ops/queues/api/queues', session)).status).toBe(200);
    await putRoles(admin.client, operator.id, []);
    expect((await api.client.get('/ops/queues/api/queues', session)).status).toBeGreaterThanOrEqual(401);
  });
});

describe('nobody', () => {
  test.each<Role>(['learner', 'instructor', 'operator'])('who is %s raises themselves or another', async (role) => {
    const { email, id } = await buildAccount(database.db, role);
    const client = api.client.as(await accessTokenOf(api.client, email));
    for (const target of [id, admin.userId, newId()]) {
      expectProblem(await putRoles(client, target, ['admin']), 403, 'FORBIDDEN');
    }
    expect(await rolesOf(id)).toEqual([role]);
    expect(await rolesOf(admin.userId)).toEqual(['learner', 'admin']);
  });

  test('raises themselves by naming roles where they are not asked for', async () => {
    const { client, userId } = await openAccount(api);
    const email = `new-${newId()}@example.com`;
    const registration = { email, password: OPS_PASSWORD, name: 'Eve' };
    const attempts = [
      await api.client.post('/api/v1/auth/register', { ...registration, roles: ['admin'] }),
      await api.client.post('/api/v1/auth/register', { ...registration, role: 'admin' }),
      await client.patch('/api/v1/users/me', { name: 'Eve', roles: ['admin'] }),
      await client.patch('/api/v1/users/me', { id: admin.userId }),
    ];
    for (const answer of attempts) expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(await rolesOf(userId)).toEqual(['learner']);
    const made = await database.db.maybeOne(sql.type(z.strictObject({ id: z.string() }))`
      SELECT id FROM users WHERE email = ${email}`);
    expect(made).toBeNull();
  });
});

describe('npm run roles', () => {
  const run = (...args: string[]) => runCommand(COMMAND, args, { DATABASE_URL: database.uri });

  test('makes the first admin and takes roles back, audited as done by the command', async () => {
    await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner}'`);
    const user = await buildUser(database.db, { email: `First.${newId()}@Example.com`, email_verified_at: VERIFIED });
    const address = user.email.toLowerCase();
    expect(await run('grant', address, 'admin')).toEqual({ code: 0, stdout: 'learner → learner, admin\n', stderr: '' });
    expect(await run('grant', address, 'admin')).toEqual({ code: 0, stdout: 'Nothing to do.\n', stderr: '' });
    expect(await run('list')).toEqual({ code: 0, stdout: `${user.id}  ${user.email}  learner, admin\n`, stderr: '' });
    expect(await run('revoke', address, 'admin')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/last admin/),
    });
    await openAccount(api, 'admin');
    expect(await run('revoke', address, 'admin')).toMatchObject({ code: 0, stdout: 'learner, admin → learner\n' });
    expect(await readChanges(user.id)).toEqual([
      { actor_id: null, details: { by: 'command', before: ['learner'], after: ['learner', 'admin'] } },
      { actor_id: null, details: { by: 'command', before: ['learner', 'admin'], after: ['learner'] } },
    ]);
    expect(await verifyAudit(database.db)).toMatchObject({ fault: null });
  });

  test('refuses a role to who registered an address and never verified it', async () => {
    const { email, userId } = await api.client.registerLearner();
    const refused = { code: 1, stdout: '', stderr: expect.stringMatching(/not verified/) };
    expect(await run('grant', email, 'admin')).toEqual(refused);
    expect(await rolesOf(userId)).toEqual(['learner']);
    await database.db.query(sql.typeAlias('void')`UPDATE users SET email_verified_at = now() WHERE id = ${userId}`);
    expect(await run('grant', email, 'admin')).toMatchObject({ code: 0, stdout: 'learner → learner, admin\n' });
  });

  test('refuses an unknown account, an unknown role and any other use', async () => {
    const [unknown, ...misused] = await Promise.all([
      run('grant', 'nobody@example.com', 'admin'),
      run('grant', 'nobody@example.com', 'root'),
      run('revoke', 'nobody@example.com', 'learner'),
      run('promote', 'nobody@example.com', 'admin'),
      run('grant', 'nobody@example.com', 'admin', 'operator'),
      run('list', 'everybody'),
      run(),
    ]);
    expect(unknown).toEqual({ code: 1, stdout: '', stderr: 'There is no such user.\n' });
    for (const result of misused)
      expect(result).toMatchObject({ code: 64, stdout: '', stderr: expect.stringMatching(/^Usage: /) });
  });
});
