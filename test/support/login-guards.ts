import { z } from 'zod';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import type { GuardScope } from '../../shared/identity/login-guard.repository.ts';
import type { Answer } from './client.ts';
import type { InProcessApi } from './in-process.ts';

/** Lets all delays be over that attempts wait for now; what was counted stays. */
export async function endDelays(db: Database): Promise<void> {
  await db.query(sql.typeAlias('void')`UPDATE login_guards SET blocked_until = last_failure_at`);
}

/** Makes the delays that failures have brought long enough for a slow machine. */
export async function holdDelays(db: Database): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE login_guards SET blocked_until = blocked_until + interval '1 hour' WHERE blocked_until > last_failure_at + interval '0.5 s'`);
}

const GuardRow = z.strictObject({ scope: z.string(), failures: z.number(), delay: z.number() });

/** What is counted of a scope, rounded to what a test can know; what was all taken back is left out. */
export async function readGuards(db: Database, scope: GuardScope): Promise<z.infer<typeof GuardRow>[]> {
  return [
    ...(await db.any(sql.type(GuardRow)`
      SELECT scope, round(failures::numeric)::float8 AS failures,
        round(extract(epoch FROM blocked_until - last_failure_at)::numeric)::float8 AS delay
      FROM login_guards WHERE scope = ${scope} AND failures > 0.5 ORDER BY failures, delay`)),
  ];
}

/** As if nobody had ever failed. */
export async function forgetGuards(db: Database): Promise<void> {
  await db.query(sql.typeAlias('void')`DELETE FROM login_guards`);
}

/** How many delays of 1, 2, 4 … seconds were over within so many: each lets one more attempt through. */
export function delaysWithin(seconds: number): number {
  let count = 0;
  for (let rest = seconds, delay = 1; rest >= delay; delay *= 2) {
    rest -= delay;
    count += 1;
  }
  return count;
}

interface LoginAttempt {
  email: string;
  password?: string;
  deviceToken?: string;
}

export const WRONG_PASSWORD = 'this is not the password';

/** Ways to log in from an address, at an api that believes X-Forwarded-For and gives so many failures free. */
export function guessing(get: () => { api: InProcessApi; db: Database }, freeFailures: number) {
  const logIn = (attempt: LoginAttempt, from: string, at: InProcessApi = get().api): Promise<Answer> =>
    at.client.post(
      '/api/v1/auth/login',
      { password: 'correct horse battery staple', ...attempt },
      { 'X-Forwarded-For': from },
    );
  const guess = (email: string, from: string): Promise<Answer> => logIn({ email, password: WRONG_PASSWORD }, from);

  /** Fails so often, waiting for no delay. Returns the statuses. */
  async function guessOften(count: number, email: string, from: string): Promise<number[]> {
    const statuses: number[] = [];
    for (let sent = 0; sent < count; sent += 1) {
      statuses.push((await guess(email, from)).status);
      await endDelays(get().db);
    }
    return statuses;
  }

  /** Fails until the next attempt has to wait, which it then does for as long as the test takes. */
  async function guessUntilDelayed(email: string, from: string): Promise<void> {
    await guessOften(freeFailures - 1, email, from);
    await guess(email, from);
    await holdDelays(get().db);
  }

  return { logIn, guess, guessOften, guessUntilDelayed };
}
