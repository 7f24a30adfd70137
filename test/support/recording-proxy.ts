import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface RecordingProxy {
  /** The URI of the database, led through the proxy. */
  through: (uri: string) => string;
  /** The text of every statement that was sent so far, each once. */
  statements: () => readonly string[];
  /** How many messages carried `text` outside of statements: as the value of a parameter. */
  valuesWith: (text: string) => number;
  close: () => Promise<void>;
}

/** Message types of PostgreSQL's frontend protocol. */
const PARSE = 'P';
const QUERY = 'Q';
const BIND = 'B';

/** Stands between a process and its PostgreSQL and reads along what the process sends. */
export async function startRecordingProxy(uri: string): Promise<RecordingProxy> {
  const target = new URL(uri);
  const sockets = new Set<Socket>();
  const statements = new Set<string>();
  const values: Buffer[] = [];

  const record = (type: string, payload: Buffer): void => {
    if (type === PARSE) statements.add(payload.toString('utf8').split('\0')[1] ?? '');
    if (type === QUERY) statements.add(payload.toString('utf8'));
    if (type === BIND) values.push(Buffer.from(payload));
  };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const read = messageReader(record);
    client.on('data', (chunk) => {
      read(chunk);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    through: (original) => {
      const led = new URL(original);
      led.hostname = '127.0.0.1';
      led.port = String((server.address() as AddressInfo).port);
      return led.href;
    },
    statements: () => [...statements],
    valuesWith: (text) => values.filter((payload) => payload.includes(text)).length,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

/** Cuts a connection's bytes into messages. Only the first, which starts the session, has no type. */
function messageReader(record: (type: string, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const typeBytes = isStarted ? 1 : 0;
      if (rest.length < typeBytes + 4) return;
      const length = rest.readInt32BE(typeBytes);
      if (rest.length < typeBytes + length) return;
      if (isStarted) record(String.fromCharCode(rest[0] ?? 0), rest.subarray(5, 1 + length));
      rest = rest.subarray(typeBytes + length);
      isStarted = true;
    }
  };
}
