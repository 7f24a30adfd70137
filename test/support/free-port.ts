import { createServer } from 'node:net';

/** Below the ports that a system gives to whoever names none, so that nobody gets one of these by chance while it is kept free. */
const FIRST_PORT = 20_000;
const PORTS_EACH = 2000;

/** Every worker of jest goes round in a part of its own, from anywhere in it: other runs may be on this machine. */
const part = FIRST_PORT + PORTS_EACH * (Number(process.env['JEST_WORKER_ID'] ?? 0) % 5);
let next = Math.floor(Math.random() * PORTS_EACH);

/** A TCP port on the loopback interface that is free, and given to nobody else of this run. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS_EACH; tries++) {
    const port = part + (next++ % PORTS_EACH);
    if (await isFree(port)) return port;
  }
  throw new Error('No port is free.');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
