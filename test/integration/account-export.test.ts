import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { AccountExport } from '../../shared/contracts/account-export.contract.ts';
import { sql } from '../../shared/db/sql.ts';
import { appendAudit } from '../../shared/audit/audit.repository.ts';
import { insertDevice } from '../../shared/identity/known-device.repository.ts';
import { ExportSlots } from '../../api/identity/accounts/export-slots.ts';
import { listAccountColumns } from '../support/account-columns.ts';
import { actorOf } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import { buildUser } from '../support/factories.ts';
import { ADDRESS, fillAccount, MARK, type FullAccount } from '../support/full-account.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const PATH = '/api/v1/users/me/export';

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

type Exported = z.output<typeof AccountExport>;

/** In which part of the export what a column says of an account is found, or why it is in none. */
const WHERE_IT_IS: Record<string, keyof Exported | 'a secret' | 'nothing to tell'> = {
  'account_requests.user_id': 'mails',
  'ai_requests.learner_id': 'aiRequests',
  'ai_switch.changed_by': 'auditEntries',
  'archetypes.user_id': 'archetype',
  'audit_log.actor_id': 'auditEntries',
  'courses.owner_id': 'courses',
  'enrollments.learner_id': 'enrollments',
  'hints_used.learner_id': 'hintsUsed',
  'idempotency_keys.user_id': 'nothing to tell',
  'known_devices.user_id': 'knownDevices',
  'mails.user_id': 'mails',
  'mfa_challenges.user_id': 'a secret',
  'mfa_recovery_codes.user_id': 'a secret',
  'mfa_secrets.user_id': 'profile',
  'mfa_setups.user_id': 'a secret',
  'regrades.requested_by': 'regrades',
  'review_overrides.author_id': 'reviewOverrides',
  'reviews.learner_id': 'submissions',
  'revocations.user_id': 'nothing to tell',
  'sessions.user_id': 'sessions',
  'solved_exercises.learner_id': 'solvedExercises',
  'submissions.learner_id': 'submissions',
};

test('the export knows of every table that says whose something is', async () => {
  const columns = await listAccountColumns(database.db);
  expect(columns.map(({ table, column }) => `${table}.${column}`)).toEqual(Object.keys(WHERE_IT_IS));
});
const STRICT = z.strictObject(AccountExport.shape);

