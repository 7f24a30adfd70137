import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { hashOpaqueToken } from '../../shared/identity/opaque-token.ts';
import { uniquePrefix } from '../support/backends.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import {
  delaysWithin,
  endDelays,
  forgetGuards,
  guessing,
  holdDelays,
  readGuards,
  WRONG_PASSWORD as WRONG,
} from '../support/login-guards.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { buildResetToken } from '../support/under-way.ts';

const PASSWORD = 'correct horse battery staple';
const FREE_FAILURES = 3;
const SHARED_FAILURES = 4 * FREE_FAILURES;
const HOME = '203.0.113.10';
const ELSEWHERE = '198.51.100.66';

let database: TestDatabase;
/** Two processes of one deployment. */
let api: InProcessApi;
let other: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  const extra = {
    TRUST_PROXY: '1',
    LOGIN_FAILURES_BEFORE_DELAY: String(FREE_FAILURES),
    // Fewer than are free, so that right passwords which come at once never add up to a delay.
    PASSWORD_HASH_CONCURRENCY: '2',
    // As many as attempts side by side would take a slow machine too long to open at once.
    DB_POOL_MAX: '5',
  };
  const environment = { databaseUri: database.uri, prefix: uniquePrefix(), extra };
  [api, other] = await Promise.all([openApi(environment), openApi(environment)]);
});
afterAll(async () => {
  await Promise.all([api.close(), other.close()]);
  await database.drop();
});
beforeEach(() => forgetGuards(database.db));

const { logIn, guess, guessOften, guessUntilDelayed } = guessing(() => ({ api, db: database.db }), FREE_FAILURES);
const uniqueEmail = () => `${crypto.randomUUID()}@example.com`;

async function openLearner(): Promise<{ email: string; userId: string; deviceToken: string }> {
  const { email, userId } = await api.client.registerLearner();
  const answer = await logIn({ email }, HOME);
  expect(answer.status).toBe(200);
  return { email, userId, deviceToken: z.object({ deviceToken: z.string() }).parse(answer.body).deviceToken };
}

const always = (status: number, count: number): number[] => Array.from({ length: count }, () => status);

describe('guessing one password', () => {
  test('is free a few times; then each failure doubles the wait, and not even the right password is looked at', async () => {
    const { email } = await openLearner();
    const delays: number[] = [];
    for (let failed = 0; failed < 7; failed += 1) {
      expectProblem(await guess(email, ELSEWHERE), 401, 'INVALID_CREDENTIALS');
      delays.push((await readGuards(database.db, 'account_network'))[0]?.delay ?? -1);
      if (failed < 6) await endDelays(database.db);
    }
    expect(delays).toEqual([0, 0, 1, 2, 4, 8, 16]);
    await holdDelays(database.db);
    const refused = await logIn({ email }, ELSEWHERE);
    expectProblem(refused, 429, 'LOGIN_DELAYED');
    const seconds = Number(refused.headers.get('retry-after'));
    // An hour and 16 s, less the moment since the failure.
    expect(seconds).toBeGreaterThan(3000);
    expect(seconds).toBeLessThanOrEqual(3616);
    await endDelays(database.db);
    expect((await logIn({ email }, ELSEWHERE)).status).toBe(200);
  });

  test('holds in every process, and for the whole network of an IPv6 address', async () => {
    const { email } = await openLearner();
    await guessUntilDelayed(email, '2001:db8:aa:100::1');
    expect((await logIn({ email }, '2001:db8:aa:1ff:1:2:3:4', other)).status).toBe(429);
    expect((await logIn({ email }, '2001:db8:aa:200::1', other)).status).toBe(200);
  });

  test('gains nothing from attempts side by side, at two processes', async () => {
    const { email } = await openLearner();
    const began = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        logIn({ email, password: `${WRONG} ${index}` }, ELSEWHERE, index % 2 === 0 ? api : other),
      ),
    );
    const lookedAt = answers.filter(({ status }) => status === 401).length;
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40 - lookedAt);
    expect(lookedAt).toBeGreaterThanOrEqual(FREE_FAILURES);
    expect(lookedAt).toBeLessThanOrEqual(FREE_FAILURES + delaysWithin((performance.now() - began) / 1000));
  });

  test('starts anew after the right one', async () => {
    const { email } = await openLearner();
    await guessOften(FREE_FAILURES - 1, email, ELSEWHERE);
    expect((await logIn({ email }, ELSEWHERE)).status).toBe(200);
    expect(await readGuards(database.db, 'account_network')).toEqual([]);
    await guess(email, ELSEWHERE);
    expect((await logIn({ email }, ELSEWHERE)).status).toBe(200);
  });

  test('is forgiven by and by', async () => {
    const { email } = await openLearner();
    await guessOften(FREE_FAILURES - 1, email, ELSEWHERE);
    await database.db.query(sql.typeAlias('void')`
      UPDATE login_guards SET last_failure_at = last_failure_at - interval '1 hour'`);
    await guess(email, ELSEWHERE);
    expect(await readGuards(database.db, 'account_network')).toMatchObject([{ failures: 2, delay: 0 }]);
  });
});

