import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { guardSecondFactor } from '../../api/identity/guard/second-factor-guard.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { deleteUnusedDevices } from '../../shared/identity/known-device.repository.ts';
import { deleteIdleGuards } from '../../shared/identity/login-guard.repository.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { delaysWithin, endDelays, forgetGuards, guessing, holdDelays, readGuards } from '../support/login-guards.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const FREE_FAILURES = 3;
const HOME = '203.0.113.10';
const ELSEWHERE = '198.51.100.66';

let database: TestDatabase;
let api: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  // Few connections: as many as attempts side by side would take a slow machine too long to open at once.
  const extra = { TRUST_PROXY: '1', LOGIN_FAILURES_BEFORE_DELAY: String(FREE_FAILURES), DB_POOL_MAX: '5' };
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});
beforeEach(() => forgetGuards(database.db));

const { logIn, guess, guessOften, guessUntilDelayed } = guessing(() => ({ api, db: database.db }), FREE_FAILURES);
const uniqueEmail = () => `${crypto.randomUUID()}@example.com`;

describe('an account that does not exist', () => {
  const comparable = ({ status, headers, body }: Answer) => ({
    status,
    headers: [...headers.keys()].sort(),
    // In hours: how much of one is over depends on the machine.
    retryAfter: Math.round(Number(headers.get('retry-after')) / 3600),
    body: { ...(body as object), requestId: null },
  });

  async function journey(email: string): Promise<unknown[]> {
    await forgetGuards(database.db);
    const answers: Answer[] = [];
    for (let failed = 0; failed < FREE_FAILURES + 2; failed += 1) {
      answers.push(await guess(email, ELSEWHERE));
      await holdDelays(database.db);
      if (failed >= FREE_FAILURES - 1) answers.push(await guess(email, ELSEWHERE));
      await endDelays(database.db);
    }
    answers.push(await logIn({ email: ` ${email.toUpperCase()} `, password: 'x', deviceToken: 'y' }, HOME));
    const guards = await database.db.any(
      sql.type(
        z.strictObject({ scope: z.string(), failures: z.number(), account: z.boolean() }),
      )`SELECT scope, round(failures::numeric)::float8 AS failures, account_key IS NOT NULL AS account FROM login_guards ORDER BY scope, failures`,
    );
    return [...answers.map(comparable), guards, await auditedOf()];
  }

  const auditedOf = () =>
    database.db.any(sql.type(z.strictObject({ action: z.string(), keys: z.string(), length: z.int() }))`
      SELECT action, (SELECT string_agg(key, ',' ORDER BY key) FROM jsonb_object_keys(details::jsonb) AS key) AS keys,
        length(details->>'account') AS length
      FROM audit_log WHERE id > ${auditedBefore} AND action LIKE 'login.%' ORDER BY id`);
  let auditedBefore = 0n;
  beforeEach(async () => {
    auditedBefore = await lastAudited();
  });
  const lastAudited = () =>
    database.db.oneFirst(
      sql.type(z.strictObject({ id: z.bigint() }))`SELECT coalesce(max(id), 0) AS id FROM audit_log`,
    );

  test('is answered, counted, delayed and audited as one that does', async () => {
    const { email } = await api.client.registerLearner();
    auditedBefore = await lastAudited();
    const known = await journey(email);
    auditedBefore = await lastAudited();
    const unknown = await journey(uniqueEmail());
    expect(unknown).toEqual(known);
    expect(JSON.stringify(known)).toMatch(/INVALID_CREDENTIALS.*LOGIN_DELAYED/);
  });
});

describe('what is told of it', () => {
  const audited = () =>
    database.db.any(sql.type(
      z.strictObject({ action: z.string(), actor_id: z.string().nullable(), ip: z.string(), details: z.unknown() }),
    )`
      SELECT action, actor_id, host(ip) AS ip, details FROM audit_log WHERE action IN ('login.failed', 'login.delayed') ORDER BY id DESC LIMIT 5`);

  test('the audit log has each failure and the beginning of a delay, by account and without the address', async () => {
    const { email, userId } = await api.client.registerLearner();
    await guessOften(FREE_FAILURES + 1, email, ELSEWHERE);
    const records = [...(await audited())].reverse();
    const account = expect.stringMatching(/^[\da-f]{16}$/);
    const failed = { action: 'login.failed', actor_id: userId, ip: ELSEWHERE, details: { account } };
    const delayed = { ...failed, action: 'login.delayed', details: { account, scope: 'account_network' } };
    expect(records).toEqual([failed, failed, failed, delayed, failed]);
    expect(JSON.stringify(records)).not.toContain(email);
  });

  test('the metrics count failures, delays and refused attempts', async () => {
    const read = async (line: RegExp) => Number(line.exec((await api.client.get('/metrics')).text)?.[1] ?? 0);
    const refusals = () => read(/^auth_attempts_total\{result="delayed"\} (\d+)$/m);
    const delays = () => read(/^login_delays_total\{scope="account_network"\} (\d+)$/m);
    const [refused, delayed] = [await refusals(), await delays()];
    const email = uniqueEmail();
    await guessUntilDelayed(email, ELSEWHERE);
    await guess(email, ELSEWHERE);
    await guess(email, ELSEWHERE);
    expect([await refusals(), await delays()]).toEqual([refused + 2, delayed + 1]);
  });
});

