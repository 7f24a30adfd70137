import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { activateSecondFactor, type SecondFactor } from '../support/second-factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { buildResetToken, untilWaiting, whileLoginLasts } from '../support/under-way.ts';

const NEW_PASSWORD = 'a wholly other password';
const Challenge = z.strictObject({ mfaRequired: z.literal(true), mfaToken: z.string() });

type Learner = Awaited<ReturnType<Client['registerLearner']>>;

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

const waiting = (count: number) => untilWaiting(database.db, count);

/** An account whose owner has proved its address. */
async function openVerified(): Promise<Learner> {
  const learner = await api.client.registerLearner();
  await database.db.query(sql.typeAlias('void')`
    UPDATE users SET email_verified_at = now() WHERE id = ${learner.userId}`);
  return learner;
}

const reset = async (userId: string) => {
  const token = await buildResetToken(database.db, userId);
  return () => api.client.post('/api/v1/auth/password/reset', { token, newPassword: NEW_PASSWORD });
};

describe('a login that began while it was still allowed, and waits for its code', () => {
  const ends: Record<string, (learner: Learner, factor: SecondFactor) => Promise<() => ReturnType<Client['post']>>> = {
    'a change of the password': async ({ password }, { client }) =>
      Promise.resolve(() =>
        client.post('/api/v1/auth/password', { currentPassword: password, newPassword: NEW_PASSWORD }),
      ),
    'a reset of the password': ({ userId }) => reset(userId),
    'the end of all sessions': (_learner, { client }) => Promise.resolve(() => client.post('/api/v1/auth/logout-all')),
  };

  test.each(Object.entries(ends))('is not finished after %s that waited for it', async (_what, prepare) => {
    const learner = await openVerified();
    const factor = await activateSecondFactor(learner.client);
    const end = await prepare(learner, factor);
    const { email, password, userId } = learner;
    const [ended, begun] = await whileLoginLasts(database.db, userId, async () => {
      const ending = end();
      await waiting(1);
      return [ending, await api.client.post('/api/v1/auth/login', { email, password })];
    });
    const { mfaToken } = Challenge.parse(begun.body);
    expect((await ended).status).toBe(204);
    const [code] = factor.recoveryCodes;
    expectProblem(await api.client.post('/api/v1/auth/mfa/verify', { mfaToken, code }), 401, 'UNAUTHENTICATED');
  });
});

describe('what a session asks for that a reset ends meanwhile', () => {
  /** Asks while the reset waits for the account: the answer comes when the session is over. */
  async function askMeanwhile(learner: Learner, ask: () => ReturnType<Client['post']>) {
    const resetPassword = await reset(learner.userId);
    const [done, asked] = await whileLoginLasts(database.db, learner.userId, async () => {
      const resetting = resetPassword();
      await waiting(1);
      const asking = ask();
      await waiting(2);
      return [resetting, asking];
    });
    expect((await done).status).toBe(204);
    return asked;
  }

  test.each(['recovery-codes', 'replace'])('is refused: new %s of the second factor', async (what) => {
    const learner = await openVerified();
    const { client } = await activateSecondFactor(learner.client);
    const answer = await askMeanwhile(learner, () => client.post(`/api/v1/auth/mfa/${what}`));
    expectProblem(answer, 401, 'UNAUTHENTICATED');
  });

  test('is refused: another name, where the reset took away that of a stranger', async () => {
    const stranger = await api.client.registerLearner();
    const answer = await askMeanwhile(stranger, () =>
      stranger.client.patch('/api/v1/users/me', { name: 'Sign in at evil.example' }),
    );
    expectProblem(answer, 401, 'UNAUTHENTICATED');
    const name = await database.db.oneFirst(sql.type(z.strictObject({ name: z.string() }))`
      SELECT name FROM users WHERE id = ${stranger.userId}`);
    expect(name).toBe('Learner');
  });
});
