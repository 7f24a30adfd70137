import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Route } from '../../api/http/define-route.ts';
import { apiRoutes, systemRoutes } from '../../api/routes.ts';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { verifyAudit } from '../../shared/audit/audit-verification.ts';
import {
  BODIES,
  buildScene,
  buildStrangers,
  SERVICE_TOKEN,
  type Ids,
  type Member,
  type Scene,
} from '../support/authorisation-scene.ts';
import {
  readPageTable,
  readRouteTable,
  type Caller,
  type Outcome,
  type RouteRow,
  type Visitor,
} from '../support/authorisation-table.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Answer, Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { accessTokenOf, buildAccount, logInToOps } from '../support/ops-browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const ROWS = readRouteTable();
const BASE = '/api/v1';

let database: TestDatabase;
let api: InProcessApi;
let system: Route[];
let routes: Route[];

beforeAll(async () => {
  database = await createTestDatabase();
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra: { OPS_TOKEN: SERVICE_TOKEN } });
  system = systemRoutes(api.deps);
  routes = [...apiRoutes(api.deps), ...system];
  strangers = await buildStrangers(api);
  await eventually('the queues are connected', () => api.deps.backend.isReady());
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** Those who have nothing to do with an object; what they are refused does them no harm. */
let strangers: Awaited<ReturnType<typeof buildStrangers>>;

/** Routes without an object are about the caller, who may come to an end by them. */
const sceneOf = async ({ object }: RouteRow): Promise<Scene> =>
  object === null ? { members: await buildStrangers(api), ids: {} } : buildScene(api, object, strangers);

const keyOf = ({ method, path }: { method: string; path: string }): string => `${method.toUpperCase()} ${path}`;

/** The path with the id of the scene's object in it. */
function fill(path: string, ids: Ids): string {
  return path.replace(/^\/(.+?)\/:id/, (_all, noun: string) => `/${noun}/${ids[noun as keyof Ids] ?? 'none'}`);
}

const Problem = z.object({ code: z.string() });

/** A wrong password or code is a handler's answer to somebody who was let in to give one. */
function outcomeOf({ status, body }: Answer): Outcome {
  const code = Problem.safeParse(body).data?.code;
  if (status === 401 && code === 'INVALID_CREDENTIALS') return '+';
  if (status >= 500) throw new Error(`Answered ${status}: ${JSON.stringify(body)}`);
  return status === 303 || status === 401 || status === 403 || status === 404 ? (String(status) as Outcome) : '+';
}

interface Call {
  row: RouteRow;
  scene: Scene;
  caller: Caller;
  path: string;
}

async function call(
  { row, scene, caller, path }: Call,
  clientOf = (member: Member): Client => member.client,
): Promise<Answer> {
  const member = scene.members.get(caller);
  const client =
    caller === 'service' ? api.client.as(SERVICE_TOKEN) : member === undefined ? api.client : clientOf(member);
  const sender = member ?? memberOf(scene, 'learner');
  const body = await BODIES[keyOf(row)]?.(sender, api);
  return client.request(row.method, path, body === undefined ? undefined : JSON.stringify(body));
}

function memberOf(scene: Scene, caller: Caller): Member {
  const member = scene.members.get(caller);
  if (member === undefined) throw new Error(`There is no ${caller}.`);
  return member;
}

/** Everything of an answer that could tell something, but for what is different in every answer. */
function traitsOf({ status, headers, body }: Answer): unknown {
  const told = [...headers].filter(([name]) => !['date', 'x-request-id', 'ratelimit', 'etag'].includes(name));
  return { status, headers: told, body: { ...(body as object), requestId: null } };
}

