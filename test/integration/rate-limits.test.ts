import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createApp } from '../../api/app.ts';
import { listen, stopListening } from '../../api/http-server.ts';
import type { ApiConfig } from '../../shared/config/api.config.ts';
import { openAccount } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import { Client } from '../support/client.ts';
import { buildExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { sendLogin } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { allowed, failToLogIn, FAILURES_PER_MINUTE, statuses, STRICT_LIMITS } from '../support/rate-limits.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const WRITES_PER_WINDOW = 5;
const READS_PER_WINDOW = 10;

/** The processes of one deployment have one prefix. */
const PREFIX = uniquePrefix();
let database: TestDatabase;
/** Whose database and settings the processes of the suite have. */
let base: InProcessApi;
const opened: { close: () => Promise<void> }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  base = await openApi({ databaseUri: database.uri, prefix: PREFIX, extra: STRICT_LIMITS });
});
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close();
});
afterAll(async () => {
  await base.close();
  await database.drop();
});

type Served = Pick<InProcessApi, 'client' | 'deps'>;

/** A process that counts for itself, from nothing. */
async function open(settings: Partial<ApiConfig> = {}): Promise<Served> {
  const deps = { ...base.deps, config: { ...base.deps.config, ...settings } };
  const { server, url } = await listen(createApp(deps), '127.0.0.1', 0);
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await stopListening(server);
  };
  opened.push({ close });
  return { client: new Client(url), deps };
}

