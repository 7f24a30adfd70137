import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { apiRoutes, systemRoutes } from '../../api/routes.ts';
import { uniquePrefix } from '../support/backends.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const Schema = z.record(z.string(), z.unknown());
const Media = z.record(z.string(), z.strictObject({ schema: Schema }));

/** As much of OpenAPI 3.1 as a description of ours may use; a misspelt or misplaced field does not pass. */
const Operation = z.strictObject({
  summary: z.string().min(5),
  description: z.string(),
  tags: z.array(z.string()).length(1),
  operationId: z.string().regex(/^[a-z][A-Za-z0-9]+$/),
  security: z.array(z.strictObject({ accessToken: z.array(z.never()) })).optional(),
  parameters: z.array(
    z.strictObject({
      name: z.string(),
      in: z.enum(['path', 'query', 'header']),
      required: z.boolean().optional(),
      description: z.string().optional(),
      schema: Schema,
    }),
  ),
  requestBody: z.strictObject({ required: z.literal(true), content: Media }).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: Media.optional() }),
  ),
});
const Description = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), Operation),
  ),
  components: z.strictObject({
    securitySchemes: z.strictObject({
      accessToken: z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer'), bearerFormat: z.string() }),
    }),
    schemas: z.record(z.string(), Schema),
  }),
});
type Operation = z.infer<typeof Operation>;

