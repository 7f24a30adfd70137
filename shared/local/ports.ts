import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from './launch-error.ts';

/** How long a process of an earlier start may take to let go of its port. */
const PATIENCE_MS = 20_000;

interface WantedPort {
  host: string;
  port: number;
  /** The setting that names the port. */
  setting: string;
}

/** Waits until the port can be bound. @throws LaunchError that names the setting to change. */
export async function requireFreePort({ host, port, setting }: WantedPort, waitMs = 0): Promise<void> {
  const deadline = Date.now() + Math.min(waitMs, PATIENCE_MS);
  while (!(await isFree(host, port))) {
    if (Date.now() >= deadline) {
      throw new LaunchError(
        `Port ${port} (${setting}) is taken. Stop what uses it, or choose another: ${setting}=${port + 10} npm start`,
      );
    }
    await sleep(100);
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
