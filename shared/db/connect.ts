import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { DatabasePool } from 'slonik';
import { isDatabaseUnavailable, isLoginRefused } from './database-errors.ts';
import { openDatabase, type DatabaseOptions } from './pool.ts';

/** Attempts at start: about a minute, so that a process may start before its database. */
const START_RETRIES = 12;

/**
 * Opens the pool at process start, waiting for a database that is not up yet.
 *
 * @throws when it stays away, or at once for an error that waiting does not mend, such as a wrong password.
 */
export async function connectDatabase(options: Omit<DatabaseOptions, 'onError'>, log: Logger): Promise<DatabasePool> {
  // The pool tells of failed statements here as well. Those are their callers' business, and anybody can cause one: by an address that is taken.
  const onError = (error: Error): void => {
    if (isDatabaseUnavailable(error)) log.warn({ err: error }, 'database connection lost');
  };
  return pRetry(() => openDatabase({ ...options, onError }), {
    retries: START_RETRIES,
    minTimeout: 200,
    maxTimeout: 10_000,
    randomize: true,
    shouldRetry: ({ error }) => isDatabaseUnavailable(error) && !isLoginRefused(error),
    onFailedAttempt: ({ error, attemptNumber }) => {
      log.warn({ err: error, attempt: attemptNumber }, 'waiting for the database');
    },
  });
}
