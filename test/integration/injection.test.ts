import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { sql } from 'slonik';
import { z } from 'zod';
import type { Route } from '../../api/http/define-route.ts';
import { apiRoutes, systemRoutes } from '../../api/routes.ts';
import { openAccount } from '../support/accounts.ts';
import { authorExercise } from '../support/authoring.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer } from '../support/client.ts';
import { buildExercise, sumExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, logInToOps, sendLogin } from '../support/ops-browser.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.ts';
import { sampleOf, textPlacesOf } from '../support/sample-input.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** In every hostile text, and in nothing of ours: a statement that holds it was put together from what a client sent. */
const MARK = 'zq7xk';

/** Each ends a literal or an identifier in its own way, or is what a driver may treat in its own way. */
const INJECTIONS = [
  `${MARK}' OR '1'='1`,
  `${MARK}'); DROP TABLE injection_canary; --`,
  `${MARK}"; DELETE FROM users; --`,
  `${MARK}\\'; SELECT pg_sleep(60); --`,
  `${MARK}$$; UPDATE users SET roles = '{admin}'; --`,
  `${MARK}' UNION SELECT id, password_hash FROM users --`,
  `${MARK}/*' */; COMMIT; --`,
  `$1 ${MARK} :name ? %s {} \${0}`,
  `${MARK}%' ESCAPE '\\`,
  `${MARK}\u0000'`,
  `${MARK}\ud800'`,
  `${MARK}\u02bc\uff07\u2019 OR 1=1`,
  `${MARK}\r\n\t\u001b[2J'`,
];
/** Of these each place gets all; of the others, whichever chance brings. */
const FOR_EVERY_PLACE = INJECTIONS.slice(0, 2);

const hostileText = fc.oneof(
  fc.constantFrom(...INJECTIONS),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `${text}${MARK}${text}`),
  fc
    .string({ unit: fc.constantFrom("'", '"', '\\', ';', '-', '$', '%', '_', '\0', '(', ')', ' '), maxLength: 40 })
    .map((text) => MARK + text),
);

/** A place for a text in one of the declared routes. */
interface Target {
  name: string;
  send: (text: string) => Promise<Answer>;
}

