import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApp } from '../../api/app.ts';
import { listen, stopListening, type ConnectionLimits } from '../../api/http-server.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { exchangeRaw, openRaw, rawRequest, statusesIn } from '../support/raw-http.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** Never a name that we use ourselves: where it turns up, it came from the request. */
const CANARY = 'canary-evil.example';
const BODY = '{"email":"nobody@example.com","password":"x"}';
const POST = ['POST /api/v1/auth/login HTTP/1.1', 'Host: learnify', 'Content-Type: application/json'];
const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;

describe('hostile HTTP', () => {
  let database: TestDatabase;
  let api: InProcessApi;
  let proxied: InProcessApi;

  beforeAll(async () => {
    database = await createTestDatabase();
    const environment = { databaseUri: database.uri, prefix: uniquePrefix() };
    api = await openApi({ ...environment, extra: { ALLOWED_ORIGINS: 'https://app.learnify.example' } });
    proxied = await openApi({ ...environment, extra: { TRUST_PROXY: '1' } });
  });
  afterAll(async () => {
    await api.close();
    await proxied.close();
    await database.drop();
  });

  /** The problem in an answer that Node's parser, not Express, made us give. */
  const expectRawProblem = (received: string, status: number, code: string): void => {
    const [head = '', body = ''] = received.split('\r\n\r\n');
    expect({ received, statuses: statusesIn(received) }).toEqual({ received, statuses: [status] });
    expect(head).toMatch(/^Connection: close$/im);
    expect(head).toMatch(/^Content-Type: application\/problem\+json/im);
    expect(head).toMatch(/^Cache-Control: no-store$/im);
    expect(JSON.parse(body)).toMatchObject({ status, code, requestId: /^X-Request-Id: (.+)$/im.exec(head)?.[1] });
  };

  describe('that two readers could understand differently', () => {
    const smuggled = `GET /api/v1/${CANARY} HTTP/1.1\r\nHost: learnify\r\n\r\n`;
    const ambiguous: [what: string, bytes: string][] = [
      [
        'a length and chunks',
        `${lines(...POST, 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
      ],
      [
        'chunks and a length',
        `${lines(...POST, 'Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${smuggled}`,
      ],
      ['two lengths', `${lines(...POST, 'Content-Length: 5', 'Content-Length: 6')}{"a":1${smuggled}`],
      ['a list of lengths', `${lines(...POST, 'Content-Length: 5, 5')}{"a":${smuggled}`],
      ['a signed length', `${lines(...POST, 'Content-Length: +5')}{"a":${smuggled}`],
      ['a negative length', `${lines(...POST, 'Content-Length: -5')}${smuggled}`],
      ['an unknown transfer encoding', `${lines(...POST, 'Transfer-Encoding: xchunked')}0\r\n\r\n${smuggled}`],
      ['chunks that are not last', `${lines(...POST, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${smuggled}`],
      [
        'chunks twice',
        `${lines(...POST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}0\r\n\r\n${smuggled}`,
      ],
      ['a blank before the colon', `${lines(...POST, 'Transfer-Encoding : chunked')}0\r\n\r\n${smuggled}`],
      ['a folded header', `${lines(...POST, 'X-Folded: a', ' Content-Length: 5')}${smuggled}`],
      ['a bare line feed', `${POST.join('\n')}\nContent-Length: 0\n\n${smuggled}`],
      ['a NUL in a header', `${lines(...POST, 'X-Nul: a\0b')}${smuggled}`],
      ['a chunk of no size', `${lines(...POST, 'Transfer-Encoding: chunked')}zz\r\n\r\n${smuggled}`],
      [
        'a chunk of an enormous size',
        `${lines(...POST, 'Transfer-Encoding: chunked')}fffffffffffffffff\r\n${smuggled}`,
      ],
      ['no host', lines('GET /health HTTP/1.1')],
      ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['an unknown method', lines('BREW /health HTTP/1.1', 'Host: learnify')],
    ];

    test.each(ambiguous)('is refused once, and nothing behind it is served: %s', async (_what, bytes) => {
      const received = await exchangeRaw(api.url, bytes);
      expect({ received, statuses: statusesIn(received) }).toEqual({ received, statuses: [400] });
      expect(received).toMatch(/^Connection: close$/im);
      expect(received).not.toContain(CANARY);
      expect(JSON.stringify(api.logs())).not.toContain(CANARY);
    });

    test('is answered with a problem that repeats nothing of it', async () => {
      expectRawProblem(await exchangeRaw(api.url, lines(`GET /${CANARY} HTTP/1.1`, 'X: a\0b')), 400, 'BAD_REQUEST');
      const tooLarge = lines('GET /health HTTP/1.1', 'Host: learnify', `X-Large: ${CANARY.repeat(1000)}`);
      const received = await exchangeRaw(api.url, tooLarge);
      expectRawProblem(received, 431, 'HEADERS_TOO_LARGE');
      expect(received).not.toContain(CANARY);
    });

    test('is logged with its reason and counted', async () => {
      const received = await exchangeRaw(api.url, lines('BREW /health HTTP/1.1', 'Host: learnify'));
      const requestId = /^X-Request-Id: (.+)$/im.exec(received)?.[1];
      expect(api.logs().filter((line) => line['request_id'] === requestId)).toEqual([
        expect.objectContaining({ message: 'unreadable request', reason: 'HPE_INVALID_METHOD', status: 400 }),
      ]);
      expect((await api.client.get('/metrics')).text).toMatch(
        /http_requests_total\{method="unknown",path="unreadable",status="400"\} \d+/,
      );
    });
  });

  test('of too many headers is refused, though their size would do', async () => {
    const headers = (count: number) => ['Host: learnify', ...Array.from({ length: count }, (_, at) => `X-${at}: 1`)];
    expect(statusesIn(await exchangeRaw(api.url, rawRequest('GET /health', headers(98))))).toEqual([200]);
    const refused = await exchangeRaw(api.url, rawRequest('GET /health', headers(99)));
    expect(statusesIn(refused)).toEqual([431]);
    expect(refused).toContain('HEADERS_TOO_LARGE');
    expect(statusesIn(await exchangeRaw(api.url, rawRequest('GET /health', headers(800))))).toEqual([431]);
  });

  test('in a pipeline is answered in order, up to the first request that cannot be read', async () => {
    const get = (path: string) => lines(`GET ${path} HTTP/1.1`, 'Host: learnify');
    const served = await exchangeRaw(api.url, get('/health') + get('/nothing') + rawRequest('GET /api/v1/catalog'));
    expect(statusesIn(served)).toEqual([200, 404, 200]);
    const { socket, received, closed } = openRaw(api.url);
    socket.write(get('/health'));
    await eventually('the first is answered', () => received().includes('uptimeSeconds'));
    socket.write(`GARBAGE${get('/nothing')}`);
    await closed;
    expect(statusesIn(received())).toEqual([200, 400]);
  });

  test('cannot slip an answer into the place of one that an earlier request waits for', async () => {
    const { socket, received, closed } = openRaw(api.url);
    // The login is still hashing when the garbage is read.
    socket.write(`${lines(...POST, `Content-Length: ${BODY.length}`)}${BODY}GARBAGE\r\n\r\n`);
    await closed;
    expect(statusesIn(received()).filter((status) => status === 400)).toEqual([]);
    expect(received()).not.toContain('not valid HTTP');
  });

  describe('by way of unusual methods and targets', () => {
    test('TRACE repeats nothing', async () => {
      const received = await exchangeRaw(
        api.url,
        rawRequest('TRACE /api/v1/catalog', ['Host: x', `Cookie: ${CANARY}`]),
      );
      expect(statusesIn(received)).toEqual([405]);
      expect(received).not.toContain(CANARY);
    });

    test('CONNECT opens no tunnel', async () => {
      const received = await exchangeRaw(api.url, rawRequest(`CONNECT ${CANARY}:443`));
      expect(statusesIn(received).filter((status) => status < 400)).toEqual([]);
    });

    test('an upgrade is not taken up', async () => {
      const headers = ['Host: learnify', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
      const received = await exchangeRaw(api.url, rawRequest('GET /health', headers));
      expect(statusesIn(received)).toEqual([200]);
    });

    test('an absolute target means its path, whatever host it names', async () => {
      const received = await exchangeRaw(api.url, rawRequest(`GET http://${CANARY}/api/v1/catalog`));
      expect(statusesIn(received)).toEqual([200]);
      expect(received).not.toContain(CANARY);
    });
  });

  describe('with a poisoned host', () => {
    const poison = [
      `Host: ${CANARY}`,
      `X-Forwarded-Host: ${CANARY}`,
      'X-Forwarded-Proto: https',
      `Forwarded: host=${CANARY};proto=https;for=192.0.2.1`,
      `X-Host: ${CANARY}`,
      `X-Original-URL: /${CANARY}`,
      `X-Rewrite-URL: /${CANARY}`,
      'X-Forwarded-For: 192.0.2.1',
      `Origin: https://${CANARY}`,
      `Referer: https://${CANARY}/`,
    ];
    const paths = [
      '/',
      '/health',
      '/readiness',
      '/docs',
      '/docs/assets',
      '/openapi.json',
      '/ops',
      '/ops/login',
      '/ops/queues',
      '/ops/queues/',
      '/api/v1/catalog',
      '/api/v1/users/me',
      '/api/v1/nothing',
    ];

    test.each(['directly', 'behind a trusted proxy'])('no answer repeats it, %s', async (way) => {
      const { url } = way === 'directly' ? api : proxied;
      for (const path of paths) {
        for (const accept of ['text/html', 'application/json']) {
          const received = await exchangeRaw(url, rawRequest(`GET ${path}`, [...poison, `Accept: ${accept}`]));
          expect({ path, ok: /^HTTP\/1\.1 [2-4]\d\d /.test(received), echo: received.includes(CANARY) }).toEqual({
            path,
            ok: true,
            echo: false,
          });
        }
      }
    });

    test('a registration is answered without it too', async () => {
      const body = JSON.stringify({
        email: 'poisoned@example.com',
        password: 'correct horse battery staple',
        name: 'P',
      });
      const headers = [...poison, 'Content-Type: application/json', `Content-Length: ${body.length}`];
      const received = await exchangeRaw(proxied.url, rawRequest('POST /api/v1/auth/register', headers, body));
      expect(statusesIn(received)).toEqual([201]);
      expect(received).not.toContain(CANARY);
    });
  });

  test('leads nobody to another site: a redirect stays here', async () => {
    const targets = [
      `//${CANARY}`,
      `//${CANARY}/..`,
      `/%2f${CANARY}`,
      `/\\${CANARY}`,
      `/docs/assets/..//${CANARY}`,
      `//${CANARY}/docs/assets`,
      `/docs//${CANARY}/`,
      `/ops//${CANARY}`,
      `/ops/queues//${CANARY}/%2e%2e`,
      `/ops/queues?next=https://${CANARY}`,
      `/ops/login?next=//${CANARY}&returnTo=//${CANARY}`,
      `/ops/queues/\r\nLocation: https://${CANARY}`.replace('\r\n', '%0d%0a'),
    ];
    let redirects = 0;
    for (const target of targets) {
      const received = await exchangeRaw(api.url, rawRequest(`GET ${target}`, ['Host: learnify', 'Accept: text/html']));
      const location = /^Location: (.*)$/im.exec(received)?.[1]?.trim();
      if (location === undefined) continue;
      redirects += 1;
      expect({ target, location }).toEqual({ target, location: expect.stringMatching(/^\/(?![/\\])/) });
      expect(new URL(location, 'https://here.example').host).toBe('here.example');
      expect(location).not.toContain(CANARY);
    }
    expect(redirects).toBeGreaterThan(0);
  });

  test('gets at no file outside of what is served', async () => {
    const up = ['..', '%2e%2e', '.%2e', '%252e%252e', '..%5c', '..;', '....'];
    const files = ['package.json', 'absolute-path.js', '.env', 'index.js', 'etc/passwd'];
    for (const step of up) {
      for (const file of files) {
        for (const separator of ['/', '%2f', '%5c', '\\']) {
          for (const steps of [1, 3, 8]) {
            const climbed = Array.from({ length: steps }, () => step).join(separator) + separator + file;
            const received = await exchangeRaw(api.url, rawRequest(`GET /docs/assets/${climbed}`));
            expect({ climbed, statuses: statusesIn(received) }).toEqual({ climbed, statuses: [404] });
          }
        }
      }
    }
  });

  describe('that takes its time', () => {
    const SHORT: Partial<ConnectionLimits> = {
      headersTimeoutMs: 200,
      requestTimeoutMs: 400,
      checkIntervalMs: 20,
      idleTimeoutMs: 1000,
    };
    let server: Awaited<ReturnType<typeof listen>>;

    beforeAll(async () => {
      server = await listen(createApp(api.deps), '127.0.0.1', 0, { limits: SHORT });
    });
    afterAll(async () => {
      server.server.closeAllConnections();
      await stopListening(server.server);
    });

    /** Writes one more byte every few milliseconds until the server has enough. */
    const drip = async (start: string, piece: string, { url } = server): Promise<string> => {
      const { socket, received, closed } = openRaw(url);
      socket.write(start);
      const dripping = setInterval(() => socket.write(piece), 10);
      await closed;
      clearInterval(dripping);
      return received();
    };

    test('over its headers is cut off, though it always sends something', async () => {
      // Long before the time of a whole request is over.
      const limits = { ...SHORT, requestTimeoutMs: 600_000 };
      const patient = await listen(createApp(api.deps), '127.0.0.1', 0, { limits });
      const received = await drip('GET /health HTTP/1.1\r\nHost: learnify\r\nX-Slow: ', 'x', patient);
      await stopListening(patient.server);
      expectRawProblem(received, 408, 'REQUEST_TIMEOUT');
    });

    test('over its body is cut off as well', async () => {
      const received = await drip(lines(...POST, 'Content-Length: 50000'), ' ');
      expectRawProblem(received, 408, 'REQUEST_TIMEOUT');
      const chunked = await drip(lines(...POST, 'Transfer-Encoding: chunked'), '1\r\n \r\n');
      expectRawProblem(chunked, 408, 'REQUEST_TIMEOUT');
    });

    test('before it says anything is cut off', async () => {
      const { received, closed } = openRaw(server.url);
      await closed;
      expect(statusesIn(received()).filter((status) => status !== 408)).toEqual([]);
    });

    test('on many connections at once gets no more of them than there are', async () => {
      const maxConnections = 3;
      const timeouts = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000, idleTimeoutMs: 60_000 };
      const patient = await listen(createApp(api.deps), '127.0.0.1', 0, { limits: { maxConnections, ...timeouts } });
      const open = Array.from({ length: maxConnections }, () => openRaw(patient.url));
      await Promise.all(open.map(({ socket }) => once(socket, 'connect')));
      expect(await exchangeRaw(patient.url, rawRequest('GET /health'))).toBe('');
      for (const { socket } of open) socket.destroy();
      await eventually('a place is free', async () =>
        statusesIn(await exchangeRaw(patient.url, rawRequest('GET /health'))).includes(200),
      );
      await stopListening(patient.server);
    });
  });

  describe('that would write into the log', () => {
    test('stays on its line', async () => {
      const agent = 'User-Agent: \x9b31m{"level":"fatal","message":"forged"}\x85second line';
      const path = '/api/v1/nothing%0a%1b[31mforged%0d';
      const received = await exchangeRaw(api.url, rawRequest(`GET ${path}`, ['Host: learnify', agent]));
      const requestId = /^X-Request-Id: (.+)$/im.exec(received)?.[1]?.trim();
      const written = await eventually('it is logged', () => {
        const found = api.logs().filter((line) => line['request_id'] === requestId);
        return found.length > 0 ? found : null;
      });
      expect(written).toEqual([expect.objectContaining({ level: 'info', message: 'http request', path })]);
    });

    test('is logged in short, however long it is', async () => {
      const headers = ['Host: learnify', `User-Agent: ${'a'.repeat(5000)}`];
      const received = await exchangeRaw(api.url, rawRequest(`GET /${'b'.repeat(5000)}`, headers));
      const requestId = /^X-Request-Id: (.+)$/im.exec(received)?.[1]?.trim();
      const line = await eventually('it is logged', () => api.logs().find((each) => each['request_id'] === requestId));
      expect(JSON.stringify(line).length).toBeLessThan(1500);
    });

    test('with a header that holds a line break is refused', async () => {
      for (const bytes of ['X-Request-Id: a\rb', 'User-Agent: \x1b[31m', 'User-Agent: a\x7fb']) {
        const received = await exchangeRaw(api.url, lines('GET /health HTTP/1.1', 'Host: learnify', bytes));
        expect({ bytes, statuses: statusesIn(received) }).toEqual({ bytes, statuses: [400] });
      }
    });

    test('or into the headers of an answer changes neither', async () => {
      const ids = ['a%0d%0aSet-Cookie: evil=1', 'aaaaaaaa\tb', `${'a'.repeat(8)}\x85Set-Cookie:`];
      for (const id of ids) {
        const received = await exchangeRaw(proxied.url, rawRequest('GET /health', ['Host: x', `X-Request-Id: ${id}`]));
        expect(received).toMatch(/^X-Request-Id: [\da-f-]{36}\r$/im);
        expect(received).not.toMatch(/^Set-Cookie/im);
      }
    });
  });
});