describe('the export of an account with something in every table', () => {
  let account: FullAccount;
  let client: InProcessApi['client'];
  let text: string;
  let headers: Headers;
  let exported: Exported;
  const secrets: string[] = [];

  beforeAll(async () => {
    const registered = await api.client.registerLearner();
    ({ client } = registered);
    const other = await buildUser(database.db);
    account = await fillAccount(database.db, registered.userId, registered.email, other.id);
    await insertDevice(database.db, registered.userId, Buffer.alloc(32, 7), 20);
    // Somebody else did something to the account: that it happened is the owner's to know, from where it was done is not.
    await appendAudit(database.db, {
      action: 'roles.changed',
      actorId: other.id,
      target: registered.userId,
      ip: '198.51.100.9',
      requestId: 'theirs',
      details: { after: ['learner'] },
    });
    secrets.push(registered.refreshToken, registered.password);
    const answer = await client.get(PATH);
    expect({ status: answer.status, text: answer.text.slice(0, 500) }).toMatchObject({ status: 200 });
    ({ text, headers } = answer);
    exported = STRICT.parse(answer.body);
  });

  test('is one JSON document, to be saved as a file and kept by nobody on the way', () => {
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="learnify-export.json"');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('has something of everything', () => {
    const empty = Object.entries(exported).filter(
      ([, value]) => value === null || (Array.isArray(value) && value.length === 0),
    );
    expect(empty).toEqual([]);
    expect(exported.profile).toMatchObject({
      id: account.userId,
      email: account.email,
      name: 'Lin',
      roles: ['learner'],
    });
    expect(exported.profile.secondFactorActivatedAt).not.toBeNull();
    expect(exported.archetype).toMatchObject({ domain: MARK, variables: { ENTITY: MARK } });
    expect(exported.sessions).toContainEqual(
      expect.objectContaining({ kind: 'ops', ip: ADDRESS, userAgent: `Browser of ${MARK}` }),
    );
    expect(exported.solvedExercises.map(({ exerciseTitle }) => exerciseTitle)).toEqual(['Sum']);
    expect(exported.courses.map(({ kind, status }) => `${status} ${kind}`).sort()).toEqual([
      'active authored',
      'active generated',
      'draft authored',
    ]);
    expect(exported.aiRequests).toMatchObject([{ purpose: 'review', inputTokens: 5, outputTokens: 5, costMicros: 42 }]);
  });

  test('has the code, the results and the reviews of its submissions, and no hidden test', () => {
    expect(exported.submissions).toHaveLength(1);
    expect(exported.submissions[0]).toMatchObject({
      id: account.submissionId,
      code: `// by ${MARK} ${account.userId}`,
      verdict: 'accepted',
      tests: [
        { name: 'adds', stdout: `hello ${MARK}` },
        { name: 'Hidden test 2', stdout: '' },
      ],
      review: { id: account.reviewId, status: 'completed', feedback: { helpful: true } },
    });
    expect(text).not.toMatch(/secret case|hidden input|hidden answer/);
  });

  test('has no tokens, hashes or sealed secrets', async () => {
    const stored = await database.db.oneFirst(sql.type(z.strictObject({ hex: z.string() }))`
      SELECT concat_ws('|', (SELECT string_agg(encode(token_hash, 'hex'), '|') FROM session_tokens),
        (SELECT string_agg(encode(token_hash, 'hex'), '|') FROM known_devices),
        (SELECT string_agg(encode(secret_encrypted, 'hex'), '|') FROM mfa_secrets),
        (SELECT string_agg(encode(code_hash, 'hex'), '|') FROM mfa_recovery_codes)) AS hex`);
    for (const secret of [...secrets, ...stored.split('|')]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/argon2|password_hash|passwordHash|token_hash/);
  });

  test('has what was done to the account, and what it did, each with no more than is its own', () => {
    const changed = exported.auditEntries.find(({ action }) => action === 'roles.changed');
    expect(changed).toMatchObject({ by: 'somebody else', ip: null, requestId: null, details: { after: ['learner'] } });
    const registered = exported.auditEntries.find(({ action }) => action === 'account.registered');
    expect(registered).toMatchObject({ by: 'you', ip: '127.0.0.1', requestId: expect.any(String) });
    expect(exported.auditEntries.at(-1)).toMatchObject({ action: 'account.exported', by: 'you' });
    expect(text).not.toContain('198.51.100.9');
  });

  test('has nothing of anybody else', () => {
    const { other } = account;
    for (const id of [other.userId, other.submissionId]) expect(text).not.toContain(id);
    expect(exported.reviewOverrides).toMatchObject([{ reviewId: other.reviewId, comment: 'Well done.' }]);
  });
});

test('an export goes on over many pages, leaves nothing out and repeats nothing', async () => {
  const { client, userId, email } = await api.client.registerLearner();
  const { exercise } = await fillAccount(database.db, userId, email, (await buildUser(database.db)).id);
  await database.db.query(sql.typeAlias('void')`
    INSERT INTO submissions (id, learner_id, exercise_id, exercise_version_id, attempt, code, created_at)
    SELECT gen_random_uuid(), ${userId}, ${exercise.exerciseId}, ${exercise.versionId}, n, ${'y'.repeat(5000)}, now()
    FROM generate_series(2, 130) AS n`);
  await database.db.query(sql.typeAlias('void')`
    INSERT INTO hints_used (learner_id, exercise_id, hint_number) SELECT ${userId}, ${exercise.exerciseId}, n FROM generate_series(2, 500) AS n`);
  const { submissions, hintsUsed } = STRICT.parse((await client.get(PATH)).body);
  expect(submissions.map(({ attempt }) => attempt).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 130 }, (_, n) => n + 1),
  );
  expect(hintsUsed.map(({ hintNumber }) => hintNumber)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
});

