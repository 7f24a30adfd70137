import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client as PostgresClient, escapeIdentifier } from 'pg';
import { z } from 'zod';
import { SECRET_KEYS } from '../../shared/config/env.ts';
import { sql } from '../../shared/db/sql.ts';
import { createLogger } from '../../shared/observability/logger.ts';
import { openQueueBackend } from '../../shared/queues/backend.ts';
import { answers, fails } from '../support/ai-behaviours.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { uniquePrefix } from '../support/backends.ts';
import { Client, type Answer } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, sumExercise } from '../support/factories.ts';
import { logLines } from '../support/grading-records.ts';
import { sendLogin } from '../support/ops-browser.ts';
import { startApi, startWorkerProcess, type TestProcess } from '../support/processes.ts';
import { modelAnswer, REVIEWED_SUM } from '../support/reviews.ts';
import { SecretCatcher } from '../support/secret-catcher.ts';
import { codeOf, wrongCodeOf } from '../support/second-factor.ts';
import { selfSigned } from '../support/self-signed.ts';
import { openSmtpPeer, type SmtpPeer } from '../support/smtp-peer.ts';
import { createTestDatabase, serverUri, type TestDatabase } from '../support/test-database.ts';
import { findRedisServer, startRedis, type TestRedis } from '../support/test-redis.ts';

const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string(), deviceToken: z.string().optional() });
type Tokens = z.infer<typeof Tokens>;

/**
 * One journey through everything that handles a secret, with real servers on all sides; then everything that was written is searched for
 * every secret there was: the settings, and whatever came up on the way.
 */
describe.each(ways())('a connection that is refused, %s', (_to, connect) => {
  test('is logged with its reason and without what it was refused for', async () => {
    const lines: string[] = [];
    const settings = { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' } as const;
    const log = createLogger('test', settings, undefined, { write: (line) => void lines.push(line) });
    const secret = randomBytes(24).toString('hex');
    const end = await connect(secret, (error) => log.warn({ err: error }, 'refused'));
    try {
      await eventually('it is refused', () =>
        lines.some((line) => /WRONGPASS|password authentication failed/.test(line)),
      );
    } finally {
      await end();
    }
    expect(lines.join('').includes(secret)).toBe(false);
  });
});

type Connect = (secret: string, onError: (error: Error) => void) => Promise<() => Promise<unknown>>;

/** Ways to servers of which each has been given a wrong password. */
function ways(): [string, Connect][] {
  const connect = (redisUrl: string | undefined, databaseUri: string, onError: (error: Error) => void) =>
    openQueueBackend({ role: 'producer', prefix: uniquePrefix(), redisUrl, databaseUri, onError });
  const toPostgres: Connect = async (secret, onError) => {
    const uri = new URL(serverUri());
    uri.password = secret;
    const backend = connect(undefined, uri.href, onError);
    backend.ping().catch(onError);
    return () => backend.close();
  };
  const toRedis: Connect = async (secret, onError) => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    await admin.config('SET', 'requirepass', 'another one');
    admin.disconnect();
    const url = new URL(redis.url);
    url.password = secret;
    const backend = connect(url.href, '', onError);
    return async () => {
      // BullMQ cannot say goodbye to a server that never let it in.
      await backend.close().catch(() => undefined);
      await redis.stop();
    };
  };
  return [
    ['to PostgreSQL', toPostgres],
    ...(findRedisServer() === null ? [] : [['to Redis', toRedis] as [string, Connect]]),
  ];
}

