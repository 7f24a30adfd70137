import { createServer, type AddressInfo, type Server } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { NoAnswer } from '../../worker/ai/ai-client.ts';
import { USAGE } from '../support/ai-behaviours.ts';
import {
  API_KEY,
  clearLedger,
  openAsking,
  PROTOCOLS,
  readLedger,
  settingsOf,
  type Asking,
} from '../support/ai-asking.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { freePort } from '../support/free-port.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { timeOutAfter } from '../support/time-outs.ts';
import { AI_FAULTS } from './ai-faults.cases.ts';

let database: TestDatabase;
let peer: AiPeer;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startAiPeer();
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

/** At 2 and 8 dollars per million tokens. */
const COST = 1000 * 2 + 200 * 8;

describe.each(PROTOCOLS)('asked in the protocol %s', (protocol) => {
  let asking: Asking;
  const open = (environment: Record<string, string> = {}): Asking =>
    openAsking(database.db, { ...settingsOf(protocol, peer), ...environment });

  afterEach(async () => {
    const refused = [...peer.refused];
    jest.restoreAllMocks();
    peer.reset();
    await clearLedger(database.db);
    // Whatever went wrong: the request was one that the real server takes, and nobody was told the key.
    expect(refused).toEqual([]);
    expect(asking.logs()).not.toContain(API_KEY);
  });

  test.each(AI_FAULTS)('$name ends in $reason after $requests request(s)', async (expected) => {
    asking = open({ AI_REQUEST_TIMEOUT_MS: '40000' });
    const misbehave = expected.does();
    const misbehaved = Promise.withResolvers<void>();
    peer.always(async (request, response) => {
      await misbehave(request, response);
      misbehaved.resolve();
    });
    if (expected.outcome === 'timeout') timeOutAfter(40_000, misbehaved.promise);
    const outcome = await asking.ask();
    expect(peer.requests).toHaveLength(expected.requests);
    const each = expected.used === 'counted' ? USAGE : { inputTokens: 0, outputTokens: 0 };
    const costEach = expected.used === 'counted' ? COST : 0;
    expect(outcome).toBeInstanceOf(NoAnswer);
    expect(outcome).toMatchObject({
      reason: expected.reason,
      retryAfterMs: expected.retryAfterMs ?? null,
      usage: {
        inputTokens: each.inputTokens * expected.requests,
        outputTokens: each.outputTokens * expected.requests,
      },
      costMicros: costEach * expected.requests,
    });
    const ledger = await readLedger(database.db);
    expect(ledger).toHaveLength(expected.requests);
    for (const row of ledger) {
      expect(row).toMatchObject({
        outcome: expected.outcome,
        input_tokens: expected.used === 'unknown' ? null : each.inputTokens,
        cost_micros: expected.used === 'unknown' ? null : costEach,
      });
    }
    expect(inspect(outcome, { depth: 10, showHidden: true })).not.toContain(API_KEY);
  });
});

describe('a server that cannot be reached', () => {
  const askAt = async (url: string): Promise<NoAnswer> => {
    const asking = openAsking(database.db, { AI_BASE_URL: url, AI_API_KEY: API_KEY, AI_MODEL: 'model-a' });
    const outcome = await asking.ask();
    if (!(outcome instanceof NoAnswer)) throw new Error('It answered.');
    return outcome;
  };
  afterEach(async () => {
    const free = { outcome: 'unreachable', cost_micros: 0 };
    expect(await readLedger(database.db)).toMatchObject([free, free, free]);
    await clearLedger(database.db);
  });

  test('because nothing listens costs nothing', async () => {
    const { reason, cause } = await askAt(`http://127.0.0.1:${await freePort()}/v1`);
    expect([reason, String(cause)]).toEqual(['provider_unavailable', expect.stringContaining('(ECONNREFUSED)')]);
  });

  test('because its name is unknown costs nothing', async () => {
    const { reason, cause } = await askAt('http://no-such-host.invalid/v1');
    expect([reason, String(cause)]).toEqual(['provider_unavailable', expect.stringMatching(/ENOTFOUND|EAI_AGAIN/)]);
  });

  test('because it speaks no TLS costs nothing', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await listenOn(server);
    try {
      const { reason, cause } = await askAt(`https://127.0.0.1:${port}/v1`);
      expect([reason, String(cause)]).toEqual(['provider_unavailable', expect.stringMatching(/\(ERR_SSL_\w+\)/)]);
    } finally {
      server.close();
    }
  });
});

async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