/** No window ends during a test, however long the machine takes for its requests. */
function stopTheClock(): void {
  beforeEach(() => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
}

describe('rate limits of one process', () => {
  stopTheClock();

  test('stop the guessing of passwords after a few failures, and say how long to wait', async () => {
    const api = await open();
    expect(await statuses(FAILURES_PER_MINUTE, () => failToLogIn(api))).toEqual(allowed);
    const refused = await failToLogIn(api);
    expectProblem(refused, 429, 'RATE_LIMITED');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit')).toMatch(/"auth-failures"; r=0; t=\d+/);
    expect(refused.headers.get('ratelimit-policy')).toMatch(/"auth-failures"; q=3; w=60/);
  });

  test('do not charge successful logins as failures', async () => {
    const api = await open();
    const { email, password } = await api.client.registerLearner();
    const logIn = () => api.client.post('/api/v1/auth/login', { email, password });
    expect(await statuses(FAILURES_PER_MINUTE + 2, logIn)).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(FAILURES_PER_MINUTE, () => failToLogIn(api))).toEqual(allowed);
  });

  test('bound successful logins too, in a budget of their own', async () => {
    const api = await open({ RATE_LIMIT_AUTH_PER_MINUTE: 3 });
    const { email, password } = await api.client.registerLearner();
    const logIn = () => api.client.post('/api/v1/auth/login', { email, password });
    expect(await statuses(3, logIn)).toEqual([200, 200, 429]);
  });

  test('bound how many mails one address has sent to whomever it names, and leave its logins alone', async () => {
    const api = await open({ RATE_LIMIT_MAILS_PER_HOUR: 2 });
    const { email, password } = await api.client.registerLearner();
    const forget = () =>
      api.client.post('/api/v1/auth/password/forgot', { email: `${crypto.randomUUID()}@example.com` });
    expect(await statuses(2, forget)).toEqual([202, 429]);
    const registered = await api.client.post('/api/v1/auth/register', {
      email: 'one@example.com',
      password,
      name: 'Lin',
    });
    expectProblem(registered, 429, 'RATE_LIMITED');
    expect(Number(registered.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await api.client.post('/api/v1/auth/login', { email, password })).status).toBe(200);
  });

  test('bound those mails in production without being told to', async () => {
    const policyOf = async (SERVER_ENV: ApiConfig['SERVER_ENV']) => {
      const api = await open({ SERVER_ENV });
      const answer = await api.client.post('/api/v1/auth/password/forgot', { email: 'two@example.com' });
      return answer.headers.get('ratelimit-policy');
    };
    expect(await policyOf('production')).toMatch(/"mail"; q=300; w=3600/);
    expect(await policyOf('test')).toMatch(/"mail"; q=100000; w=3600/);
  });

  test('let nobody fill the audit log with changes to an account', async () => {
    const api = await open({ RATE_LIMIT_AUTH_PER_MINUTE: 3, RATE_LIMIT_RPS: 1000 });
    const { client } = await api.client.registerLearner();
    const rename = () => client.patch('/api/v1/users/me', { name: 'Lin' });
    const logInAndRename = await statuses(4, rename);
    expect([logInAndRename[0], logInAndRename.at(-1)]).toEqual([200, 429]);
    expectProblem(await client.get('/api/v1/users/me/export'), 429, 'RATE_LIMITED');
  });

  test('leave the owner the means against a thief who asks too much elsewhere with the token', async () => {
    const settings = { TRUST_PROXY: 1, RATE_LIMIT_AUTH_PER_MINUTE: 3, RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: 1000 };
    const api = await open(settings);
    const { client, password } = await api.client.registerLearner();
    const ask = (from: string, method: string, path: string, body?: object) => () =>
      client.request(method, `/api/v1${path}`, body && JSON.stringify(body), { 'X-Forwarded-For': from });
    const [thief, owner] = ['198.51.100.66', '203.0.113.10'];
    const nobodys = '/auth/sessions/00000000-0000-4000-8000-000000000000';
    expect(await statuses(4, ask(thief, 'DELETE', nobodys))).toEqual([404, 404, 404, 429]);
    expect((await statuses(4, ask(thief, 'POST', '/auth/step-up', { password: 'wrong' }))).at(-1)).toBe(429);

    const change = { currentPassword: password, newPassword: 'harbour lights at dusk' };
    expect(await ask(owner, 'POST', '/auth/password', change)()).toMatchObject({ status: 204 });
    expect(await ask(owner, 'DELETE', nobodys)()).toMatchObject({ status: 404 });
    expect(await ask(owner, 'POST', '/auth/logout-all')()).toMatchObject({ status: 204 });
  });

  test('bound how much code one learner has stored, also who cancels it each time, and leave the rest alone', async () => {
    const api = await open({ SUBMISSIONS_PER_LEARNER_PER_HOUR: 2, RATE_LIMIT_RPS: 1000 });
    const { exerciseId } = await buildExercise(database.db);
    const { client } = await openAccount(api, 'learner');
    const submit = (as = client, path = 'submissions') =>
      as.post(`/api/v1/exercises/${exerciseId}/${path}`, { code: 'let a;' });
    const submitAndCancel = async () => {
      const answer = await submit();
      return answer.status === 202 ? client.post(`${answer.headers.get('location') ?? ''}/cancel`) : answer;
    };
    expect(await statuses(3, submitAndCancel)).toEqual([200, 200, 429]);
    const refused = await submit(client, 'submit');
    expectProblem(refused, 429, 'RATE_LIMITED');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(refused.headers.get('ratelimit')).toMatch(/"submissions"; r=0/);
    expect(refused.headers.get('ratelimit-policy')).toMatch(/"submissions"; q=2; w=3600/);
    expect((await client.post('/api/v1/courses/00000000-0000-4000-8000-000000000000/enroll')).status).toBe(404);
    expect((await submit((await openAccount(api, 'learner')).client)).status).toBe(202);
  });

  test('keep the classes apart: a spent one leaves the others alone', async () => {
    const api = await open();
    const { client } = await openAccount(api, 'operator');
    const reads = await statuses(READS_PER_WINDOW + 1, () => client.get('/api/v1/users/me'));
    expect([reads.at(-2), reads.at(-1)]).toEqual([200, 429]);
    const noCourse = '/api/v1/courses/00000000-0000-4000-8000-000000000000/enroll';
    const writes = await statuses(WRITES_PER_WINDOW + 1, () => client.post(noCourse));
    expect([writes.at(-2), writes.at(-1)]).toEqual([404, 429]);
    const operations = await statuses(READS_PER_WINDOW + 1, () => client.get('/api/v1/ops/ai/switch'));
    expect([operations.at(-2), operations.at(-1)]).toEqual([200, 429]);
    expect((await failToLogIn(api)).status).toBe(401);
  });

  test('count each account for itself, wherever it comes from', async () => {
    const api = await open();
    const [one, other] = [await api.client.registerLearner(), await api.client.registerLearner()];
    await statuses(READS_PER_WINDOW, () => one.client.get('/api/v1/users/me'));
    expect((await one.client.get('/api/v1/users/me')).status).toBe(429);
    expect((await other.client.get('/api/v1/users/me')).status).toBe(200);
  });

  test('count the guessing of access tokens', async () => {
    const api = await open();
    const guess = () => api.client.as('not.a.token').get('/api/v1/users/me');
    const seen = await statuses(READS_PER_WINDOW + 1, guess);
    expect([seen.at(-2), seen.at(-1)]).toEqual([401, 429]);
  });

  test('never refuse a probe', async () => {
    const api = await open();
    expect(new Set(await statuses(30, () => api.client.get('/health')))).toEqual(new Set([200]));
  });

  test('count all accounts behind one address together, in a larger budget', async () => {
    const factor = 2;
    const api = await open({ RATE_LIMIT_ADDRESS_FACTOR: factor });
    const accounts = [];
    for (let count = 0; count < factor + 2; count += 1) accounts.push((await openAccount(api)).client);
    const perAccount: number[][] = [];
    for (const client of accounts.slice(0, -1))
      perAccount.push(await statuses(READS_PER_WINDOW, () => client.get('/api/v1/users/me')));
    expect(perAccount.map((seen) => new Set(seen))).toEqual([new Set([200]), new Set([200]), new Set([429])]);
    const { headers } = (await accounts.at(-1)?.get('/api/v1/users/me')) ?? { headers: new Headers() };
    expect(headers.get('ratelimit')).toMatch(/"read-address"; r=0/);
  });

  test('count logging in by address, whatever token comes along', async () => {
    const api = await open();
    const tokens = [];
    for (let count = 0; count <= FAILURES_PER_MINUTE; count += 1) tokens.push((await openAccount(api)).client);
    const seen: number[] = [];
    for (const client of tokens) seen.push((await failToLogIn({ ...api, client })).status);
    expect(seen).toEqual([...allowed, 429]);
  });

  test('count what no route answers for: unknown paths, wrong methods, broken URLs, and the documentation', async () => {
    const strays = ['/nothing', '/api/v1/nothing', '/%E0%A4%A', `/${'x'.repeat(8200)}`, '/docs', '/openapi.json'];
    for (const path of strays) {
      const api = await open();
      const seen = await statuses(READS_PER_WINDOW + 1, () => api.client.get(path));
      expect({ path, last: seen.at(-1), before: seen.at(-2) === 429 }).toEqual({ path, last: 429, before: false });
    }
    const api = await open();
    const wrongMethod = await statuses(READS_PER_WINDOW + 1, () => api.client.request('DELETE', '/api/v1/catalog'));
    expect([wrongMethod.at(-2), wrongMethod.at(-1)]).toEqual([405, 429]);
    const metrics = await open();
    expect((await statuses(READS_PER_WINDOW + 1, () => metrics.client.get('/metrics'))).at(-1)).toBe(429);
  });

  test('count bodies that are refused: too large, broken or of another type', async () => {
    const bodies: [body: string, type: string, status: number][] = [
      [' '.repeat(101 * 1024), 'application/json', 413],
      ['{', 'application/json', 400],
      ['{}', 'text/plain', 415],
    ];
    for (const [body, type, status] of bodies) {
      const api = await open();
      const send = () => api.client.request('POST', '/api/v1/auth/login', body, { 'Content-Type': type });
      expect(await statuses(FAILURES_PER_MINUTE + 1, send)).toEqual([...allowed.map(() => status), 429]);
    }
  });

  test('count the pages of the operators', async () => {
    const api = await open();
    const seen = await statuses(READS_PER_WINDOW + 1, () => api.client.get('/ops/login'));
    expect([seen.at(-2), seen.at(-1)]).toEqual([200, 429]);
    const logins = await open();
    const guess = () => sendLogin(logins.client, 'nobody@example.com', 'wrong');
    expect(await statuses(FAILURES_PER_MINUTE + 1, guess)).toEqual([...allowed, 429]);
  });
});

