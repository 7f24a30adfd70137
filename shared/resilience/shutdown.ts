import type { Logger } from 'pino';

/** A step of shutting down, in order. A failing step is logged and does not keep the next from running. */
export interface ShutdownStep {
  name: string;
  run: () => Promise<unknown>;
}

/**
 * On SIGTERM or SIGINT, or when its supervisor is gone, runs the steps once and exits with 0; when they take longer than `graceMs`, with 1.
 * An exception that nobody caught ends the process too: its state is unknown, and a supervisor starts a fresh one.
 */
export function shutdownOnSignal(steps: readonly ShutdownStep[], graceMs: number, log: Logger): void {
  let stopping = false;
  const stop = (reason: string, exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'shutting down');
    setTimeout(() => {
      log.error({ grace_ms: graceMs }, 'shutdown took too long');
      process.exit(1);
    }, graceMs).unref();
    void runSteps(steps, log).then((clean) => {
      log.info('stopped');
      process.exit(clean ? exitCode : 1);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal, 0));
  // A process that was given an IPC channel belongs to its supervisor and does not outlive it.
  if (process.channel !== undefined) process.once('disconnect', () => stop('supervisor gone', 0));
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'uncaught exception');
    stop('uncaught exception', 1);
  });
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'unhandled rejection');
    stop('unhandled rejection', 1);
  });
}

async function runSteps(steps: readonly ShutdownStep[], log: Logger): Promise<boolean> {
  let clean = true;
  for (const { name, run } of steps) {
    try {
      await run();
    } catch (error) {
      clean = false;
      log.error({ err: error, step: name }, 'shutdown step failed');
    }
  }
  return clean;
}
