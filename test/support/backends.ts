import { randomBytes } from 'node:crypto';
import { openQueueBackend, type BackendRole, type QueueBackend } from '../../shared/queues/backend.ts';

/** The queue backends that suites run on. Redis is left out, loudly by global setup, where there is none. */
export const BACKENDS: readonly BackendKind[] =
  (process.env['LEARNIFY_TEST_REDIS'] ?? '') === '' ? ['postgres'] : ['redis', 'postgres'];
export type BackendKind = 'redis' | 'postgres';

/** The URL of the shared Redis; throws where there is none. */
export function sharedRedisUrl(): string {
  const url = process.env['LEARNIFY_TEST_REDIS'] ?? '';
  if (url === '') throw new Error('There is no Redis to test with.');
  return url;
}

/** A key prefix that no other suite uses. */
export function uniquePrefix(): string {
  return `{test-${randomBytes(6).toString('hex')}}`;
}

export function openTestBackend(
  kind: BackendKind,
  databaseUri: string,
  role: BackendRole = 'consumer',
  prefix = uniquePrefix(),
  redisUrl = kind === 'redis' ? sharedRedisUrl() : undefined,
): QueueBackend {
  return openQueueBackend({
    role,
    redisUrl,
    databaseUri,
    prefix,
    onError: () => undefined,
  });
}