describe('the table of who may call what', () => {
  test('has a row for every route that is declared, and for none besides', () => {
    expect([...new Set(ROWS.map(keyOf))].sort()).toEqual(routes.map(keyOf).sort());
  });

  test('says of every route with an id what the id names, and how it is called', () => {
    for (const row of ROWS) expect([keyOf(row), row.object !== null]).toEqual([keyOf(row), row.path.includes('/:id')]);
    const withBody = routes.filter(({ body }) => body !== undefined).map(keyOf);
    expect(Object.keys(BODIES).sort()).toEqual(withBody.sort());
    expect(routes.filter(({ path }) => (path.match(/:/g) ?? []).length > 1)).toEqual([]);
  });

  test('says where a recent proof of identity is wanted, as the routes declare it', () => {
    for (const row of ROWS) {
      const route = routes.find((each) => keyOf(each) === keyOf(row));
      expect([keyOf(row), route?.stepUp === true]).toEqual([keyOf(row), row.needsRecentProof]);
    }
  });
});

const named = ROWS.map((row) => [`${keyOf(row)}${row.object === null ? '' : ` of a ${row.object}`}`, row] as const);

test.each(named)('%s is served to whom the table says, and is not there for others', async (_name, row) => {
  const scene = await sceneOf(row);
  const path = BASE + fill(row.path, scene.ids);
  const absentPath = BASE + row.path.replace(':id', newId());
  // Those who are refused come first: who is served may change or remove it.
  const callers = [...row.expected].sort(([, a], [, b]) => Number(a === '+') - Number(b === '+'));
  const outcomes: [Caller, Outcome][] = [];
  for (const [caller, expected] of callers) {
    const answer = await call({ row, scene, caller, path });
    outcomes.push([caller, outcomeOf(answer)]);
    if (row.object === null || (expected !== '404' && expected !== '+')) continue;
    const absent = await call({ row, scene, caller, path: absentPath });
    expect([caller, outcomeOf(absent)]).toEqual([caller, '404']);
    if (expected === '404') expect(traitsOf(answer)).toEqual(traitsOf(absent));
  }
  expect(Object.fromEntries(outcomes)).toEqual(Object.fromEntries(callers));
});

test.each(named.filter(([, row]) => row.needsRecentProof))(
  '%s is refused to a token whose owner has long not proved who they are',
  async (_name, row) => {
    const scene = await sceneOf(row);
    const path = BASE + fill(row.path, scene.ids);
    for (const [caller, expected] of row.expected) {
      if (expected !== '+' || !scene.members.has(caller)) continue;
      const { status, body } = await call({ row, scene, caller, path }, ({ staleClient }) => staleClient);
      expect([caller, status, body]).toEqual([caller, 403, expect.objectContaining({ code: 'STEP_UP_REQUIRED' })]);
    }
  },
);

test('who needs a second factor for their role and has proved none is served what a learner is, and nothing more', async () => {
  const extra = { MFA_REQUIRED_ROLES: 'operator,admin' };
  const strict = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
  try {
    for (const row of ROWS) {
      const learners = row.expected.get('learner');
      const callers = (['operator', 'admin'] as const).filter((caller) => row.expected.get(caller) !== learners);
      if (learners === undefined || callers.length === 0) continue;
      const scene = await sceneOf(row);
      const path = BASE + fill(row.path, scene.ids);
      for (const caller of callers) {
        const answer = await call({ row, scene, caller, path }, (member) => member.singleFactorClient.at(strict.url));
        expect([keyOf(row), caller, outcomeOf(answer)]).toEqual([keyOf(row), caller, learners]);
        if (learners === '403') expect(answer.body).toMatchObject({ code: 'MFA_REQUIRED' });
      }
    }
  } finally {
    await strict.close();
  }
});