describe('the address that is counted', () => {
  stopTheClock();

  /** Fails logins until one is refused, with the headers of each attempt, and tells how many were let through. */
  async function attemptsUntilRefused(api: Served, headersOf: (n: number) => Record<string, string>) {
    for (let n = 0; n < 3 * FAILURES_PER_MINUTE; n += 1) {
      if ((await failToLogIn(api, headersOf(n))).status === 429) return n;
    }
    return Infinity;
  }

  const SPOOFS: [how: string, headersOf: (n: number) => Record<string, string>][] = [
    ['one address', (n) => ({ 'X-Forwarded-For': `203.0.113.${n}` })],
    ['a chain', (n) => ({ 'X-Forwarded-For': `203.0.113.${n}, 198.51.100.${n}, 192.0.2.${n}` })],
    ['IPv6', (n) => ({ 'X-Forwarded-For': `2001:db8:${n}::1` })],
    [
      'other headers',
      (n) => ({
        'X-Real-IP': `203.0.113.${n}`,
        'True-Client-IP': `203.0.113.${n}`,
        'CF-Connecting-IP': `203.0.113.${n}`,
      }),
    ],
    ['Forwarded', (n) => ({ Forwarded: `for=203.0.113.${n};proto=https, for="[2001:db8::${n}]"` })],
  ];

  test.each(SPOOFS)(
    'is that of the connection when there is no proxy, whatever is claimed by %s',
    async (_how, headersOf) => {
      expect(await attemptsUntilRefused(await open(), headersOf)).toBe(FAILURES_PER_MINUTE);
    },
  );

  /** What the proxy adds stands last; everything before it is the client's own invention. */
  const THROUGH_PROXY: [how: string, headersOf: (n: number) => Record<string, string>][] = [
    ['addresses before the last', (n) => ({ 'X-Forwarded-For': `203.0.113.${n}, 192.0.2.7` })],
    ['a long chain', (n) => ({ 'X-Forwarded-For': `${`10.0.0.${n}, `.repeat(50)}192.0.2.7` })],
    ['blanks and commas', (n) => ({ 'X-Forwarded-For': `203.0.113.${n},,, ,192.0.2.7` })],
    ['ports', (n) => ({ 'X-Forwarded-For': `192.0.2.7:${1000 + n}` })],
    ['IPv4 within IPv6', (n) => ({ 'X-Forwarded-For': n % 2 === 0 ? '192.0.2.7' : '::ffff:192.0.2.7' })],
    ['another address of one IPv6 network', (n) => ({ 'X-Forwarded-For': `2001:db8:1:22${n}${n}::${n}` })],
    [
      'another spelling of one IPv6 address',
      (n) => ({ 'X-Forwarded-For': ['2001:DB8::1', '2001:db8:0:0:0:0:0:1', '[2001:db8::1]:443'][n % 3] ?? '' }),
    ],
    ['what is no address', (n) => ({ 'X-Forwarded-For': `unknown-${n}` })],
    ['other headers', (n) => ({ Forwarded: `for=203.0.113.${n}`, 'X-Real-IP': `203.0.113.${n}` })],
  ];

  test.each(THROUGH_PROXY)('is what one trusted proxy says, whatever is claimed by %s', async (_how, headersOf) => {
    const api = await open({ TRUST_PROXY: 1 });
    expect(await attemptsUntilRefused(api, headersOf)).toBe(FAILURES_PER_MINUTE);
  });

  test('is another one for another client of the proxy', async () => {
    const api = await open({ TRUST_PROXY: 1 });
    for (const address of ['192.0.2.7', '192.0.2.8', '2001:db8:1::1', '2001:db8:2::1'])
      expect(await attemptsUntilRefused(api, () => ({ 'X-Forwarded-For': address }))).toBe(FAILURES_PER_MINUTE);
  });
});
