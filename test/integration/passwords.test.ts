import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { createBreachedPasswords } from '../../api/identity/accounts/breached-passwords.ts';
import { sql } from '../../shared/db/sql.ts';
import { findHashExamples, renewPasswordHash } from '../../shared/identity/password-hash.repository.ts';
import { createPasswords, type Passwords } from '../../shared/identity/passwords.ts';
import { createIdentityMetrics } from '../../shared/observability/identity.metrics.ts';
import { uniquePrefix } from '../support/backends.ts';
import { startBreachedPasswordsPeer, type BreachedPasswordsPeer } from '../support/breached-passwords-peer.ts';
import { buildUser } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PASSWORD = 'correct horse battery staple';
const BREACHED = 'wandering albatross 1847';
const ONLY_PADDING = 'wandering penguin 1847';

let database: TestDatabase;
let peer: BreachedPasswordsPeer;
let api: InProcessApi;

beforeAll(async () => {
  [database, peer] = await Promise.all([createTestDatabase(), startBreachedPasswordsPeer([BREACHED], [ONLY_PADDING])]);
  api = await openApi({
    databaseUri: database.uri,
    prefix: uniquePrefix(),
    extra: { PASSWORD_HASH_PASSES: '3', PASSWORD_HASH_MEMORY_KIB: '20480', BREACHED_PASSWORDS_URL: peer.url },
  });
});
afterAll(async () => {
  await api.close();
  await Promise.all([peer.close(), database.drop()]);
});

