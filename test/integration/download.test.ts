import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import compression from 'compression';
import express, { type Response } from 'express';
import type { Server } from 'node:http';
import { z } from 'zod';
import { sendDownload } from '../../api/http/download.ts';
import { listen, stopListening } from '../../api/http-server.ts';
import { openRaw, rawRequest, statusesIn } from '../support/raw-http.ts';

const Document = z.object({ items: z.array(z.string()) });
const ITEM = 'x'.repeat(50_000);
/** No client takes a terabyte a second. */
const IMPATIENT = { graceMs: 50, bytesPerSecond: 1e12 };
const PATIENT = { graceMs: 600_000, bytesPerSecond: 1 };

async function* pagesOf(count: number): AsyncGenerator<string[], undefined> {
  for (let sent = 0; sent < count; sent += 1) yield await Promise.resolve([ITEM]);
}

describe('a download', () => {
  let server: Server;
  let url: string;
  const ended: Record<string, Promise<void>> = {};
  /** How many the last one to end had. The compression never gives one back. */
  let drainListeners: number;

  const send = (response: Response, count: number, pace: typeof PATIENT): Promise<void> => {
    const gone = new AbortController();
    const listening = jest.spyOn(response, 'on');
    response.once('close', () => {
      gone.abort();
    });
    return sendDownload(Document, 'all.json', response, { items: pagesOf(count) }, gone.signal, pace).then(() => {
      drainListeners = listening.mock.calls.filter(([event]) => (event as string) === 'drain').length;
    });
  };

  beforeAll(async () => {
    const app = express().use(compression());
    app.get('/endless', (_request, response) => (ended['endless'] = send(response, Infinity, IMPATIENT)));
    app.get('/patient', (_request, response) => (ended['patient'] = send(response, 100, PATIENT)));
    ({ server, url } = await listen(app, '127.0.0.1', 0));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await stopListening(server);
  });

  test('is cut off when nobody reads it, long before the connection counts as idle', async () => {
    const { socket, closed } = openRaw(url);
    socket.pause();
    const [, response] = await asked('/endless', socket);
    await once(response, 'close');
    await ended['endless'];
    expect(response.writableFinished).toBe(false);
    socket.resume();
    await closed;
  });

  test('is cut off when it is read too slowly, though it is always read', async () => {
    const { socket, received, closed } = openRaw(url);
    socket.on('data', () => {
      socket.pause();
      setImmediate(() => socket.resume());
    });
    const [, response] = await asked('/endless', socket);
    await closed;
    await ended['endless'];
    expect(response.writableFinished).toBe(false);
    expect(statusesIn(received())).toEqual([200]);
  });

  test('comes whole to who takes it at a pace, packed or not, and leaves no listener behind for each wait', async () => {
    for (const encoding of ['identity', 'gzip']) {
      const answer = await fetch(`${url}/patient`, { headers: { 'Accept-Encoding': encoding } });
      expect(Document.parse(await answer.json()).items).toHaveLength(100);
      await ended['patient'];
      expect(drainListeners).toBe(1);
    }
  });

  /** Asks for it, and answers with what the server makes of it. */
  const asked = async (path: string, socket: ReturnType<typeof openRaw>['socket']) => {
    const request = once(server, 'request') as Promise<[unknown, Response]>;
    socket.write(rawRequest(`GET ${path}`));
    return request;
  };
});
