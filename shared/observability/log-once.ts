import type { Logger } from 'pino';

const QUIET_MS = 10_000;

/** A connection that retries reports the same trouble many times a second: one line in ten seconds is enough. */
export function warnSeldom(log: Logger, message: string): (error: Error) => void {
  let quietUntil = 0;
  return (error) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + QUIET_MS;
    log.warn({ err: error }, message);
  };
}