test('an export of nothing but a new account is a document as well', async () => {
  const { client } = await api.client.registerLearner();
  const exported = STRICT.parse((await client.get(PATH)).body);
  expect(exported).toMatchObject({ archetype: null, submissions: [], courses: [] });
});

test('an export breaks off where the database fails on the way, so that nobody takes half of it for all', async () => {
  const { client, userId, email } = await api.client.registerLearner();
  const { reviewId } = await fillAccount(database.db, userId, email, (await buildUser(database.db)).id);
  // A row that no schema of ours takes.
  await database.db.query(sql.typeAlias('void')`UPDATE reviews SET body = '{"no":"review"}' WHERE id = ${reviewId}`);
  await expect(client.get(PATH)).rejects.toThrow();
  await database.db.query(sql.typeAlias('void')`UPDATE reviews SET body = NULL WHERE id = ${reviewId}`);
  expect((await client.get(PATH)).status).toBe(200);
});

test('an export takes a recent proof of identity, and who one is', async () => {
  const { id } = await buildUser(database.db);
  const stale = { ...actorOf(id), authenticatedAt: Math.floor(Date.now() / 1000) - 3600 };
  const client = api.client.as(await api.deps.identity.accessTokens.sign(stale));
  expectProblem(await client.get(PATH), 403, 'STEP_UP_REQUIRED');
  expectProblem(await api.client.get(PATH), 401, 'UNAUTHENTICATED');
});

test('an export answers HEAD with its headers alone', async () => {
  const { client } = await api.client.registerLearner();
  const answer = await client.request('HEAD', PATH);
  expect([answer.status, answer.text]).toEqual([200, '']);
  expect(answer.headers.get('content-disposition')).toContain('attachment');
});

describe('the slots for exports', () => {
  const HOME = '198.51.100.7';
  const ada = { userId: 'ada', ip: HOME };
  const grace = { userId: 'grace', ip: '203.0.113.7' };
  const lin = { userId: 'lin', ip: '2001:db8::7' };
  const open = () => new AbortController().signal;
  const refusedWith = (code: string) => expect.objectContaining({ code, retryAfterSeconds: 10 });

  test('are one for an account and a few in all, and are given back when the answer is over', () => {
    const slots = new ExportSlots({ inAll: 2, perNetwork: 2 });
    const [adas, graces] = [new AbortController(), new AbortController()];
    slots.take(ada, adas.signal);
    expect(() => slots.take({ ...ada, ip: grace.ip }, open())).toThrow(refusedWith('RATE_LIMITED'));
    slots.take(grace, graces.signal);
    expect(() => slots.take(lin, open())).toThrow(refusedWith('SERVICE_UNAVAILABLE'));
    adas.abort();
    slots.take(lin, open());
    graces.abort();
    slots.take(ada, open());
  });

  test('are two for a network, however many accounts it has', () => {
    const slots = new ExportSlots();
    const first = new AbortController();
    slots.take({ userId: 'first', ip: '2001:db8:0:1::1' }, first.signal);
    slots.take({ userId: 'second', ip: '2001:db8:0:ff::2' }, open());
    expect(() => slots.take(lin, open())).toThrow(refusedWith('RATE_LIMITED'));
    slots.take(ada, open());
    first.abort();
    slots.take(lin, open());
  });

  test('are not kept by whoever is gone already', () => {
    const slots = new ExportSlots({ inAll: 1, perNetwork: 1 });
    slots.take(ada, AbortSignal.abort());
    slots.take(grace, open());
  });
});