describe('other ways to a route', () => {
  const sameOutcomes = async (row: RouteRow, base: string, path = row.path): Promise<void> => {
    const scene = await sceneOf(row);
    const paths = base + fill(path, scene.ids);
    for (const [caller, expected] of row.expected) {
      if (expected === '+') continue;
      const answer = await call({ row, scene, caller, path: paths });
      expect([base + path, caller, outcomeOf(answer)]).toEqual([base + path, caller, expected]);
    }
  };

  test('at the root, where the system routes are served too, are as closed', async () => {
    const keys = new Set(system.map(keyOf));
    for (const row of ROWS.filter((each) => keys.has(keyOf(each)))) await sameOutcomes(row, '');
  });

  test('without a version in the path, and by an alias, are as closed', async () => {
    for (const row of ROWS) {
      const body = row.method === 'GET' ? undefined : '{}';
      const answer = await api.client.request(row.method, `/api${row.path.replace(':id', newId())}`, body);
      expect([keyOf(row), outcomeOf(answer) === '401']).toEqual([keyOf(row), row.expected.get('anonymous') === '401']);
    }
    for (const { aliases = [], ...route } of routes) {
      for (const alias of aliases) {
        for (const row of ROWS.filter((each) => keyOf(each) === keyOf(route))) await sameOutcomes(row, BASE, alias);
      }
    }
  });

  test('in another case, with a trailing slash, doubled slashes or encoded letters lead nowhere or to the same refusal', async () => {
    const spellings = [
      '/OPS/AUDIT',
      '/ops/audit/',
      '//ops/audit',
      '/ops/./audit',
      '/ops/%61udit',
      '/ops/audit%2f',
      '/ops/audit;x=1',
      '/x/../ops/audit',
    ];
    for (const spelling of spellings) {
      for (const base of [BASE, '/api', '']) {
        const { status } = await api.client.get(base + spelling);
        expect([base + spelling, [401, 404].includes(status)]).toEqual([base + spelling, true]);
      }
    }
  });
});

describe('bodies', () => {
  test('hold what is named and nothing else, at any depth, so that nobody assigns what is not theirs', () => {
    const open: string[] = [];
    for (const route of routes) {
      if (route.body === undefined) continue;
      const schema = z.toJSONSchema(route.body, { io: 'input', unrepresentable: 'any' });
      for (const [path, node] of objectsIn(schema)) {
        if ('properties' in node && node['additionalProperties'] !== false) open.push(`${keyOf(route)} ${path}`);
      }
    }
    expect(open).toEqual([]);
  });
});

/** Every schema in a schema, with where it stands. */
function* objectsIn(node: unknown, path = ''): Generator<[path: string, node: Record<string, unknown>]> {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) yield [path, node as Record<string, unknown>];
  for (const [key, child] of Object.entries(node)) yield* objectsIn(child, `${path}/${key}`);
}

describe('what is served beside the routes', () => {
  let visitors: Record<Visitor, (method: string, path: string) => Promise<Answer>>;

  beforeAll(async () => {
    const operator = await buildAccount(database.db, 'operator');
    const admin = await buildAccount(database.db, 'admin');
    const token = await accessTokenOf(api.client, admin.email);
    const request =
      (client: Client, headers: Record<string, string> = {}) =>
      (method: string, path: string) =>
        client.request(method, path, method === 'GET' ? undefined : '{}', headers);
    const session = (email: string) => async (method: string, path: string) =>
      request(api.client, await logInToOps(api.client, email))(method, path);
    visitors = {
      anonymous: request(api.client),
      "admin's-token": request(api.client.as(token)),
      service: request(api.client.as(SERVICE_TOKEN)),
      "operator's-session": session(operator.email),
      "admin's-session": session(admin.email),
    };
  });

  test.each(readPageTable().map((row) => [keyOf(row), row] as const))(
    '%s is open to whom the table says',
    async (_name, row) => {
      const outcomes = new Map<Visitor, Outcome>();
      for (const visitor of row.expected.keys())
        outcomes.set(visitor, outcomeOf(await visitors[visitor](row.method, row.path)));
      expect(Object.fromEntries(outcomes)).toEqual(Object.fromEntries(row.expected));
    },
  );
});

test('all of this left a sound audit log, without an address, a password or a token in it', async () => {
  expect((await verifyAudit(database.db)).fault).toBeNull();
  const records = await database.db.anyFirst(sql.type(z.strictObject({ record: z.string() }))`
    SELECT concat_ws(' ', action, target, request_id, details) AS record FROM audit_log`);
  expect(records.length).toBeGreaterThan(ROWS.length);
  expect(records.filter((record) => /@|harbour|battery|\beyJ|[\w-]{43}/.test(record))).toEqual([]);
});
