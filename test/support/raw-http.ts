import { connect, type Socket } from 'node:net';

interface RawConnection {
  readonly socket: Socket;
  /** What has come so far. Every character is one byte. */
  received: () => string;
  /** Ends when the server has closed the connection. */
  closed: Promise<void>;
}

/** A connection on which a suite writes its own bytes, as no HTTP client would. */
export function openRaw(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  // A server that cuts the connection while we write is part of what is tested.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  return { socket, received: () => text, closed };
}

/** Sends the bytes and answers with all that comes back until the server closes the connection. */
export async function exchangeRaw(url: string, bytes: string): Promise<string> {
  const { socket, received, closed } = openRaw(url);
  socket.write(bytes, 'latin1');
  await closed;
  return received();
}

/** A request of the given lines; the server is asked to close the connection after it. */
export const rawRequest = (requestLine: string, headers: readonly string[] = ['Host: learnify'], body = ''): string =>
  [`${requestLine} HTTP/1.1`, ...headers, 'Connection: close', '', body].join('\r\n');

/** The status of each answer in what came back. */
export const statusesIn = (received: string): number[] =>
  Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status)).filter(
    (status) => status >= 200,
  );
