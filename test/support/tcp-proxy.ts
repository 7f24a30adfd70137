import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

export interface TcpProxy {
  /** The URI of what is behind the proxy, led through it. */
  through: (uri: string) => string;
  /** The server "dies": open connections break, new ones are refused. */
  cut: () => Promise<void>;
  /** The network goes silent: connections stay open, nothing comes through any more. */
  stall: () => void;
  /** It is back: new connections are taken again. */
  restore: () => Promise<void>;
  close: () => Promise<void>;
}

/** Stands between a client and the server of `uri`, so that a suite can break the connection of one process only. */
export async function startTcpProxy(uri: string): Promise<TcpProxy> {
  const target = new URL(uri);
  const sockets = new Set<Socket>();
  let stalled = false;

  const relay = (client: Socket): void => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => stalled || to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  };

  // One that nobody else is given while the proxy is cut.
  const port = await freePort();
  let server = await listen(relay, port);
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    through: (original) => {
      const led = new URL(original);
      led.hostname = '127.0.0.1';
      led.port = String(port);
      return led.href;
    },
    cut,
    stall: () => {
      stalled = true;
    },
    restore: async () => {
      stalled = false;
      if (!server.listening) server = await listen(relay, port);
    },
    close: async () => {
      if (server.listening) await cut();
    },
  };
}

async function listen(relay: (client: Socket) => void, port: number): Promise<Server> {
  const server = createServer(relay);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