describe('right passwords', () => {
  test('are all let in when many come at once', async () => {
    const { email } = await openLearner();
    const answers = await Promise.all(Array.from({ length: 12 }, () => logIn({ email }, ELSEWHERE)));
    expect(answers.map(({ status }) => status)).toEqual(always(200, 12));
    expect(await readGuards(database.db, 'network')).toEqual([]);
  });

  test('excuse only themselves to the network that they come from', async () => {
    const { email } = await openLearner();
    for (let failed = 0; failed < SHARED_FAILURES - 1; failed += 1) await guess(uniqueEmail(), ELSEWHERE);
    expect((await logIn({ email }, ELSEWHERE)).status).toBe(200);
    expect(await readGuards(database.db, 'network')).toMatchObject([{ failures: SHARED_FAILURES - 1 }]);
  });
});

describe('a lockout keeps no victim out', () => {
  test('who guesses elsewhere delays himself, not the owner, even one who is on a new device', async () => {
    const { email } = await openLearner();
    await guessUntilDelayed(email, ELSEWHERE);
    expect((await logIn({ email }, ELSEWHERE)).status).toBe(429);
    expect((await logIn({ email }, HOME)).status).toBe(200);
    expect((await logIn({ email }, ELSEWHERE)).status).toBe(429);
  });

  test('nor does patience help him: one network is counted of an account until it is delayed itself', async () => {
    const { email } = await openLearner();
    expect(await guessOften(SHARED_FAILURES + 2, email, ELSEWHERE)).toEqual(always(401, SHARED_FAILURES + 2));
    expect(await readGuards(database.db, 'account')).toEqual([{ scope: 'account', failures: FREE_FAILURES, delay: 0 }]);
    expect((await logIn({ email }, HOME)).status).toBe(200);
  });

  test('guessing from many networks delays strangers, and lets a known device in', async () => {
    const { email, deviceToken } = await openLearner();
    const attacker = await openLearner();
    await guessFromManyNetworks(email);
    expect((await logIn({ email }, HOME)).status).toBe(429);
    expect((await logIn({ email, deviceToken: attacker.deviceToken }, HOME)).status).toBe(429);
    expect((await logIn({ email, deviceToken: 'never was one' }, HOME)).status).toBe(429);
    expect((await logIn({ email, deviceToken }, '192.0.2.1')).status).toBe(200);
  });

  test('networks that are spent are slowed down together, and nobody else by them', async () => {
    const { email, deviceToken } = await openLearner();
    const spent = '198.51.100.77';
    await guessOften(FREE_FAILURES, email, spent);
    await guessOften(FREE_FAILURES + SHARED_FAILURES, email, ELSEWHERE);
    expect(await readGuards(database.db, 'account_spent')).toMatchObject([{ failures: SHARED_FAILURES }]);
    expect((await logIn({ email }, spent)).status).toBe(200);

    await guessOften(FREE_FAILURES, email, spent);
    await guess(email, ELSEWHERE);
    await holdDelays(database.db);
    expect((await logIn({ email }, spent)).status).toBe(429);
    expect((await logIn({ email, deviceToken }, spent)).status).toBe(200);
    expect((await logIn({ email }, HOME)).status).toBe(200);
  });

  test('a password reset forgives what was counted', async () => {
    const { email, userId } = await openLearner();
    await guessFromManyNetworks(email);
    await guessUntilDelayed(email, HOME);
    expect((await logIn({ email }, HOME)).status).toBe(429);
    const newPassword = 'harbour lights at dusk';
    const reset = await api.client.post('/api/v1/auth/password/reset', {
      token: await buildResetToken(database.db, userId),
      newPassword,
    });
    expect(reset.status).toBeLessThan(300);
    expect((await logIn({ email, password: newPassword }, HOME)).status).toBe(200);
  });

  async function guessFromManyNetworks(email: string): Promise<void> {
    for (let network = 1; network <= SHARED_FAILURES / FREE_FAILURES; network += 1) {
      for (let failed = 1; failed <= FREE_FAILURES; failed += 1) await guess(email, `198.51.100.${network}`);
    }
    expect(await readGuards(database.db, 'account')).toMatchObject([{ failures: SHARED_FAILURES, delay: 1 }]);
    await holdDelays(database.db);
  }
});

