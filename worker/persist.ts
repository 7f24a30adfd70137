import pRetry from 'p-retry';
import { isDatabaseUnavailable } from '../shared/db/database-errors.ts';
import type { WorkerDeps } from './processor.ts';

const RETRIES = 6;

/** A result is dear: a database that restarts is waited for, some 20 s, rather than doing the job all over again. */
export async function persist<Result>(
  { db, log }: Pick<WorkerDeps, 'db' | 'log'>,
  write: (db: WorkerDeps['db']) => Promise<Result>,
): Promise<Result> {
  return pRetry(() => write(db), {
    retries: RETRIES,
    minTimeout: 200,
    maxTimeout: 6000,
    randomize: true,
    shouldRetry: ({ error }) => isDatabaseUnavailable(error),
    onFailedAttempt: ({ error }) => log.warn({ err: error }, 'waiting for the database to take a result'),
  });
}
