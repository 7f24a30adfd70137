import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CREDENTIALS = { email: 'nobody@example.com', password: 'no such account' };

describe('the API over HTTP', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let proxied: InProcessApi;
  let learner: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    api = await openApi(environment);
    proxied = await openApi({ ...environment, extra: { TRUST_PROXY: '1' } });
    ({ client: learner } = await api.client.registerLearner());
  });
  afterAll(async () => {
    await api.close();
    await proxied.close();
    await database.drop();
  });

  const login = (body: string, headers: Record<string, string> = {}) =>
    api.client.request('POST', '/api/v1/auth/login', body, headers);

  describe('finding a route', () => {
    test('answers a path that does not exist with 404, whether or not it is below the API', async () => {
      for (const path of ['/nothing/here', '/api/v1/nothing', '/api/v2/courses', '/api/v1/COURSES']) {
        expectProblem(await api.client.get(path), 404, 'NOT_FOUND');
      }
    });

    test('shortens what the client sent when it repeats it', async () => {
      const { text } = await api.client.get(`/${'x'.repeat(4000)}`);
      expect(text.length).toBeLessThan(800);
    });

    test('answers a known path with another method with 405 and says which are possible', async () => {
      const wrong = await api.client.request('DELETE', '/api/v1/catalog');
      expectProblem(wrong, 405, 'METHOD_NOT_ALLOWED');
      expect(wrong.headers.get('allow')).toBe('GET, HEAD');
      expect((await api.client.get('/api/v1/auth/login')).headers.get('allow')).toBe('POST');
    });

    test('lists every method of a path that has several', async () => {
      const path = `/api/v1/exercises/${newId()}/submissions`;
      const { headers } = await learner.request('PUT', path);
      expect(headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
    });

    test('answers HEAD as GET without a body', async () => {
      const { status, text, headers } = await api.client.request('HEAD', '/api/v1/catalog');
      expect([status, text, headers.get('content-type')]).toEqual([200, '', 'application/json; charset=utf-8']);
    });

    test('treats a malformed id as one that does not exist', async () => {
      const malformed = await learner.get('/api/v1/courses/42');
      const unknown = await learner.get(`/api/v1/courses/${newId()}`);
      expectProblem(malformed, 404, 'NOT_FOUND');
      const detail = { detail: 'There is no such course.' };
      expect([malformed.body, unknown.body]).toEqual([
        expect.objectContaining(detail),
        expect.objectContaining(detail),
      ]);
    });

    test('refuses a path with a broken percent-encoding', async () => {
      expectProblem(await learner.get('/api/v1/courses/%E0%A4%A'), 400, 'BAD_REQUEST');
    });

    test('serves a path without a version as v1', async () => {
      const [versioned, alias] = [await learner.get('/api/v1/users/me'), await learner.get('/api/users/me')];
      expect(alias.status).toBe(200);
      expect(alias.body).toEqual(versioned.body);
    });
  });

  describe('reading a body', () => {
    test('refuses malformed JSON', async () => {
      for (const body of ['{"email": ', '{"email": "a",}', "{'email': 1}", 'hello', '']) {
        const answer = await login(body);
        expect({ body, status: answer.status }).toEqual({ body, status: body === '' ? 422 : 400 });
      }
      expectProblem(await login('{"email": '), 400, 'MALFORMED_JSON');
    });

    test('refuses a body over its limit, and takes one just below', async () => {
      const bodyOf = (bytes: number) => JSON.stringify({ ...CREDENTIALS, email: '' }).padEnd(bytes, ' ');
      expectProblem(await login(bodyOf(100 * 1024 + 1)), 413, 'PAYLOAD_TOO_LARGE');
      expectProblem(await login(bodyOf(100 * 1024)), 422, 'VALIDATION_FAILED');
    });

    test('refuses a body that is not declared as JSON', async () => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
        expectProblem(
          await login(JSON.stringify(CREDENTIALS), { 'Content-Type': type }),
          415,
          'UNSUPPORTED_MEDIA_TYPE',
        );
      }
    });

    test('refuses a character set and a content encoding that it cannot read', async () => {
      const body = JSON.stringify(CREDENTIALS);
      const charset = await login(body, { 'Content-Type': 'application/json; charset=ebcdic' });
      expectProblem(charset, 415, 'UNSUPPORTED_MEDIA_TYPE');
      expectProblem(await login(body, { 'Content-Encoding': 'rot13' }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    });

    test('lists everything that is wrong with a body at once, each with its place', async () => {
      const answer = await api.client.post('/api/v1/auth/register', { email: 'x', password: 'short', extra: 1 });
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      const { errors } = z
        .object({ errors: z.array(z.strictObject({ path: z.string(), message: z.string() })) })
        .parse(answer.body);
      expect(Object.fromEntries(errors.map(({ path, message }) => [path, message]))).toEqual({
        email: 'must be an email address',
        password: 'must have at least 12 characters',
        extra: 'is not a known field',
        name: 'is required',
      });
    });

    test('says which fields are missing', async () => {
      const { body } = await login('{}');
      expect(body).toMatchObject({
        errors: [
          { path: 'email', message: 'is required' },
          { path: 'password', message: 'is required' },
        ],
      });
    });

    test('refuses a body that is JSON but no object', async () => {
      for (const body of ['null', '[]', '"text"', '7']) expectProblem(await login(body), 422, 'VALIDATION_FAILED');
    });

    test('refuses unknown and repeated query parameters', async () => {
      const unknown = await learner.get('/api/v1/courses?limit=5&sort=title');
      expectProblem(unknown, 422, 'VALIDATION_FAILED');
      expect(unknown.body).toMatchObject({ errors: [{ path: 'sort', message: 'is not a known field' }] });
      expectProblem(await learner.get('/api/v1/courses?limit=5&limit=6'), 422, 'VALIDATION_FAILED');
    });

    test('rejects the keys that prototype pollution is made of', async () => {
      const messages = [
        ['__proto__', 'is not allowed as a name'],
        ['constructor', 'is not a known field'],
        ['prototype', 'is not a known field'],
      ] as const;
      for (const [key, message] of messages) {
        const body = `{"email":"a@example.com","password":"x","${key}":{"roles":["admin"]}}`;
        const answer = await login(body);
        expect({ key, status: answer.status }).toEqual({ key, status: 422 });
        expect(answer.body).toMatchObject({ errors: [{ path: key, message }] });
      }
      expect(({} as Record<string, unknown>)['roles']).toBeUndefined();
    });
  });

  describe('request ids', () => {
    const id = 'edge-proxy.0123456789';

    test('are made up for each request, whatever a client or a proxy sends', async () => {
      const [first, second] = [
        await api.client.get('/health'),
        await proxied.client.get('/health', { 'X-Request-Id': id }),
      ];
      const ids = [first, second].map(({ headers }) => headers.get('x-request-id'));
      expect(ids).toEqual([expect.stringMatching(/^[\da-f-]{36}$/), expect.stringMatching(/^[\da-f-]{36}$/)]);
      expect(new Set(ids).size).toBe(2);
    });

    test.each(['api', 'proxied'] as const)('stand in the log beside what was sent along: %s', async (which) => {
      const { client, logs } = { api, proxied }[which];
      const answer = await client.get('/api/v1/nothing', { 'X-Request-Id': id });
      expectProblem(answer, 404, 'NOT_FOUND');
      const line = await eventually('it is logged', () => logs().find((each) => each['client_request_id'] === id));
      expect(line['request_id']).toBe(answer.headers.get('x-request-id'));
    });

    test('are not chosen by a client for the audit log, also through a proxy', async () => {
      const sent = { 'X-Request-Id': id };
      const answer = await proxied.client.post('/api/v1/auth/login', CREDENTIALS, sent);
      expectProblem(answer, 401, 'INVALID_CREDENTIALS');
      const recorded = await database.db.oneFirst(sql.type(z.strictObject({ request_id: z.string() }))`
        SELECT request_id FROM audit_log WHERE action = 'login.failed' ORDER BY id DESC LIMIT 1`);
      expect([recorded, recorded === id]).toEqual([answer.headers.get('x-request-id'), false]);
    });

    test('stand alone when what was sent is no sensible id', async () => {
      for (const bad of ['short', 'x'.repeat(129), 'with space here', '{"json":"yes"}']) {
        const { headers } = await proxied.client.get('/api/v1/nothing', { 'X-Request-Id': bad });
        const own = headers.get('x-request-id');
        const line = await eventually('it is logged', () => proxied.logs().find((each) => each['request_id'] === own));
        expect(line).not.toHaveProperty('client_request_id');
      }
    });
  });

  describe('caching and compression', () => {
    test('lets the asker keep a private answer only after asking again, which costs no body', async () => {
      const first = await learner.get('/api/v1/users/me');
      expect(first.headers.get('cache-control')).toBe('private, no-cache');
      expect(first.headers.get('vary')).toMatch(/authorization/i);
      const etag = first.headers.get('etag') ?? '';
      const again = await learner.get('/api/v1/users/me', { 'If-None-Match': etag });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
      expect((await learner.get('/api/v1/users/me', { 'If-None-Match': '"other"' })).status).toBe(200);
    });

    test('lets anybody keep the catalogue for a minute', async () => {
      const { headers } = await api.client.get('/api/v1/catalog');
      expect(headers.get('cache-control')).toBe('public, max-age=60, stale-while-revalidate=300');
    });

    test('lets nobody keep an answer with tokens in it', async () => {
      const { headers } = await api.client.post('/api/v1/auth/login', CREDENTIALS);
      expect(headers.get('cache-control')).toBe('no-store');
    });

    test('compresses a big answer for a client that can read it, and leaves a small one alone', async () => {
      const encodingOf = async (path: string, accepted: string) => {
        const { headers } = await api.client.get(path, { 'Accept-Encoding': accepted });
        return headers.get('content-encoding');
      };
      expect(await encodingOf('/openapi.json', 'gzip')).toBe('gzip');
      expect(await encodingOf('/openapi.json', 'identity')).toBeNull();
      expect(await encodingOf('/health', 'gzip')).toBeNull();
    });
  });

  test('cuts a client that never finishes its headers', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    const chunks: string[] = [];
    socket.on('data', (chunk) => chunks.push(chunk.toString()));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /health HTTP/1.1\r\nHost: learnify\r\nX-Slow: ');
    await closed;
    expect(chunks.join('')).toMatch(/^HTTP\/1\.1 408 /);
  });
});
