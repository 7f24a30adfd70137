import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Outcome, Reply } from '../protocol.ts';
import { encodeFrame } from './framing.ts';

/** Largest request that a runner takes. */
export const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** Watches the parent where the layer does not; only then may code run that could keep the main thread for itself. */
export async function watchParent(): Promise<void> {
  if (!process.argv.includes('--watchdog')) return;
  const watchdog = new Worker(new URL('./watchdog.ts', import.meta.url), { workerData: process.ppid });
  await once(watchdog, 'message');
  watchdog.unref();
}

export function sendReady(engine: string): void {
  send({ type: 'ready', engine });
}

export function sendOutcome(outcome: Outcome): void {
  send({ type: 'outcome', outcome });
}

function send(reply: Reply): void {
  const frame = encodeFrame(reply);
  for (let sent = 0; sent < frame.length;) sent += writeSome(frame.subarray(sent));
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** The pipe does not block: when it is full there is nothing to do but to wait until the parent has read some. */
function writeSome(bytes: Buffer): number {
  for (;;) {
    try {
      return writeSync(1, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(never, 0, 0, 1);
    }
  }
}
