import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { runCommand } from '../support/commands.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { accessTokenOf, buildAccount, OPS_PASSWORD } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { TEST_JWT_SECRET } from '../support/processes.ts';
import { activateSecondFactor, codeOf, forgetUsedCodes, type SecondFactor } from '../support/second-factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const KEY = 'Zq3vN8sQ2xW7zB5mT9pL4rY6uC1dF0aJ';
const NEXT_KEY = 'Jk7cH1nR5tV9yE3wS6xM2bG8fD4zP0qL';
const JWT_NEXT = 'Wd5kR8tX2mQ7hB4nV9cJ6pL1sF3gY0zE';
const Challenge = z.object({ mfaToken: z.string() });

let database: TestDatabase;
const opened: InProcessApi[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((api) => api.close()));
  await database.db.query(sql.typeAlias('void')`DELETE FROM mfa_secrets`);
});
afterAll(() => database.drop());

async function open(extra: Record<string, string>): Promise<InProcessApi> {
  const api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
  opened.push(api);
  return api;
}
const production = (extra: Record<string, string>) => open({ SERVER_ENV: 'production', ...extra });

async function accountWithFactor({ client }: InProcessApi): Promise<SecondFactor & { id: string; email: string }> {
  const account = await buildAccount(database.db, 'learner');
  return { ...account, ...(await activateSecondFactor(client.as(await accessTokenOf(client, account.email)))) };
}

/** Logs in with a code, as if the last one had been half a minute ago. */
async function logIn(client: Client, account: { id: string; email: string }, code: string): Promise<Answer> {
  const first = await client.post('/api/v1/auth/login', { email: account.email, password: OPS_PASSWORD });
  await forgetUsedCodes(database.db, account.id);
  return client.post('/api/v1/auth/mfa/verify', { mfaToken: Challenge.parse(first.body).mfaToken, code });
}

const sealedOf = ({ id }: { id: string }) =>
  database.db.oneFirst(sql.type(z.strictObject({ sealed: z.string() }))`
    SELECT encode(secret_encrypted, 'hex') AS sealed FROM mfa_secrets WHERE user_id = ${id}`);

describe('changing the key that seals second factors', () => {
  test('keeps every login possible, and seals anew what is used', async () => {
    const account = await accountWithFactor(await production({ MFA_ENCRYPTION_KEY: KEY }));
    const before = await sealedOf(account);
    const changing = await production({ MFA_ENCRYPTION_KEY: NEXT_KEY, MFA_PREVIOUS_ENCRYPTION_KEY: KEY });
    expect((await logIn(changing.client, account, codeOf(account.secret))).status).toBe(200);
    expect(await sealedOf(account)).not.toBe(before);
    const changed = await production({ MFA_ENCRYPTION_KEY: NEXT_KEY });
    expect((await logIn(changed.client, account, codeOf(account.secret))).status).toBe(200);
    expect((await logIn(changed.client, account, account.recoveryCodes[0] ?? '')).status).toBe(200);
  });

  test('is finished by a command, for those who have not logged in meanwhile', async () => {
    const first = await production({ MFA_ENCRYPTION_KEY: KEY });
    const accounts = [await accountWithFactor(first), await accountWithFactor(first)];
    const keys = { MFA_ENCRYPTION_KEY: NEXT_KEY, MFA_PREVIOUS_ENCRYPTION_KEY: KEY };
    const environment = { DATABASE_URL: database.uri, SERVER_ENV: 'production', JWT_SECRET: TEST_JWT_SECRET };
    const reseal = (env: Record<string, string>) =>
      runCommand('api/identity/second-factor/reseal-command.ts', [], { ...environment, ...env });
    expect(await reseal({ MFA_ENCRYPTION_KEY: NEXT_KEY })).toMatchObject({
      code: 1,
      stdout: '0 secrets sealed anew.\n',
      stderr: expect.stringContaining(accounts[0]?.id ?? 'nobody'),
    });
    expect(await reseal({})).toMatchObject({ code: 78, stdout: '' });
    expect(await reseal(keys)).toEqual({ code: 0, stdout: '2 secrets sealed anew.\n', stderr: '' });
    expect(await reseal(keys)).toEqual({ code: 0, stdout: '0 secrets sealed anew.\n', stderr: '' });
    const { client } = await production({ MFA_ENCRYPTION_KEY: NEXT_KEY });
    for (const account of accounts) expect((await logIn(client, account, codeOf(account.secret))).status).toBe(200);
  });

  test('without the previous one shuts no door open: what cannot be opened is not taken', async () => {
    const account = await accountWithFactor(await production({ MFA_ENCRYPTION_KEY: KEY }));
    const { client, logs } = await production({ MFA_ENCRYPTION_KEY: NEXT_KEY });
    expectProblem(await logIn(client, account, codeOf(account.secret)), 503, 'SERVICE_UNAVAILABLE');
    expectProblem(await logIn(client, account, account.recoveryCodes[0] ?? ''), 503, 'SERVICE_UNAVAILABLE');
    expect(logs()).toContainEqual(expect.objectContaining({ error_code: 'SERVICE_UNAVAILABLE' }));
  });
});

describe('without a key of its own', () => {
  test('production sets no second factor up, says why, and warns once at its start', async () => {
    const { client, logs } = await production({});
    const { email } = await buildAccount(database.db, 'learner');
    const refused = await client.as(await accessTokenOf(client, email)).post('/api/v1/auth/mfa/setup');
    expectProblem(refused, 503, 'SERVICE_UNAVAILABLE');
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('MFA_ENCRYPTION_KEY') });
    expect(logs().filter(({ message }) => String(message).includes('MFA_ENCRYPTION_KEY'))).toHaveLength(1);
  });

  test('any other environment uses the key of its access tokens, and lives through a change of that', async () => {
    const account = await accountWithFactor(await open({}));
    const changing = await open({ JWT_SECRET: JWT_NEXT, JWT_PREVIOUS_SECRET: TEST_JWT_SECRET });
    expect((await logIn(changing.client, account, codeOf(account.secret))).status).toBe(200);
    const changed = await open({ JWT_SECRET: JWT_NEXT });
    expect((await logIn(changed.client, account, codeOf(account.secret))).status).toBe(200);
  });
});
