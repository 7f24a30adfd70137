import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { completeRun } from '../../shared/learning/grading-run.repository.ts';
import { insertMail } from '../../shared/mail/mail.repository.ts';
import { eraseAccount, eraseClosedAccounts } from '../../worker/maintenance/erase-account.ts';
import { countMentions, listAccountColumns } from '../support/account-columns.ts';
import { actorOf } from '../support/accounts.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { buildExercise, buildUser } from '../support/factories.ts';
import { fillAccount, type FullAccount } from '../support/full-account.ts';
import { buildGrade, startGrading } from '../support/graded.ts';
import { openApi, openWorker, type InProcessApi } from '../support/in-process.ts';
import { openMailWorker, type MailWorker } from '../support/mail-worker.ts';
import { expectProblem } from '../support/problems.ts';
import { buildSubmission } from '../support/runs.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: InProcessApi;
let mails: MailWorker;
/** The subject of the mail that says goodbye. */
const FAREWELL = 'Your account is being erased';
const prefix = uniquePrefix();

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { databaseUri: database.uri, prefix };
  api = await openApi(environment);
  mails = await openMailWorker(environment);
});
afterAll(async () => {
  await mails.close();
  await api.close();
  await database.drop();
});

const erase = (client: Client, body: unknown) => client.request('DELETE', '/api/v1/users/me', JSON.stringify(body));
const login = (email: string, password: string) => api.client.post('/api/v1/auth/login', { email, password });
const countUsers = (id: string) =>
  database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
    SELECT count(*)::int AS count FROM users WHERE id = ${id}`);

describe('deleting the own account', () => {
  test('closes it at once: nobody is in any more, its row names nobody, its address is free', async () => {
    const account = await api.client.registerLearner();
    const elsewhere = await login(account.email, account.password);
    const answer = await erase(account.client, { password: account.password });
    expect([answer.status, answer.body]).toEqual([202, { status: 'erasing' }]);
    const other = z.object({ accessToken: z.string(), refreshToken: z.string() }).parse(elsewhere.body);
    expectProblem(await account.client.get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expectProblem(await api.client.as(other.accessToken).get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    for (const refreshToken of [account.refreshToken, other.refreshToken]) {
      expectProblem(await api.client.post('/api/v1/auth/refresh', { refreshToken }), 401, 'UNAUTHENTICATED');
    }
    expectProblem(await login(account.email, account.password), 401, 'INVALID_CREDENTIALS');
    const row = await database.db.oneFirst(sql.type(z.strictObject({ row: z.string() }))`
      SELECT u::text AS row FROM users u WHERE id = ${account.userId}`);
    expect(row).not.toMatch(new RegExp(`${account.email}|Lin|argon2`));
    const again = { email: account.email, password: 'another good password', name: 'Lin' };
    expect((await api.client.post('/api/v1/auth/register', again)).status).toBe(201);
  });

  test('says goodbye to the address that it had', async () => {
    const { client, email, password } = await api.client.registerLearner();
    await mails.mailTo(email);
    await erase(client, { password });
    expect((await mails.mailTo(email, 2)).subject).toBe(FAREWELL);
  });

  test('takes the password, and nobody else’s', async () => {
    const { client, email, password, userId } = await api.client.registerLearner();
    expectProblem(await erase(client, { password: 'not the password' }), 401, 'INVALID_CREDENTIALS');
    expectProblem(await erase(client, {}), 422, 'VALIDATION_FAILED');
    expectProblem(await erase(client, { password, userId }), 422, 'VALIDATION_FAILED');
    expectProblem(await client.request('DELETE', '/api/v1/users/me'), 422, 'VALIDATION_FAILED');
    expectProblem(await erase(api.client, { password }), 401, 'UNAUTHENTICATED');
    expect((await login(email, password)).status).toBe(200);
  });

  test('is not for the last admin, and of two admins at the same moment for one', async () => {
    const password = 'correct horse battery staple';
    const passwordHash = await api.deps.identity.passwords.hash(password);
    const openAdmin = async () => {
      const { id } = await buildUser(database.db, { roles: ['learner', 'admin'], password_hash: passwordHash });
      return api.client.as(await api.deps.identity.accessTokens.sign(actorOf(id, 'admin')));
    };
    const ada = await openAdmin();
    expectProblem(await erase(ada, { password }), 409, 'CONFLICT');
    const grace = await openAdmin();
    const answers = await Promise.all([ada, grace].map((admin) => erase(admin, { password })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([202, 409]);
  });

  test('takes a recent proof of identity', async () => {
    const { id } = await buildUser(database.db);
    const stale = { ...actorOf(id), authenticatedAt: Math.floor(Date.now() / 1000) - 3600 };
    const client = api.client.as(await api.deps.identity.accessTokens.sign(stale));
    expectProblem(await erase(client, { password: 'anything' }), 403, 'STEP_UP_REQUIRED');
  });
});

/** The tables, of the queues too, that have a text anywhere in a row. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await database.db.any(sql.type(z.strictObject({ schema: z.string(), table: z.string() }))`
    SELECT n.nspname AS schema, c.relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1, 2`);
  const searches = tables.map(
    ({ schema, table }) => sql.fragment`
      SELECT ${table}::text AS table
      WHERE EXISTS (SELECT FROM ${sql.identifier([schema, table])} t WHERE position(${text} IN t::text) > 0)`,
  );
  return [
    ...(await database.db.anyFirst(sql.type(z.strictObject({ table: z.string() }))`
      ${sql.join(searches, sql.fragment` UNION ALL `)}`)),
  ];
}

describe('an account with a trace in every table', () => {
  let account: FullAccount;
  let otherEmail: string;
  const address = `full-${crypto.randomUUID()}@example.com`;

  beforeAll(async () => {
    const password = 'correct horse battery staple';
    const registered = await api.client.post('/api/v1/auth/register', { email: address, password, name: 'Lin' });
    const { user, accessToken } = z
      .object({ user: z.object({ id: z.string() }), accessToken: z.string() })
      .parse(registered.body);
    // What registering asks for is done with: from here on there are no jobs but those of the erasure.
    await mails.mailTo(address);
    const other = await buildUser(database.db);
    otherEmail = other.email;
    account = await fillAccount(database.db, user.id, address, other.id);
    // Asked for by somebody who need not have been its owner, and looked at by no worker yet: known by the address alone.
    const forgotten = { template: 'reset_password', recipient: address.toUpperCase(), userId: null } as const;
    await insertMail(database.db, { ...forgotten, id: newId(), dispatch: 1, accountRequestId: null, details: {} });
    const columns = await listAccountColumns(database.db);
    expect(columns.length).toBeGreaterThan(20);
    const empty = [];
    for (const column of columns) if ((await countMentions(database.db, column, user.id)) === 0) empty.push(column);
    // A new table must be filled in test/support/full-account.ts, so that what becomes of it is seen below.
    expect(empty).toEqual([]);
    expect((await erase(api.client.as(accessToken), { password })).status).toBe(202);
    const maintenance = { WORKER_QUEUES: 'maintenance' };
    const worker = await openWorker({ databaseUri: database.uri, prefix, extra: maintenance });
    try {
      await eventually('the account is erased', async () => (await countUsers(user.id)) === 0);
      await mails.mailAbout(address, FAREWELL);
      await eventually(
        'no job is left',
        async () => !(await tablesWith(user.id)).some((table) => /outbox|job/.test(table)),
      );
    } finally {
      await worker.close();
    }
  });

  test('leaves its id in the audit log, and for a while with the tokens that were revoked, and nowhere else', async () => {
    expect(await tablesWith(account.userId)).toEqual(['audit_log', 'revocations']);
  });

  test('leaves its address on the mail that said goodbye, and nowhere else', async () => {
    expect(await tablesWith(address)).toEqual(['mails']);
    expect(await tablesWith(address.toUpperCase())).toEqual([]);
    const templates = await database.db.anyFirst(sql.type(z.strictObject({ template: z.string() }))`
      SELECT template FROM mails WHERE recipient = ${address}`);
    expect(templates).toEqual(['account_erased']);
  });

  test('takes along its code, its results and what was said of them', async () => {
    for (const id of [account.submissionId, account.reviewId, account.draftCourseId, account.generatedCourseId]) {
      expect(await tablesWith(id)).toEqual(id === account.reviewId ? ['ai_requests'] : []);
    }
  });

  test('leaves what belongs to others', async () => {
    const { other, publishedCourseId, exercise } = account;
    expect(await tablesWith(other.submissionId)).toEqual(
      expect.arrayContaining(['grading_runs', 'reviews', 'submissions']),
    );
    expect(await tablesWith(`quetzalcoatl ${other.userId}`)).toEqual(expect.arrayContaining(['review_cache']));
    expect(await tablesWith(`Thanks, says ${other.userId}`)).toEqual(['review_feedback']);
    expect(await tablesWith(otherEmail)).toEqual(['users']);
    expect(await tablesWith(exercise.versionId)).toEqual(expect.arrayContaining(['exercise_versions', 'exercises']));
    const course = await database.db.one(sql.type(z.strictObject({ owner_id: z.null(), status: z.string() }))`
      SELECT owner_id, status FROM courses WHERE id = ${publishedCourseId}`);
    expect(course.status).toBe('active');
    const comment = await database.db.one(sql.type(z.strictObject({ author_id: z.null(), comment: z.string() }))`
      SELECT author_id, comment FROM review_overrides WHERE review_id = ${other.reviewId}`);
    expect(comment.comment).toBe('Well done.');
  });

  test('leaves what language models cost, without for whom', async () => {
    const cost = await database.db.one(sql.type(z.strictObject({ learner_id: z.null(), cost: z.number() }))`
      SELECT learner_id, cost_micros::int AS cost FROM ai_requests WHERE subject_id = ${account.reviewId}`);
    expect(cost.cost).toBe(42);
  });

  test('is noted as asked for and as done', async () => {
    const actions = await database.db.any(
      sql.type(z.strictObject({ action: z.string(), actor_id: z.string().nullable(), target: z.string().nullable() }))`
        SELECT action, actor_id, target FROM audit_log WHERE action LIKE 'account.eras%' AND (actor_id = ${account.userId}
          OR target = ${account.userId}) ORDER BY id`,
    );
    expect(actions).toEqual([
      { action: 'account.erasure_requested', actor_id: account.userId, target: null },
      { action: 'account.erased', actor_id: null, target: account.userId },
    ]);
  });
});

describe('the job that erases', () => {
  const log = pino({ level: 'silent' });
  const never = new AbortController().signal;
  const close = (userId: string, secondsAgo: number) =>
    database.db.query(sql.typeAlias('void')`
      UPDATE users SET erasing_since = now() - make_interval(secs => ${secondsAgo}) WHERE id = ${userId}`);
  const countSubmissions = (userId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
      SELECT count(*)::int AS count FROM submissions WHERE learner_id = ${userId}`);
  const countErased = (userId: string) =>
    database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
      SELECT count(*)::int AS count FROM audit_log WHERE action = 'account.erased' AND target = ${userId}`);
  /** A closed account with so many submissions. */
  const buildClosed = async (submissions: number, secondsAgo = 0) => {
    const { id: userId } = await buildUser(database.db);
    const exercise = await buildExercise(database.db);
    await database.db.query(sql.typeAlias('void')`
      INSERT INTO submissions (id, learner_id, exercise_id, exercise_version_id, attempt, code, created_at)
      SELECT gen_random_uuid(), ${userId}, ${exercise.exerciseId}, ${exercise.versionId}, n, 'x', now()
      FROM generate_series(1, ${submissions}) AS n`);
    await close(userId, secondsAgo);
    return userId;
  };

  test('goes on where it was stopped, and does nothing twice', async () => {
    const userId = await buildClosed(450);
    let batches = 0;
    const afterOneBatch = new Proxy(new AbortController().signal, {
      get: (_signal, key) => key === 'aborted' && batches++ > 0,
    });
    await eraseAccount({ db: database.db, log }, userId, afterOneBatch);
    expect(await countSubmissions(userId)).toBe(250);
    expect(await countUsers(userId)).toBe(1);
    await eraseAccount({ db: database.db, log }, userId, never);
    expect([await countSubmissions(userId), await countUsers(userId)]).toEqual([0, 0]);
    await eraseAccount({ db: database.db, log }, userId, never);
    expect(await countErased(userId)).toBe(1);
  });

  test('is done once by several at the same moment', async () => {
    const userId = await buildClosed(300);
    await Promise.all(Array.from({ length: 3 }, () => eraseAccount({ db: database.db, log }, userId, never)));
    await eraseAccount({ db: database.db, log }, userId, never);
    expect([await countUsers(userId), await countErased(userId)]).toEqual([0, 1]);
  });

  test('is made up for when it got lost, and left alone while it is young', async () => {
    // The young one stays young however long the rest takes.
    const [lost, young] = [await buildClosed(1, 60), await buildClosed(1, -3600)];
    await eraseClosedAccounts({ db: database.db, log }, never);
    expect([await countUsers(lost), await countUsers(young)]).toEqual([0, 1]);
  });

  test('takes a learner’s id off what a worker still asked a language model meanwhile', async () => {
    const { id: living } = await buildUser(database.db);
    const subjects = [newId(), newId()];
    for (const [index, learnerId] of [living, newId()].entries()) {
      await database.db.query(sql.typeAlias('void')`
        INSERT INTO ai_requests (id, provider, model, purpose, learner_id, subject_id, estimated_tokens, reserved_micros, expires_at)
        VALUES (${newId()}, 'openai', 'some-model', 'review', ${learnerId}, ${subjects[index] ?? ''}, 1, 1, now())`);
    }
    await eraseClosedAccounts({ db: database.db, log }, never);
    const learners = await database.db.anyFirst(sql.type(z.strictObject({ learner_id: z.string().nullable() }))`
      SELECT learner_id FROM ai_requests WHERE subject_id = ANY(${sql.array(subjects, 'text')}) ORDER BY id`);
    expect(learners).toEqual([living, null]);
  });

  test('touches no account that nobody closed', async () => {
    const { id } = await buildUser(database.db);
    await eraseAccount({ db: database.db, log }, id, never);
    await eraseAccount({ db: database.db, log }, newId(), never);
    expect(await countUsers(id)).toBe(1);
  });

  test('leaves nothing to a worker that is grading at that moment', async () => {
    const { id: userId } = await buildUser(database.db);
    const { submissionId } = await buildSubmission(database.db, await buildExercise(database.db), 'x', userId);
    const { runId, token } = await startGrading(database.db, submissionId);
    await close(userId, 0);
    await eraseAccount({ db: database.db, log }, userId, never);
    expect(await completeRun(database.db, runId, token, buildGrade())).toBe(false);
    expect(await tablesWith(submissionId)).toEqual([]);
  });
});