/** The list is waited for as long as it takes, however slow this machine, unless a test says otherwise. */
beforeEach(() => {
  jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const uniqueEmail = () => `${crypto.randomUUID()}@example.com`;
const register = (password: string) =>
  api.client.post('/api/v1/auth/register', { email: uniqueEmail(), password, name: 'Ada' });
const logIn = (email: string, password: string) => api.client.post('/api/v1/auth/login', { email, password });
const hashOf = (email: string) =>
  database.db.oneFirst(sql.type(z.strictObject({ password_hash: z.string() }))`
    SELECT password_hash FROM users WHERE email = ${email}`);

describe('a stored hash', () => {
  const NOW = /^\$argon2id\$v=19\$m=20480,t=3,p=1\$/;

  async function buildOldAccount(
    parameters = { memoryKib: 19_456, passes: 2 },
  ): Promise<{ id: string; email: string }> {
    const passwords = await createPasswords({ parameters });
    return buildUser(database.db, { password_hash: await passwords.hash(PASSWORD) });
  }

  test('is made with the parameters of the configuration', async () => {
    const email = uniqueEmail();
    await api.client.post('/api/v1/auth/register', { email, password: PASSWORD, name: 'Ada' });
    expect(await hashOf(email)).toMatch(NOW);
  });

  test('is made again by a login once the parameters rise, and by no wrong password', async () => {
    const { email } = await buildOldAccount();
    const old = await hashOf(email);
    expectProblem(await logIn(email, 'not the password'), 401, 'INVALID_CREDENTIALS');
    expect(await hashOf(email)).toBe(old);
    expect((await logIn(email, PASSWORD)).status).toBe(200);
    const renewed = await hashOf(email);
    expect(renewed).toMatch(NOW);
    expect((await logIn(email, PASSWORD)).status).toBe(200);
    expect(await hashOf(email)).toBe(renewed);
    expectProblem(await logIn(email, 'not the password'), 401, 'INVALID_CREDENTIALS');
  });

  test('stays when it was made with higher parameters', async () => {
    const { email } = await buildOldAccount({ memoryKib: 20_480, passes: 4 });
    const old = await hashOf(email);
    expect((await logIn(email, PASSWORD)).status).toBe(200);
    expect(await hashOf(email)).toBe(old);
  });

  test('never takes the place of one that a change of the password has made meanwhile', async () => {
    const { id, email } = await buildOldAccount();
    const changed = await hashOf(email);
    await renewPasswordHash(database.db, id, 'the hash that was there before', 'a renewed hash');
    expect(await hashOf(email)).toBe(changed);
  });

  test('that is none of ours matches nothing and answers as a wrong password does', async () => {
    const { email } = await buildUser(database.db, { password_hash: 'none' });
    expectProblem(await logIn(email, 'none'), 401, 'INVALID_CREDENTIALS');
  });

  test('is given as an example of its parameters, so that unknown accounts can take as long', async () => {
    const { email } = await buildOldAccount({ memoryKib: 19_456, passes: 5 });
    const examples = await findHashExamples(database.db);
    expect(examples).toContain(await hashOf(email));
    const sets = examples.map((example) => example.split('$')[3]);
    expect(new Set(sets).size).toBe(sets.length);
  });
});

describe('hashing', () => {
  let passwords: Passwords;
  beforeEach(async () => {
    passwords = await createPasswords({ atOnce: 2 });
  });

  test('finds the right password whatever other parameters there are', async () => {
    const old = await passwords.hash(PASSWORD);
    const rising = await createPasswords({ parameters: { memoryKib: 19_456, passes: 3 }, examples: [old, 'none'] });
    const hash = await rising.hash(PASSWORD);
    const unseen = await (await createPasswords({ parameters: { memoryKib: 20_000, passes: 2 } })).hash(PASSWORD);
    for (const known of [old, hash, unseen]) {
      expect(await rising.verify(known, PASSWORD)).toBe(true);
      expect(await rising.verify(known, `${PASSWORD}.`)).toBe(false);
    }
    expect(await rising.verify(null, 'no account has this password')).toBe(false);
    expect([rising.isOutdated(old), rising.isOutdated(hash), rising.isOutdated('none')]).toEqual([true, false, false]);
  });

  test('takes two ways to write the same characters for one password', async () => {
    const composed = await passwords.hash('Zw\u00F6lf Boxk\u00E4mpfer');
    expect(await passwords.verify(composed, 'Zwo\u0308lf Boxka\u0308mpfer')).toBe(true);
  });

  const nothing = () => Promise.resolve();

  test('asks for admission when the turn has come, and looks at nothing that is not admitted', async () => {
    const hash = await passwords.hash(PASSWORD);
    const refuse = () => Promise.reject(new Error('not admitted'));
    await expect(passwords.verify(hash, PASSWORD, { admit: refuse, matched: nothing })).rejects.toThrow('not admitted');
    const underWay: number[] = [];
    let atOnce = 0;
    const turn = {
      admit: () => {
        atOnce += 1;
        underWay.push(atOnce);
        return Promise.resolve();
      },
      // A turn is over when it was said that the password is right.
      matched: async () => {
        await new Promise(setImmediate);
        atOnce -= 1;
      },
    };
    const answers = await Promise.all(Array.from({ length: 6 }, () => passwords.verify(hash, PASSWORD, turn)));
    expect(answers).toEqual(Array.from({ length: 6 }, () => true));
    expect(Math.max(...underWay)).toBeLessThanOrEqual(2);
  });

  test('turns a flood away instead of letting it pile up', async () => {
    const opened = Promise.withResolvers<void>();
    const refuse = async (): Promise<void> => {
      await opened.promise;
      throw new Error('not admitted');
    };
    const crowd = Array.from({ length: 202 }, () =>
      passwords.verify(null, PASSWORD, { admit: refuse, matched: nothing }),
    );
    const outcomes = Promise.allSettled(crowd);
    await expect(passwords.verify(null, PASSWORD)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(passwords.hash(PASSWORD)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryAfterSeconds: 2 });
    opened.resolve();
    expect(new Set((await outcomes).map((outcome) => outcome.status))).toEqual(new Set(['rejected']));
    expect(await passwords.verify(await passwords.hash(PASSWORD), PASSWORD)).toBe(true);
  });
});

describe('choosing a password', () => {
  const problemOf = (path: string, message: RegExp) => ({
    errors: [{ path, message: expect.stringMatching(message) }],
  });
  const COMMON = /common or follows a pattern/;

  test('says which rule the password breaks, and does not repeat it', async () => {
    const answer = await register('Passw0rd!2024');
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject(problemOf('password', COMMON));
    expect(answer.text).not.toContain('Passw0rd');
  });

  test('follows the same rules when it is changed', async () => {
    const { client, password } = await api.client.registerLearner();
    const change = (newPassword: string) =>
      client.post('/api/v1/auth/password', { currentPassword: password, newPassword });
    for (const [bad, message] of [
      ['qwertyuiop123', COMMON],
      [BREACHED, /list of stolen passwords/],
    ] as const) {
      const answer = await change(bad);
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body).toMatchObject(problemOf('newPassword', message));
    }
  });
});

describe('the list of breached passwords', () => {
  const checks = async (result: string): Promise<number> => {
    const { text } = await api.client.get('/metrics');
    const line = new RegExp(`^breached_password_checks_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text);
    return Number(line?.[1] ?? 0);
  };
  beforeEach(() => {
    peer.behave(null);
    peer.requests.length = 0;
  });

  test('refuses what is in it', async () => {
    const before = await checks('breached');
    const answer = await register(BREACHED);
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ errors: [{ path: 'password', message: expect.stringMatching(/stolen/) }] });
    expect(await checks('breached')).toBe(before + 1);
  });

  test('learns five digits of a hash and nothing else, of padded answers', async () => {
    expect((await register(PASSWORD)).status).toBe(201);
    const range = createHash('sha1').update(PASSWORD).digest('hex').toUpperCase().slice(0, 5);
    expect(peer.requests).toEqual([{ method: 'GET', path: `/range/${range}`, padding: 'true', bodyBytes: 0 }]);
  });

  test('lets through what stands in it as padding only', async () => {
    expect((await register(ONLY_PADDING)).status).toBe(201);
  });

  test('is not asked about a password that breaks another rule', async () => {
    expect((await register('qwertyuiop123')).status).toBe(422);
    expect(peer.requests).toEqual([]);
  });

  test('keeps nobody from registering when it is out of order, which is counted and logged', async () => {
    const before = await checks('unavailable');
    peer.behave((_range, response) => response.writeHead(500).end());
    expect((await register(BREACHED)).status).toBe(201);
    expect(await checks('unavailable')).toBe(before + 1);
    const logged = api.logs().filter(({ message }) => message === 'new passwords are not compared with breached ones');
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain(BREACHED);
  });

  test('is soon left alone when it is silent, broken or endless', async () => {
    const errors: string[] = [];
    const list = createBreachedPasswords({
      url: peer.url,
      metrics: createIdentityMetrics(new Registry()),
      onError: (error) => errors.push((error.cause as Error).message),
    });
    const endlessly = `${'0'.repeat(35)}:3\r\n`.repeat(10_000);
    const faults: Parameters<typeof peer.behave>[0][] = [
      (_range, response) => response.writeHead(429).end(),
      (_range, response) => response.writeHead(302, { Location: `${peer.url}00000` }).end(),
      (_range, response) => response.end(endlessly),
      (_range, response) => response.destroy(),
    ];
    for (const fault of faults) {
      peer.behave(fault);
      expect(await list.includes(BREACHED)).toBe(false);
    }
    jest.restoreAllMocks();
    peer.behave((_range, response) => void response.write('0'));
    expect(await list.includes(BREACHED)).toBe(false);
    expect(errors).toHaveLength(5);
    expect(errors.join('; ')).toMatch(/429.*longer than 262144 bytes.*timeout/);
    peer.behave(null);
    expect(await list.includes(BREACHED)).toBe(false);
    expect(peer.requests).toHaveLength(5);
  });
});