describe('the description of the API', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let document: unknown;
  let operations: { path: string; method: string; operation: Operation }[];

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
    document = (await api.client.get('/openapi.json')).body;
    operations = Object.entries(Description.parse(document).paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  test('has the structure of OpenAPI 3.1', () => {
    expect(() => Description.parse(document)).not.toThrow();
  });

  test('names every declared route and no other', () => {
    const declared = [
      ...apiRoutes(api.deps).map((route) => `${route.method} /api/v1${route.path}`),
      ...systemRoutes(api.deps).map((route) => `${route.method} ${route.path}`),
    ].map((line) => line.replaceAll(/:(\w+)/g, '{$1}'));
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(declared.sort());
    expect(declared).toContain('post /api/v1/exercises/{id}/submissions');
  });

  test('gives every operation an id of its own', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('declares the parameters of every path, required, and no others in it', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect({ path, names: declared.map(({ name }) => name) }).toEqual({ path, names: inPath });
      expect(declared.every(({ required }) => required === true)).toBe(true);
    }
  });

  test('holds no reference that leads nowhere', () => {
    const references: string[] = [];
    JSON.stringify(document, (key, value: unknown) => {
      if (key === '$ref') references.push(String(value));
      return value;
    });
    expect(references).toContain('#/components/schemas/Problem');
    expect(references.filter((reference) => resolve(document, reference) === undefined)).toEqual([]);
  });

  test('says of which routes a token is needed, and what they answer to a bad one', () => {
    for (const route of apiRoutes(api.deps)) {
      const path = `/api/v1${route.path}`.replaceAll(/:(\w+)/g, '{$1}');
      const operation = operations.find((each) => each.path === path && each.method === route.method)?.operation;
      const guarded = route.policy !== 'public';
      const said = {
        security: operation?.security !== undefined,
        refusesTokens: operation?.responses['401']?.description.includes('TOKEN_EXPIRED') ?? false,
      };
      expect({ path, ...said }).toEqual({ path, security: guarded, refusesTokens: guarded });
    }
  });

  test('describes a submission as its client meets it: body, key, 202 and the problems', () => {
    const submit = operations.find(
      ({ operation }) => operation.operationId === 'postExercisesIdSubmissions',
    )?.operation;
    expect(submit?.requestBody?.content).toMatchObject({
      'application/json': { schema: { type: 'object', required: ['code'], additionalProperties: false } },
    });
    expect(submit?.parameters.map(({ name, in: place }) => `${place} ${name}`)).toEqual([
      'path id',
      'header Idempotency-Key',
    ]);
    expect(Object.keys(submit?.responses ?? {})).toEqual(
      expect.arrayContaining(['202', '400', '401', '404', '413', '415', '422', '429', '500', '503']),
    );
  });

  test('describes both answers of a regrade, the dry run and the accepted one, and its conflicts', () => {
    const regrade = operations.find(({ operation }) => operation.operationId === 'postExercisesIdRegrade')?.operation;
    expect(Object.keys(regrade?.responses ?? {})).toEqual(expect.arrayContaining(['200', '202', '403', '404', '409']));
  });

  test('lets a change of an exercise name any of its fields, none of them required and none with a default', () => {
    const change = operations.find(({ operation }) => operation.operationId === 'patchExercisesId')?.operation;
    const schema = change?.requestBody?.content['application/json']?.schema;
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(schema?.['required']).toBeUndefined();
    expect(
      JSON.stringify(schema?.['properties'], (key, value: unknown) => (key === 'tests' ? undefined : value)),
    ).not.toContain('"default"');
  });

  test('bounds every list that a body may hold', () => {
    const unbounded = operations.flatMap(({ operation }) =>
      listsIn(operation.requestBody?.content['application/json']?.schema)
        .filter(({ maxItems }) => maxItems === undefined)
        .map((list) => ({ operation: operation.operationId, list })),
    );
    expect(unbounded).toEqual([]);
  });

  test('can be kept for a minute and is revalidated by its ETag', async () => {
    const { headers } = await api.client.get('/openapi.json');
    expect(headers.get('cache-control')).toMatch(/^public, max-age=60\b/);
    const again = await api.client.get('/openapi.json', { 'If-None-Match': headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });

  test('is shown at /docs by a page that loads nothing from elsewhere', async () => {
    const page = await api.client.get('/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const assets = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, url]) => url ?? '');
    expect(assets.length).toBeGreaterThanOrEqual(3);
    for (const asset of assets) {
      const { status, headers } = await api.client.get(asset);
      const type = asset.endsWith('.css') ? /^text\/css/ : /^text\/javascript/;
      expect({ asset, status, type: headers.get('content-type') }).toEqual({
        asset,
        status: 200,
        type: expect.stringMatching(type),
      });
    }
    expect((await api.client.get('/docs/start.js')).text).toContain("url: '/openapi.json'");
  });

  test('and its page come packed as they were packed once, whatever packing is asked for', async () => {
    for (const path of ['/openapi.json', '/docs/assets/swagger-ui.css', '/docs/assets/swagger-ui-bundle.js']) {
      const { text, headers } = await api.client.get(path, { 'Accept-Encoding': 'br, gzip' });
      expect({ path, encoding: headers.get('content-encoding') }).toEqual({ path, encoding: 'gzip' });
      expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+, no-transform$/);
      const plain = await api.client.get(path, { 'Accept-Encoding': 'identity' });
      expect([plain.headers.get('content-encoding'), plain.text === text]).toEqual([null, true]);
      const known = await api.client.get(path, { 'If-None-Match': headers.get('etag') ?? '' });
      expect(known.status).toBe(304);
    }
  });

  test('serves no file from outside its assets', async () => {
    for (const path of [
      '/docs/assets/../package.json',
      '/docs/assets/%2e%2e/package.json',
      '/docs/assets/nothing.js',
      // Megabytes that the page does not ask for.
      '/docs/assets/swagger-ui-bundle.js.map',
      '/docs/assets/swagger-ui.js',
    ]) {
      const { status } = await api.client.get(path);
      expect({ path, status }).toEqual({ path, status: 404 });
    }
  });
});

/** The schemas of lists and open records, at any depth. */
function listsIn(schema: unknown): Record<string, unknown>[] {
  const lists: Record<string, unknown>[] = [];
  JSON.stringify(schema, (_key, value: unknown) => {
    const part = Schema.safeParse(value).data;
    if (part?.['type'] === 'array' || typeof part?.['additionalProperties'] === 'object') lists.push(part);
    return value;
  });
  return lists;
}

/** What a JSON Pointer reference points at in the document. */
function resolve(document: unknown, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  return reference
    .slice(2)
    .split('/')
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((place, step) => (place as Record<string, unknown> | undefined)?.[step], document);
}
