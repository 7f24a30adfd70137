import { parentPort, workerData } from 'node:worker_threads';

const LOOK_EVERY_MS = 500;

/**
 * Runs on a thread of its own inside a runner and kills the process once its parent is gone. When the main thread is stuck in a
 * native loop nothing else can: stdin's end is not read, and SIGKILL of the worker reaches only the worker. Under bubblewrap
 * `--die-with-parent` does this, so the thread is started only without it. Its data is the parent's process id.
 */
if (parentPort !== null) {
  const parent: unknown = workerData;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, LOOK_EVERY_MS);
  parentPort.postMessage('watching');
}