describe('guessing codes of a second factor', () => {
  const wrong = () => Promise.resolve(false);
  const right = () => Promise.resolve(true);
  const tryCode = (userId: string, verify: () => Promise<boolean>) =>
    guardSecondFactor(api.deps.identity, { userId }, verify, { ip: ELSEWHERE });

  test('has to wait after a few, without a look at the code, and others do not', async () => {
    const { userId } = await api.client.registerLearner();
    for (let failed = 0; failed < FREE_FAILURES; failed += 1) expect(await tryCode(userId, wrong)).toBe(false);
    await holdDelays(database.db);
    let lookedAt = 0;
    const look = () => Promise.resolve((lookedAt += 1) > 0);
    await expect(tryCode(userId, look)).rejects.toMatchObject({ code: 'LOGIN_DELAYED' });
    expect(lookedAt).toBe(0);
    expect(await tryCode(newId(), right)).toBe(true);
    await endDelays(database.db);
    expect(await tryCode(userId, right)).toBe(true);
    expect(await readGuards(database.db, 'second_factor')).toEqual([]);
  });

  test('gains nothing from attempts side by side', async () => {
    const userId = newId();
    let lookedAt = 0;
    const began = performance.now();
    const opened = Promise.withResolvers<void>();
    const look = async (): Promise<boolean> => {
      lookedAt += 1;
      await opened.promise;
      return false;
    };
    const attempts = Array.from({ length: 20 }, () => tryCode(userId, look));
    const refused = await Promise.any(attempts.map(async (attempt) => attempt.then(() => null, String)));
    expect(refused).toMatch(/too many failed attempts/);
    opened.resolve();
    const outcomes = await Promise.allSettled(attempts);
    expect(lookedAt).toBe(outcomes.filter(({ status }) => status === 'fulfilled').length);
    expect(lookedAt).toBeGreaterThanOrEqual(FREE_FAILURES);
    expect(lookedAt).toBeLessThanOrEqual(FREE_FAILURES + delaysWithin((performance.now() - began) / 1000));
    expect(await readGuards(database.db, 'second_factor')).toMatchObject([{ failures: lookedAt }]);
  });

  test('is counted also when looking at the code breaks off', async () => {
    const userId = newId();
    const breakOff = () => Promise.reject(new Error('the connection is gone'));
    await expect(tryCode(userId, breakOff)).rejects.toThrow('the connection is gone');
    expect(await readGuards(database.db, 'second_factor')).toMatchObject([{ failures: 1 }]);
  });
});

describe('proving the password once more', () => {
  const change = (client: InProcessApi['client'], currentPassword: string) =>
    client.post('/api/v1/auth/password', { currentPassword, newPassword: 'harbour lights at dusk' });

  test('is delayed by failures of the same session, and not by those of a login', async () => {
    const thief = await api.client.registerLearner();
    for (let failed = 0; failed < FREE_FAILURES; failed += 1) {
      expectProblem(await change(thief.client, 'a guess of the thief'), 401, 'INVALID_CREDENTIALS');
    }
    await holdDelays(database.db);
    expectProblem(await change(thief.client, thief.password), 429, 'LOGIN_DELAYED');
    const owner = z.object({ accessToken: z.string() }).parse((await logIn({ email: thief.email }, HOME)).body);
    await guessUntilDelayed(thief.email, HOME);
    expect((await change(api.client.as(owner.accessToken), thief.password)).status).toBeLessThan(300);
  });
});

test('what is not needed any more is pruned: failures after a week, devices after half a year', async () => {
  await guess(uniqueEmail(), ELSEWHERE);
  await api.client.registerLearner();
  expect([await deleteIdleGuards(database.db, 7), await deleteUnusedDevices(database.db)]).toEqual([0, 0]);
  await database.db.query(sql.typeAlias('void')`UPDATE login_guards SET last_failure_at = now() - interval '8 days'`);
  await database.db.query(sql.typeAlias('void')`UPDATE known_devices SET last_used_at = now() - interval '181 days'`);
  expect(await deleteIdleGuards(database.db, 7)).toBeGreaterThan(0);
  expect(await deleteUnusedDevices(database.db)).toBeGreaterThan(0);
  expect(await readGuards(database.db, 'network')).toEqual([]);
});
