import type { Answer } from './client.ts';
import type { InProcessApi } from './in-process.ts';

export const FAILURES_PER_MINUTE = 3;
export const STRICT_LIMITS = {
  RATE_LIMIT_RPS: '1',
  RATE_LIMIT_AUTH_PER_MINUTE: '10',
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: String(FAILURES_PER_MINUTE),
  // What is tested with these comes before the delays after failed logins.
  LOGIN_FAILURES_BEFORE_DELAY: '100',
};

/** Always another account, so that the delay after failures at one account is out of the way. */
export const failToLogIn = (api: Pick<InProcessApi, 'client'>, headers: Record<string, string> = {}) =>
  api.client.post('/api/v1/auth/login', { email: `${crypto.randomUUID()}@example.com`, password: 'wrong' }, headers);

/** The statuses of so many requests, one after the other. */
export async function statuses(count: number, ask: () => Promise<Answer>): Promise<number[]> {
  const seen: number[] = [];
  for (let sent = 0; sent < count; sent += 1) seen.push((await ask()).status);
  return seen;
}

/** Of failed logins, as many as are let through. */
export const allowed = Array.from({ length: FAILURES_PER_MINUTE }, () => 401);