describe('a whole journey, logged at level debug', () => {
  const secrets = new SecretCatcher();
  const newSecret = (what: string): string => secrets.add(what, randomBytes(36).toString('base64url'));
  const role = `learnify_secrets_${randomBytes(6).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), 'learnify-secrets-'));
  /** What may be written in the clear neither in a log nor in the database. */
  const neverStored = new SecretCatcher();
  const keepSecret = (what: string, secret: string): string => neverStored.add(what, secrets.add(what, secret));

  let database: TestDatabase;
  let admin: PostgresClient;
  let redis: TestRedis | null = null;
  let ai: AiPeer;
  let smtp: SmtpPeer;
  let settings: Record<string, string>;
  let api: TestProcess;
  let worker: TestProcess;

  beforeAll(async () => {
    const certificate = selfSigned();
    const smtpLogin = { user: 'learnify', pass: newSecret('SMTP password') };
    secrets.add('SMTP login', Buffer.from(`\0${smtpLogin.user}\0${smtpLogin.pass}`).toString('base64'));
    [database, ai, smtp] = await Promise.all([
      createTestDatabase(),
      startAiPeer(),
      // A mail that nobody waits for is refused for now, so that a failure is logged, too.
      openSmtpPeer({
        ...certificate,
        credentials: smtpLogin,
        onMessage: (_index, { subject }) => (/we ended a session/i.test(subject) ? { code: 451, text: 'later' } : null),
      }),
    ]);
    writeFileSync(join(directory, 'authority.pem'), certificate.cert);
    admin = new PostgresClient({ connectionString: serverUri() });
    await admin.connect();
    const databasePassword = newSecret('database password');
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${databasePassword}' IN ROLE CURRENT_USER`);
    const uri = new URL(database.uri);
    uri.username = role;
    uri.password = databasePassword;
    const apiKey = newSecret('AI_API_KEY');
    ai.always(answers(modelAnswer()));
    // A provider that repeats the key in what it complains about.
    ai.next(fails(401, 'invalid_api_key', { message: `Incorrect API key provided: ${apiKey}` }));
    settings = {
      JWT_SECRET: newSecret('JWT_SECRET'),
      JWT_PREVIOUS_SECRET: newSecret('JWT_PREVIOUS_SECRET'),
      MFA_ENCRYPTION_KEY: newSecret('MFA_ENCRYPTION_KEY'),
      MFA_PREVIOUS_ENCRYPTION_KEY: newSecret('MFA_PREVIOUS_ENCRYPTION_KEY'),
      OPS_TOKEN: newSecret('OPS_TOKEN'),
      DATABASE_URL: uri.href,
      DATABASE_LISTEN_URL: uri.href,
      DB_PASSWORD: newSecret('DB_PASSWORD'),
      SMTP_URL: `smtp://${smtpLogin.user}:${smtpLogin.pass}@localhost:${smtp.port}`,
      AI_API_KEY: apiKey,
      AI_BASE_URL: ai.openaiUrl,
      AI_MODEL: 'peer-model',
      AI_FALLBACK_API_KEY: newSecret('AI_FALLBACK_API_KEY'),
      AI_FALLBACK_PROVIDER: 'anthropic',
      AI_FALLBACK_BASE_URL: ai.anthropicUrl,
      AI_FALLBACK_MODEL: 'peer-model-2',
    };
    if (findRedisServer() !== null) settings['REDIS_URL'] = await startGuardedRedis();
    const environment = {
      databaseUri: uri.href,
      prefix: uniquePrefix(),
      extra: {
        ...settings,
        LOG_LEVEL: 'debug',
        NODE_EXTRA_CA_CERTS: join(directory, 'authority.pem'),
        REFRESH_GRACE_SECONDS: '0',
      },
    };
    [api, worker] = await Promise.all([startApi(environment), startWorkerProcess(environment)]);
  });
  afterAll(async () => {
    await Promise.all([api, worker].map((started) => started.kill('SIGKILL')));
    await Promise.all([ai.close(), smtp.close(), redis?.stop()]);
    await database.drop();
    await admin.query(`DROP ROLE ${role}`);
    await admin.end();
    rmSync(directory, { recursive: true });
  });

  async function startGuardedRedis(): Promise<string> {
    redis = await startRedis();
    const password = newSecret('Redis password');
    const client = new Redis(redis.url);
    await client.config('SET', 'requirepass', password);
    client.disconnect();
    const url = new URL(redis.url);
    url.password = password;
    return url.href;
  }

  const keepTokens = ({ body }: Answer): Tokens => {
    const tokens = Tokens.parse(body);
    keepSecret('access token', tokens.accessToken);
    keepSecret('refresh token', tokens.refreshToken);
    if (tokens.deviceToken !== undefined) keepSecret('device token', tokens.deviceToken);
    return tokens;
  };
  const mailedToken = async (email: string, subject: RegExp): Promise<string> => {
    const mail = await eventually(
      `a mail about ${String(subject)}`,
      () =>
        smtp.deliveries.map(({ mail: each }) => each).find((each) => each.to === email && subject.test(each.subject)),
      60_000,
    );
    return keepSecret('mailed token', mail.token);
  };
  const accepted = (answer: Answer, ...statuses: number[]): Answer => {
    if (!statuses.includes(answer.status)) throw new Error(`It was answered with ${answer.status}: ${answer.text}`);
    return answer;
  };

  test('goes through accounts, sessions, second factors, grading, reviews, operators’ pages and erasure', async () => {
    const anonymous = new Client(api.url);
    const email = secrets.add('email', `secretive-${randomBytes(6).toString('hex')}@example.com`);
    let password = keepSecret('password', 'harbour lights at dusk, 47 of them');
    const login = (more: Record<string, unknown> = {}) =>
      anonymous.post('/api/v1/auth/login', { email, password, ...more });

    // Accounts, and secrets where they do not belong.
    const first = keepTokens(
      accepted(await anonymous.post('/api/v1/auth/register', { email, password, name: 'Quiet Quin' }), 201),
    );
    accepted(await login({ password: keepSecret('wrong password', 'not the one that it is at all') }), 401);
    accepted(await login({ email: password }), 401);
    accepted(await login({ password: { nested: password } }), 422);
    accepted(await login({ remember: password }), 422);
    accepted(
      await anonymous.request('POST', '/api/v1/auth/login', `{"email":"${email}","password":"${password}"`),
      400,
    );
    accepted(await anonymous.get(`/api/v1/users/me?access_token=${first.accessToken}&password=${password}`), 401);
    const basic = Buffer.from(`${email}:${password}`).toString('base64');
    secrets.add('basic credentials', basic);
    accepted(await anonymous.get('/api/v1/users/me', { Authorization: `Basic ${basic}` }), 401);
    accepted(
      await anonymous.get('/api/v1/users/me', { Authorization: first.refreshToken, Cookie: `t=${password}` }),
      401,
    );
    const verifying = await mailedToken(email, /confirm your address/i);
    accepted(await anonymous.post('/api/v1/auth/email/verify', { token: verifying, password }), 200, 204);

    // Sessions: a rotation, a broken token, a stolen one.
    const second = keepTokens(accepted(await login({ deviceToken: first.deviceToken }), 200));
    keepTokens(accepted(await anonymous.post('/api/v1/auth/refresh', { refreshToken: second.refreshToken }), 200));
    accepted(await anonymous.as(`${first.accessToken}broken`).get('/api/v1/users/me'), 401);
    accepted(await anonymous.post('/api/v1/auth/refresh', { refreshToken: second.refreshToken }), 401);

    // Passwords.
    const me = anonymous.as(first.accessToken);
    const changed = keepSecret('changed password', 'a jetty in the morning fog, 12');
    accepted(await me.post('/api/v1/auth/password', { currentPassword: password, newPassword: changed }), 200, 204);
    accepted(await anonymous.post('/api/v1/auth/password/forgot', { email }), 202);
    const resetting = await mailedToken(email, /new password/i);
    password = keepSecret('reset password', 'seven lanterns on the pier, 3');
    const reset = { token: resetting, newPassword: password };
    accepted(await anonymous.post('/api/v1/auth/password/reset', reset), 200, 204);
    accepted(await anonymous.post('/api/v1/auth/password/reset', reset), 410);

    // A second factor.
    const third = keepTokens(accepted(await login(), 200));
    const mine = anonymous.as(third.accessToken);
    const setup = z
      .object({ secret: z.string(), otpauthUri: z.string() })
      .parse(accepted(await mine.post('/api/v1/auth/mfa/setup'), 200).body);
    keepSecret('TOTP secret', setup.secret);
    const wrong = secrets.addCode('wrong code', wrongCodeOf(setup.secret));
    accepted(await mine.post('/api/v1/auth/mfa/activate', { code: wrong }), 401);
    const code = secrets.addCode('code', codeOf(setup.secret));
    const activated = z
      .object({ recoveryCodes: z.array(z.string()).length(10), accessToken: z.string() })
      .parse(accepted(await mine.post('/api/v1/auth/mfa/activate', { code }), 200).body);
    for (const recoveryCode of activated.recoveryCodes) keepSecret('recovery code', recoveryCode);
    const { mfaToken } = z.object({ mfaToken: z.string() }).parse(accepted(await login(), 200).body);
    keepSecret('MFA token', mfaToken);
    accepted(await anonymous.post('/api/v1/auth/mfa/verify', { mfaToken, code: wrong }), 401);
    const verified = await anonymous.post('/api/v1/auth/mfa/verify', { mfaToken, code: activated.recoveryCodes[0] });
    const proved = anonymous.as(keepTokens(accepted(verified, 200)).accessToken);
    accepted(await proved.post('/api/v1/auth/step-up', { password, code: wrong }), 401);
    const steppedUp = await proved.post('/api/v1/auth/step-up', { password, code: activated.recoveryCodes[1] });
    const { accessToken } = z.object({ accessToken: z.string() }).parse(accepted(steppedUp, 200).body);
    const learner = anonymous.as(keepSecret('access token', accessToken));

    // Grading and a review, by a provider that complains first.
    const { exerciseId } = await buildExercise(database.db, sumExercise({ limits: { cpuMs: 500, wallMs: 10_000 } }));
    const thought = secrets.add('learner’s code', `privateThought${randomBytes(6).toString('hex')}`);
    const submitted = await learner.post(`/api/v1/exercises/${exerciseId}/submissions`, {
      code: `${REVIEWED_SUM}// ${thought}\nconsole.log('${thought}');\n`,
    });
    const location = accepted(submitted, 202).headers.get('location') ?? '';
    await eventually(
      'graded and reviewed',
      async () => {
        const { body } = await learner.get(location);
        const { review } = z.object({ review: z.object({ status: z.string() }).nullable() }).parse(body);
        return review?.status === 'completed';
      },
      60_000,
    );
    expect(ai.requests.length).toBeGreaterThan(0);

    // Operators' pages and machines.
    await database.db.query(
      sql.typeAlias('void')`UPDATE users SET roles = '{learner,operator}' WHERE email = ${email}`,
    );
    accepted(await sendLogin(anonymous, email, `${password} but wrong`), 401);
    const form = new URLSearchParams({ email, password, code: activated.recoveryCodes[2] ?? '' }).toString();
    const ops = await anonymous.request('POST', '/ops/login', form, {
      'Content-Type': 'application/x-www-form-urlencoded',
    });
    const cookie = (accepted(ops, 303).headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
    keepSecret('ops session', cookie.split('=')[1] ?? '');
    accepted(await anonymous.get('/ops/queues/api/queues', { Cookie: cookie }), 200);
    accepted(await anonymous.as(settings['OPS_TOKEN'] ?? '').get('/api/v1/ops/queues/depth'), 200);
    accepted(await anonymous.as(`${settings['OPS_TOKEN'] ?? ''}x`).get('/api/v1/ops/queues/depth'), 401);

    // The end of the account.
    accepted(await learner.get('/api/v1/users/me/export'), 200);
    accepted(await learner.request('DELETE', '/api/v1/users/me', JSON.stringify({ password })), 200, 202, 204);
    await eventually(
      'the last mail is sent',
      () => smtp.deliveries.some(({ mail }) => /being erased/.test(mail.subject)),
      60_000,
    );
    await eventually('the refused mail is logged', () => worker.output().includes('job retried'));
  }, 300_000);

  test('and every setting that is a secret was set in it', () => {
    const expected = [...SECRET_KEYS].filter((key) => key !== 'REDIS_URL' || findRedisServer() !== null);
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(expected));
  });

  test('and the database holds none of its passwords, tokens and codes in the clear', async () => {
    const client = new PostgresClient({ connectionString: database.uri });
    await client.connect();
    try {
      const { rows: tables } = await client.query<{ name: string }>(
        "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition",
      );
      expect(tables.length).toBeGreaterThan(20);
      for (const { name } of tables) {
        const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${escapeIdentifier(name)} t`);
        expect({ [name]: neverStored.foundIn(rows.map(({ row }) => row).join('\n')) }).toEqual({ [name]: [] });
      }
    } finally {
      await client.end();
    }
  });

  test('and neither process has written any of its secrets, in no log line and no metric', async () => {
    const metrics = await Promise.all([api, worker].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    await Promise.all([api.kill('SIGTERM'), worker.kill('SIGTERM')]);
    expect(secrets.size).toBeGreaterThan(150);
    // A journey that was not logged would prove nothing.
    expect(logLines(api).length).toBeGreaterThan(40);
    expect(logLines(worker).length).toBeGreaterThan(10);
    expect(worker.output()).toContain('job retried');
    for (const text of [api.output(), worker.output(), ...metrics]) {
      expect(secrets.foundIn(text)).toEqual([]);
      expect(text).not.toMatch(/argon2id|Bearer |Basic |BEGIN [A-Z ]*PRIVATE KEY/);
    }
  });
});
