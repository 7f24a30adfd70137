import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Respond = (range: string, response: ServerResponse) => void;

/** A server that speaks the range protocol of Have I Been Pwned, and keeps what it was asked. */
export interface BreachedPasswordsPeer {
  url: string;
  /** Of each request, method, path and the headers that are of the protocol. */
  requests: { method: string; path: string; padding: string | undefined; bodyBytes: number }[];
  /** Answers otherwise from now on; null: as it should. */
  behave: (respond: Respond | null) => void;
  close: () => Promise<void>;
}

/** Starts one that knows these passwords, and these that are padding: listed, and in no breach. */
export async function startBreachedPasswordsPeer(
  breached: readonly string[],
  padding: readonly string[] = [],
): Promise<BreachedPasswordsPeer> {
  const lines = [
    ...breached.map((password) => lineOf(password, 42)),
    ...padding.map((password) => lineOf(password, 0)),
  ];
  const requests: BreachedPasswordsPeer['requests'] = [];
  const answerRange: Respond = (range, response) => {
    const found = lines.filter(({ prefix }) => prefix === range).map(({ suffix, count }) => `${suffix}:${count}`);
    response.setHeader('Content-Type', 'text/plain');
    response.end([`${'0'.repeat(35)}:3`, ...found, `${'F'.repeat(35)}:0`].join('\r\n'));
  };
  let respond = answerRange;

  const server = createServer((request: IncomingMessage, response) => {
    const { method = '', url: path = '' } = request;
    let bodyBytes = 0;
    request.on('data', (chunk: Buffer) => (bodyBytes += chunk.length));
    request.on('end', () => {
      requests.push({ method, path, padding: request.headers['add-padding'] as string | undefined, bodyBytes });
      respond(path.split('/').at(-1) ?? '', response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`,
    requests,
    behave: (other) => {
      respond = other ?? answerRange;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function lineOf(password: string, count: number): { prefix: string; suffix: string; count: number } {
  const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
  return { prefix: digest.slice(0, 5), suffix: digest.slice(5), count };
}
