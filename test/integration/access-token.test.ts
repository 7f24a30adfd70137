import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { uniquePrefix } from '../support/backends.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { TEST_JWT_SECRET } from '../support/processes.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const OTHER_SECRET = 'Zr7uX1mK9vB4nE6qW8yT2pL5sD3fG0hJ';
/** What could be replaced besides the time of day. */
const TIMERS = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const base64 = (value: unknown) => base64url(JSON.stringify(value));

describe('an access token', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let genuine: string;
  let header: JWTHeaderParameters;
  let claims: JWTPayload;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await open();
    genuine = await newToken(api);
    header = decodeProtectedHeader(genuine) as JWTHeaderParameters;
    claims = decodeJwt(genuine);
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  const open = (extra: Record<string, string> = {}) =>
    openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
  const newToken = async ({ client }: InProcessApi): Promise<string> => {
    const { email, password } = await client.registerLearner();
    const { body } = await client.post('/api/v1/auth/login', { email, password });
    return String((body as Record<string, unknown>)['accessToken']);
  };
  const use = (token: string, at = api) => at.client.as(token).get('/api/v1/users/me');
  const sign = (
    changedClaims: Record<string, unknown> = {},
    changedHeader: Partial<JWTHeaderParameters> = {},
    secret = TEST_JWT_SECRET,
  ) =>
    new SignJWT({ ...claims, ...changedClaims })
      .setProtectedHeader({ ...header, ...changedHeader })
      .sign(Buffer.from(secret));
  /** Signs what no library would. */
  const forge = (forgedHeader: object, secret = TEST_JWT_SECRET, changedClaims: object = {}) => {
    const signed = `${base64(forgedHeader)}.${base64({ ...claims, ...changedClaims })}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  };
  const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

  test('that we sign ourselves as the API does is taken, so that the refusals below mean something', async () => {
    expect((await use(await sign())).status).toBe(200);
  });

  test('holds the id, the roles, the session and how and when it was proved, and no name or address', () => {
    const names = ['amr', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'jti', 'roles', 'sid', 'sub'];
    expect(Object.keys(claims).sort()).toEqual(names);
    expect(Number(claims.exp) - Math.floor(Number(claims.iat))).toBe(900);
  });

  test('that has expired is told apart from a false one', async () => {
    expectProblem(await use(await sign({ exp: seconds(-1) })), 401, 'TOKEN_EXPIRED');
    expect((await use(forge(header))).status).toBe(200);
  });

  test('is not taken for longer than tokens live by now, whatever it says itself', async () => {
    const longLived = await open({ JWT_EXPIRATION: '1h' });
    const token = await newToken(longLived);
    await longLived.close();
    expect((await use(token)).status).toBe(200);
    const old = await sign({ iat: seconds(-901), exp: seconds(3600) });
    expectProblem(await use(old), 401, 'TOKEN_EXPIRED');
  });

  test('cannot be made to live for more than a day: for so long revocations are kept', async () => {
    await expect(open({ JWT_EXPIRATION: '25h' })).rejects.toThrow(/JWT_EXPIRATION: must be at most 24h/);
  });

  test('of any length beyond that of a genuine one is refused', async () => {
    const long = await sign({ padding: 'x'.repeat(2000) });
    expect((await use(long)).status).toBe(200);
    expectProblem(await use(await sign({ padding: 'x'.repeat(4000) })), 401, 'UNAUTHENTICATED');
    expectProblem(await use(`${genuine}${'A'.repeat(4000)}`), 401, 'UNAUTHENTICATED');
  });

  test('is refused when anything about it is false', async () => {
    const [head = '', payload = '', signature = ''] = genuine.split('.');
    const forgeries = {
      'another secret': await sign({}, {}, OTHER_SECRET),
      'another audience': await sign({ aud: 'another-api' }),
      'another issuer': await sign({ iss: 'somebody' }),
      'an unknown key id': await sign({}, { kid: '0123456789abcdef' }),
      'another algorithm': await sign({}, { alg: 'HS512' }),
      'no expiry': await sign({ exp: undefined }),
      'not valid yet': await sign({ nbf: seconds(3600) }),
      'several audiences, none of them ours': await sign({ aud: ['another-api', 'learnify'] }),
      'another type of token': await sign({}, { typ: 'dpop+jwt' }),
      'no type': forge({ ...header, typ: undefined }),
      'an extension that has to be understood': forge({ ...header, crit: ['exp'], exp: 1 }),
      'a payload that is not encoded': forge({ ...header, crit: ['b64'], b64: false }),
      'a key of its own along with it': forge(
        { ...header, kid: undefined, jwk: { kty: 'oct', k: base64url(OTHER_SECRET) } },
        OTHER_SECRET,
      ),
      'an address of a key': forge({ ...header, kid: undefined, jku: 'https://example.com/keys' }, OTHER_SECRET),
      'a key id that is a path': forge({ ...header, kid: '../../../../dev/null' }, ''),
      'the algorithm of a public key, signed with our secret': forge({ ...header, alg: 'RS256' }),
      'an expiry that is no number': forge(header, TEST_JWT_SECRET, { exp: String(claims.exp) }),
      'a user that is no id': await sign({ sub: 'admin' }),
      'a session that is no id': await sign({ sid: 'service' }),
      'more than one session': await sign({ sid: [claims['sid'], claims['sid']] }),
      'no session': await sign({ sid: undefined }),
      'an unknown role': await sign({ roles: ['root'] }),
      'algorithm none': `${base64({ ...header, alg: 'none' })}.${payload}.`,
      'algorithm none, signature kept': `${base64({ ...header, alg: 'none' })}.${payload}.${signature}`,
      'roles changed after signing': `${head}.${base64({ ...claims, roles: ['admin'] })}.${signature}`,
      'no signature': `${head}.${payload}.`,
      garbage: 'garbage',
      'garbage in three parts': 'a.b.c',
      'an opaque token': 'x'.repeat(43),
    };
    for (const [what, token] of Object.entries(forgeries)) {
      const { status, body } = await use(token);
      expect({ what, status, body }).toMatchObject({ what, status: 401, body: { code: 'UNAUTHENTICATED' } });
    }
  });

  test('is refused in any other place than behind Bearer', async () => {
    for (const authorization of ['Basic YTpi', genuine, `Bearer  ${genuine}`, 'Bearer', `Bearer ${genuine} x`]) {
      const answer = await api.client.get('/api/v1/users/me', { Authorization: authorization });
      expectProblem(answer, 401, 'UNAUTHENTICATED');
    }
    expect((await api.client.get(`/api/v1/users/me?access_token=${genuine}`)).status).toBe(401);
    expect((await api.client.get('/api/v1/users/me', { Authorization: `bearer ${genuine}` })).status).toBe(200);
  });

  test('when absent, the answer says which scheme to use', async () => {
    const answer = await api.client.get('/api/v1/users/me');
    expectProblem(answer, 401, 'UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('that is false is refused on public routes too, rather than taken for none', async () => {
    expectProblem(await api.client.as('garbage').get('/api/v1/catalog'), 401, 'UNAUTHENTICATED');
  });

  test('ends at its time, also when it was checked a moment before', async () => {
    const token = await newToken(api);
    const endsAtMs = Number(decodeJwt(token).exp) * 1000;
    // The time of day alone: whatever waits or measures goes on.
    jest.useFakeTimers({ now: endsAtMs - 1, doNotFake: [...TIMERS] });
    try {
      expect((await use(token)).status).toBe(200);
      jest.setSystemTime(endsAtMs);
      expectProblem(await use(token), 401, 'TOKEN_EXPIRED');
    } finally {
      jest.useRealTimers();
    }
  });

  test('of the previous secret is taken while keys are rotated, and none is signed with it any more', async () => {
    const rotated = await open({ JWT_SECRET: OTHER_SECRET, JWT_PREVIOUS_SECRET: TEST_JWT_SECRET });
    const finished = await open({ JWT_SECRET: OTHER_SECRET });
    try {
      expect((await use(genuine, rotated)).status).toBe(200);
      expect((await use(genuine, finished)).status).toBe(401);
      const renewed = await newToken(rotated);
      expect((await use(renewed, finished)).status).toBe(200);
      expect((await use(renewed, api)).status).toBe(401);
    } finally {
      await rotated.close();
      await finished.close();
    }
  });
});