test('trying one password on many accounts is slowed down by network, for accounts that have not been there', async () => {
  const { email, deviceToken } = await openLearner();
  for (let failed = 0; failed < SHARED_FAILURES; failed += 1) {
    expect((await guess(uniqueEmail(), ELSEWHERE)).status).toBe(401);
  }
  await holdDelays(database.db);
  expect((await logIn({ email }, ELSEWHERE)).status).toBe(429);
  expect((await logIn({ email, deviceToken }, ELSEWHERE)).status).toBe(200);
  expect((await logIn({ email }, HOME)).status).toBe(200);
});

test('guessing keeps neighbours behind the same address out for a minute at most', async () => {
  const { email } = await openLearner();
  for (let failed = 0; failed < SHARED_FAILURES + 10; failed += 1) {
    await endDelays(database.db);
    await guess(uniqueEmail(), ELSEWHERE);
  }
  const refused = await logIn({ email }, ELSEWHERE);
  expectProblem(refused, 429, 'LOGIN_DELAYED');
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
});

describe('a known device', () => {
  const countDevices = (userId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ count: z.int() }))`
      SELECT count(*)::int AS count FROM known_devices WHERE user_id = ${userId}`);

  test('is judged by its own failures, and is a stranger after ten of them', async () => {
    const { email, deviceToken } = await openLearner();
    const isForgotten = async () =>
      !(await database.db.exists(sql.type(z.strictObject({}))`
        SELECT FROM known_devices WHERE token_hash = ${sql.binary(hashOpaqueToken(deviceToken))}`));
    for (let failed = 1; failed <= 10; failed += 1) {
      expect((await logIn({ email, password: WRONG, deviceToken }, HOME)).status).toBe(401);
      expect(await isForgotten()).toBe(failed === 10);
      if (failed === FREE_FAILURES) {
        await holdDelays(database.db);
        expect((await logIn({ email, deviceToken }, HOME)).status).toBe(429);
        expect((await logIn({ email }, HOME)).status).toBe(200);
      }
      await endDelays(database.db);
    }
    expect(await readGuards(database.db, 'account')).toEqual([]);
    await logIn({ email, password: WRONG, deviceToken }, HOME);
    expect(await readGuards(database.db, 'account')).toMatchObject([{ failures: 1 }]);
  });

  test('keeps its token over logins; only its hash is stored', async () => {
    const { email, userId, deviceToken } = await openLearner();
    const before = await countDevices(userId);
    expect((await logIn({ email, deviceToken }, HOME)).body).toMatchObject({ deviceToken });
    expect(await countDevices(userId)).toBe(before);
    const stored = await database.db.anyFirst(sql.type(z.strictObject({ token_hash: z.instanceof(Buffer) }))`
      SELECT token_hash FROM known_devices WHERE user_id = ${userId}`);
    expect(stored).toContainEqual(hashOpaqueToken(deviceToken));
  });

  test('is unknown half a year after its last login, and when twenty others came after it', async () => {
    const { email, userId, deviceToken } = await openLearner();
    const isKnown = async () => {
      await guessUntilDelayed(email, ELSEWHERE);
      const { status } = await logIn({ email, deviceToken, password: WRONG }, ELSEWHERE);
      await forgetGuards(database.db);
      return status === 401;
    };
    const age = (days: number) =>
      database.db.query(sql.typeAlias('void')`
        UPDATE known_devices SET last_used_at = now() - make_interval(days => ${days}) WHERE user_id = ${userId}`);
    await age(179);
    expect(await isKnown()).toBe(true);
    await age(181);
    expect(await isKnown()).toBe(false);
    await age(1);
    for (let device = 0; device < 20; device += 1) await logIn({ email }, HOME);
    expect(await countDevices(userId)).toBe(20);
    expect(await isKnown()).toBe(false);
  });

  test('comes with a registration and a login, and not with a refresh', async () => {
    const body = { email: uniqueEmail(), password: PASSWORD, name: 'Lin' };
    const registered = await api.client.post('/api/v1/auth/register', body);
    const { deviceToken, refreshToken } = z
      .object({ deviceToken: z.string().regex(/^[\w-]{43}$/), refreshToken: z.string() })
      .parse(registered.body);
    expect((await logIn({ email: body.email, deviceToken }, HOME)).body).toMatchObject({ deviceToken });
    const refreshed = await api.client.post('/api/v1/auth/refresh', { refreshToken });
    expect(refreshed.status).toBe(200);
    expect(refreshed.body).not.toHaveProperty('deviceToken');
  });
});