describe('hostile text in any place of any request', () => {
  let database: TestDatabase;
  let proxy: RecordingProxy;
  let api: InProcessApi;
  let targets: Target[];
  let tablesBefore: readonly string[];
  let usersBefore: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startRecordingProxy(database.uri);
    api = await openApi({ databaseUri: proxy.through(database.uri), prefix: uniquePrefix() });
    await database.db.query(sql.unsafe`CREATE TABLE injection_canary (sings) AS VALUES ('still')`);
    const ids = await buildObjects();
    const routes = [...apiRoutes(api.deps), ...systemRoutes(api.deps)];
    targets = (await Promise.all(routes.map((route) => targetsOf(route, ids)))).flat();
    tablesBefore = await tables();
    usersBefore = await countUsers();
  });
  afterAll(async () => {
    await api.close();
    await proxy.close();
    await database.drop();
  });

  const tables = async (): Promise<readonly string[]> =>
    database.db.manyFirst(
      sql.type(z.object({ table_name: z.string() }))`
        SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
    );
  const countUsers = async (): Promise<number> =>
    database.db.oneFirst(sql.type(z.object({ count: z.int() }))`SELECT count(*)::int AS count FROM users`);

  /** Objects whose ids let requests get as far as the database, by the first part of the path that names them. */
  async function buildObjects(): Promise<Record<string, string>> {
    const { client } = await openAccount(api, 'instructor');
    const { courseId, moduleId } = await authorExercise(client, sumExercise({ slug: 'injected-sum' }));
    const { exerciseId } = await buildExercise(database.db);
    const learner = await openAccount(api);
    const submitted = await learner.client.post(`/api/v1/exercises/${exerciseId}/submissions`, { code: 'let a;' });
    const { id: submissionId } = z.object({ id: z.string() }).parse(submitted.body);
    return { courses: courseId, modules: moduleId, exercises: exerciseId, submissions: submissionId };
  }

  /** As somebody with every role, who may fall for an injection as nobody else. */
  async function targetsOf(route: Route, ids: Record<string, string>): Promise<Target[]> {
    const { client } = await openAccount(api, 'instructor', 'operator', 'admin');
    const { method, path } = route;
    const body = route.body === undefined ? undefined : sampleOf(route.body);
    const ask = (at: string, sent: unknown): Promise<Answer> =>
      client.request(method.toUpperCase(), `/api/v1${at}`, sent === undefined ? undefined : JSON.stringify(sent));
    const names = Array.from(path.matchAll(/:(\w+)/g), ([, name]) => name ?? '');
    const idOf = ids[path.split('/')[1] ?? ''] ?? '00000000-0000-4000-8000-000000000000';
    const filled = path.replaceAll(/:\w+/g, idOf);
    return [
      ...names.map((name) => ({
        name: `${method} ${path} :${name}`,
        send: (text: string) => ask(path.replace(`:${name}`, encodeText(text)).replaceAll(/:\w+/g, idOf), body),
      })),
      ...(route.query === undefined ? [] : textPlacesOf(route.query)).map(({ path: at, put }) => ({
        name: `${method} ${path} ?${at}`,
        send: (text: string) => ask(`${filled}?${queryOf(put(text))}`, body),
      })),
      ...(route.body === undefined ? [] : textPlacesOf(route.body)).map(({ path: at, put }) => ({
        name: `${method} ${path} ${at}`,
        send: (text: string) => ask(filled, put(text)),
      })),
    ];
  }

  const encodeText = (text: string): string => encodeURIComponent(text.toWellFormed());
  const queryOf = (query: unknown): string =>
    Object.entries(query as object)
      .map(([name, value]) => `${encodeText(name)}=${encodeText(String(value))}`)
      .join('&');

  /** Nothing that a client writes may be an error of ours. */
  const expectHandled = (name: string, text: string, { status, text: answer }: Answer): void => {
    expect({ name, text, answer: status >= 500 ? answer : '', fine: status >= 200 && status < 500 }).toEqual({
      name,
      text,
      answer: '',
      fine: true,
    });
  };

  test('finds places in most of the declared routes, and knows what they take', () => {
    expect(targets.length).toBeGreaterThan(100);
    const routes = [...apiRoutes(api.deps), ...systemRoutes(api.deps)].filter(({ body }) => body !== undefined);
    const valid = routes.filter(({ body }) => body?.safeParse(sampleOf(body)).success);
    expect(valid.length / routes.length).toBeGreaterThan(0.8);
  });

  test('is never taken for a part of a statement, in the path, the query or the body', async () => {
    for (const { name, send } of targets) {
      for (const text of FOR_EVERY_PLACE) expectHandled(name, text, await send(text));
    }
  }, 120_000);

  test('is handled whatever it is made of', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...targets), hostileText, async ({ name, send }, text) => {
        expectHandled(name, text, await send(text));
      }),
      { numRuns: 250 },
    );
  }, 120_000);

  test('is handled in the headers that we read', async () => {
    const { client } = await openAccount(api, 'instructor');
    const { exercises = '', submissions = '' } = await buildObjects();
    const headers = ['Idempotency-Key', 'User-Agent', 'X-Request-Id', 'X-Forwarded-For', 'If-None-Match', 'Cookie'];
    // What the client in this test can send at all.
    const texts = INJECTIONS.filter((text) => /^[\x20-\x7e]*$/.test(text)).slice(0, 4);
    for (const header of [...headers, 'Origin', 'Accept', 'Accept-Encoding']) {
      for (const text of texts) {
        const sent = { [header]: text };
        const path = `/api/v1/exercises/${exercises}/submissions`;
        expectHandled(`POST ${header}`, text, await client.post(path, { code: 'let a;' }, sent));
        expectHandled(`GET ${header}`, text, await client.get(path, sent));
        const refresh = { refreshToken: text };
        expectHandled(`refresh ${header}`, text, await api.client.post('/api/v1/auth/refresh', refresh, sent));
      }
    }
    for (const text of texts) {
      expectHandled(
        'Authorization',
        text,
        await api.client.get('/api/v1/users/me', { Authorization: `Bearer ${text}` }),
      );
      const stream = await client.open(`/api/v1/submissions/${submissions}/events`, { 'Last-Event-ID': text });
      await stream.body?.cancel();
      expect(stream.status).toBeLessThan(500);
    }
  }, 120_000);

  test("is handled in the operators' pages and their queues", async () => {
    const admin = await buildAccount(database.db, 'admin');
    const session = await logInToOps(api.client, admin.email);
    for (const text of INJECTIONS.slice(-6)) {
      expectHandled('ops email', text, await sendLogin(api.client, text, 'x'));
      expectHandled('ops password', text, await sendLogin(api.client, `${MARK}@example.com`, text));
      const at = encodeText(text);
      for (const path of [
        `/ops/queues/${at}`,
        `/ops/queues/api/queues?activeQueue=${at}&status=${at}&page=${at}&jobsPerPage=${at}`,
        `/ops/queues/api/queues/grading/${at}`,
        `/ops/queues/api/queues/${at}/${at}/logs`,
      ]) {
        // Bull Board answers 500 to a status that it does not know. What matters is whose error it is.
        const answer = await api.client.get(path, session);
        expect({ path, text: answer.text }).toEqual({
          path,
          text: expect.not.stringMatching(/syntax error|SQLSTATE|pg_/i),
        });
      }
    }
  }, 120_000);

  describe('at the end of it all', () => {
    test('no statement holds what a client sent, though parameters did', () => {
      expect(proxy.statements().length).toBeGreaterThan(20);
      expect(proxy.valuesWith(MARK)).toBeGreaterThan(10);
      expect(proxy.statements().filter((statement) => statement.includes(MARK))).toEqual([]);
    });

    test('no error was logged', () => {
      const errors = api.logs().filter(({ level }) => level === 'error' || level === 'fatal');
      expect(errors).toEqual([]);
    });

    test('the database is as it was', async () => {
      expect(await tables()).toEqual(tablesBefore);
      expect(await database.db.oneFirst(sql.unsafe`SELECT sings FROM injection_canary`)).toBe('still');
      expect(await countUsers()).toBeGreaterThanOrEqual(usersBefore);
    });

    test('nobody has become more than they were', async () => {
      const roles = await database.db.manyFirst(
        sql.type(z.object({ roles: z.string() }))`
          SELECT DISTINCT array_to_string(roles, ',') AS roles FROM users WHERE email LIKE ${`%${MARK}%`}
          UNION SELECT 'learner'`,
      );
      expect(roles).toEqual(['learner']);
    });
  });
});
