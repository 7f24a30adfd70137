import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openAccount } from '../support/accounts.ts';
import { authorExercise, type AuthoredExercise } from '../support/authoring.ts';
import { uniquePrefix } from '../support/backends.ts';
import type { Client } from '../support/client.ts';
import { sumExercise } from '../support/factories.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { expectProblem } from '../support/problems.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CREDENTIALS = { email: 'nobody@example.com', password: 'no such account' };
const LOGIN = '/api/v1/auth/login';

describe('a hostile body', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let author: Client;
  let authored: AuthoredExercise;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix() });
    ({ client: author } = await openAccount(api, 'instructor'));
    authored = await authorExercise(author);
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  const login = (body: string, headers: Record<string, string> = {}) =>
    api.client.request('POST', LOGIN, body, headers);
  const sendBytes = async (body: Buffer, headers: Record<string, string>) => {
    const answer = await fetch(api.url + LOGIN, { method: 'POST', body: new Uint8Array(body), headers });
    return { status: answer.status, code: ((await answer.json()) as { code: string }).code };
  };
  const JSON_TYPE = { 'Content-Type': 'application/json' };

  describe('that is nested', () => {
    test('without end is refused as such, also where any JSON may stand', async () => {
      const levels = 100_000;
      expectProblem(await login('['.repeat(levels)), 422, 'VALIDATION_FAILED');
      expectProblem(await login('{"a":'.repeat(20_000)), 422, 'VALIDATION_FAILED');
      const definition = JSON.stringify(sumExercise());
      const args = `${'['.repeat(levels)}${']'.repeat(levels)}`;
      const bomb = definition.replace(/"args":\[/, `"args":[${args},`);
      expect(bomb.length).toBeGreaterThan(2 * levels);
      const refused = await author.request('POST', `/api/v1/modules/${authored.moduleId}/exercises`, bomb);
      expectProblem(refused, 422, 'VALIDATION_FAILED');
      expect(refused.text).toMatch(/nested deeper than 32 levels/);
      expect((await api.client.get('/health')).status).toBe(200);
    });

    test('as deeply as an exercise may need is taken', async () => {
      const args = JSON.parse(`${'['.repeat(20)}1${']'.repeat(20)}`) as unknown[];
      const { tests } = sumExercise();
      const changed = await author.patch(`/api/v1/exercises/${authored.exerciseId}`, {
        tests: [...tests, { ...tests[0], name: 'deep', args: [args, 1] }],
      });
      expect(changed.status).toBe(200);
    });

    test('little but holds too many values is refused', async () => {
      const many = await author.request(
        'POST',
        `/api/v1/modules/${authored.moduleId}/exercises`,
        `{"tests":[${'1,'.repeat(200_000)}1]}`,
      );
      expectProblem(many, 413, 'PAYLOAD_TOO_LARGE');
    });
  });

  describe('that is wrong in very many places', () => {
    const names = (count: number) => `{${Array.from({ length: count }, (_, at) => `"n${at}":1`).join(',')}}`;

    test('is not looked through where few values are wanted', async () => {
      const path = `/api/v1/exercises/${authored.exerciseId}`;
      const bodies: [path: string, body: string][] = [
        [`${path}/submissions`, names(40_000)],
        [`${path}/submissions`, names(2000)],
        [`${path}/regrade`, `{"verdicts":[${'1,'.repeat(40_000)}1]}`],
        [LOGIN, names(8000)],
      ];
      for (const [at, body] of bodies) {
        const answer = await author.request('POST', at, body);
        expectProblem(answer, 413, 'PAYLOAD_TOO_LARGE');
        expect(answer.body).toMatchObject({ detail: 'The body holds more than 2000 values.' });
      }
    });

    test('is answered with as many of them as a person can use, and the number of the others', async () => {
      const unknown = await author.request('POST', LOGIN, names(1900));
      expectProblem(unknown, 422, 'VALIDATION_FAILED');
      const { detail, errors } = unknown.body as { detail: string; errors: { path: string }[] };
      expect(detail).toBe('The request is not valid; see errors; there are 1852 more.');
      expect(errors).toHaveLength(50);
      expect(errors.at(-1)).toEqual({ path: 'n47', message: 'is not a known field' });
    });

    test('is answered no longer where an exercise may hold many values', async () => {
      const path = `/api/v1/modules/${authored.moduleId}/exercises`;
      const tests = Array.from({ length: 100 }, () => ({ kind: 'call', args: 1, expected: null, extra: 1 }));
      for (const body of [names(50_000), JSON.stringify({ tests })]) {
        const answer = await author.request('POST', path, body);
        expectProblem(answer, 422, 'VALIDATION_FAILED');
        expect((answer.body as { errors: unknown[] }).errors).toHaveLength(50);
        expect(answer.text.length).toBeLessThan(10_000);
      }
      const verdicts = `{"verdicts":[${'1,'.repeat(1900)}1]}`;
      const regrade = await author.request('POST', `/api/v1/exercises/${authored.exerciseId}/regrade`, verdicts);
      expectProblem(regrade, 422, 'VALIDATION_FAILED');
      expect(regrade.text.length).toBeLessThan(1000);
    });
  });

  describe('that would pollute a prototype', () => {
    const POLLUTION = '{"polluted":"yes"}';
    const pollutions = [
      `{"__proto__":${POLLUTION}}`,
      `{"\\u005f\\u005fproto__":${POLLUTION}}`,
      `{"email":{"__proto__":${POLLUTION}},"password":"x"}`,
      `[{"__proto__":${POLLUTION}}]`,
      `{"constructor":{"prototype":${POLLUTION}}}`,
    ];

    test('is refused with the place of the name, however deep and in whatever disguise', async () => {
      for (const body of pollutions) {
        const answer = await login(body);
        expectProblem(answer, 422, 'VALIDATION_FAILED');
        expect(answer.text).toMatch(/is not allowed as a name/);
      }
    });

    test('is refused where any JSON may stand: in the arguments of a test', async () => {
      const definition = JSON.stringify(sumExercise());
      for (const args of pollutions) {
        const body = definition.replace(/"args":\[/, `"args":[${args},`);
        const refused = await author.request('POST', `/api/v1/modules/${authored.moduleId}/exercises`, body);
        expectProblem(refused, 422, 'VALIDATION_FAILED');
      }
    });

    test('does nothing in a query string or a form either', async () => {
      for (const query of [
        '__proto__[polluted]=yes',
        '__proto__.polluted=yes',
        'constructor[prototype][polluted]=yes',
      ]) {
        expectProblem(await author.get(`/api/v1/courses?${query}`), 422, 'VALIDATION_FAILED');
        const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
        expect((await api.client.request('POST', '/ops/login', query, form)).status).toBe(401);
      }
    });

    test('has polluted nothing', () => {
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect(([] as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
    });
  });

  test('that gives a name twice is refused, since readers disagree on which one counts', async () => {
    const twice = await login('{"email":"victim@example.com","password":"x","email":"attacker@example.com"}');
    expectProblem(twice, 422, 'VALIDATION_FAILED');
    expect(twice.body).toMatchObject({ errors: [{ path: 'email', message: 'is given twice' }] });
  });

  describe('that is not plain UTF-8 JSON', () => {
    const text = JSON.stringify(CREDENTIALS);

    test('is refused when it claims another character set, even one that could be read', async () => {
      for (const charset of ['utf-7', 'utf-16', 'utf-16le', 'utf-32', 'iso-8859-1', 'us-ascii', '"utf-7"', '']) {
        const answer = await login(text, { 'Content-Type': `application/json; charset=${charset}` });
        expect({ charset, status: answer.status }).toEqual({ charset, status: 415 });
      }
      const twice = { 'Content-Type': 'application/json; charset=utf-8; charset=utf-7' };
      expectProblem(await login(text, twice), 415, 'UNSUPPORTED_MEDIA_TYPE');
    });

    test('is read when it says UTF-8, in whatever spelling', async () => {
      for (const type of ['application/json; charset=utf-8', 'Application/JSON;CHARSET="UTF-8"', 'application/json;'])
        expectProblem(await login(text, { 'Content-Type': type }), 401, 'INVALID_CREDENTIALS');
    });

    test('is refused when its bytes are none', async () => {
      const bodies = [
        Buffer.from(text, 'utf16le'),
        Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]),
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
        Buffer.from('{"email":"\xe9@example.com","password":"x"}', 'latin1'),
        Buffer.concat([Buffer.from(text), Buffer.from([0])]),
      ];
      for (const body of bodies)
        expect(await sendBytes(body, JSON_TYPE)).toEqual({ status: 400, code: 'MALFORMED_JSON' });
    });

    test('is refused when it is of another type, or of two', async () => {
      const types = [
        'text/plain',
        'text/json',
        'multipart/form-data; boundary=application/json',
        'application/x-www-form-urlencoded',
        'application/json, text/plain',
        'application/json/x',
        'application/jsonx',
        'application/xml+json',
        '*/*',
      ];
      for (const type of types) {
        const answer = await login(text, { 'Content-Type': type });
        expect({ type, status: answer.status }).toEqual({ type, status: 415 });
      }
    });
  });

  describe('that is compressed', () => {
    const bomb = Buffer.alloc(8 * 1024 * 1024, ' ');

    test('counts with the size it unpacks to', async () => {
      const packed = { gzip: gzipSync(bomb), br: brotliCompressSync(bomb) };
      for (const [encoding, body] of Object.entries(packed)) {
        expect(body.length).toBeLessThan(100 * 1024);
        expect(await sendBytes(body, { ...JSON_TYPE, 'Content-Encoding': encoding })).toEqual({
          status: 413,
          code: 'PAYLOAD_TOO_LARGE',
        });
      }
    });

    test('is read when it is small', async () => {
      const answer = await sendBytes(gzipSync(JSON.stringify(CREDENTIALS)), {
        ...JSON_TYPE,
        'Content-Encoding': 'gzip',
      });
      expect(answer).toEqual({ status: 401, code: 'INVALID_CREDENTIALS' });
    });

    test('is refused when it is packed twice, or not at all', async () => {
      const twice = await sendBytes(gzipSync(gzipSync('{}')), { ...JSON_TYPE, 'Content-Encoding': 'gzip, gzip' });
      expect(twice).toEqual({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
      const not = await sendBytes(Buffer.from('{}'), { ...JSON_TYPE, 'Content-Encoding': 'gzip' });
      expect(not).toEqual({ status: 400, code: 'BAD_REQUEST' });
    });
  });

  test('that comes with a request which takes none changes nothing', async () => {
    const answer = await api.client.request('DELETE', '/api/v1/catalog', JSON.stringify({ method: 'get' }));
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
    for (const header of ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method']) {
      expectProblem(await api.client.get('/api/v1/auth/login', { [header]: 'POST' }), 405, 'METHOD_NOT_ALLOWED');
      expect((await api.client.get('/api/v1/catalog?_method=DELETE', { [header]: 'DELETE' })).status).not.toBe(405);
    }
  });

  describe('beside a hostile URL', () => {
    test('is not even looked at when the URL is too long', async () => {
      expectProblem(await api.client.get(`/api/v1/catalog?cursor=${'x'.repeat(8200)}`), 414, 'URI_TOO_LONG');
      expectProblem(await api.client.get(`/${'x'.repeat(8200)}`), 414, 'URI_TOO_LONG');
    });

    test('is not looked at when the URL has too many parameters', async () => {
      const query = (count: number) => Array.from({ length: count }, (_, at) => `p${at}=1`).join('&');
      expectProblem(await api.client.get(`/api/v1/catalog?${query(51)}`), 400, 'BAD_REQUEST');
      expectProblem(await api.client.get(`/api/v1/catalog?${query(50)}`), 422, 'VALIDATION_FAILED');
      expectProblem(await api.client.get(`/api/v1/catalog?${'&'.repeat(51)}`), 400, 'BAD_REQUEST');
    });
  });
});
