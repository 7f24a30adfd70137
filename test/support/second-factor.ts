import { Secret, TOTP } from 'otpauth';
import { z } from 'zod';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import type { Client } from './client.ts';

const Setup = z.object({ secret: z.string(), otpauthUri: z.string() });
const Activated = z.object({ recoveryCodes: z.array(z.string()), accessToken: z.string() });

export interface SecondFactor {
  /** Base32, as an authenticator app holds it. */
  secret: string;
  /** The code that activated it, and so is used up. */
  activationCode: string;
  recoveryCodes: string[];
  /** The caller, with what they have proved by activating. */
  client: Client;
}

/** The code that an authenticator app shows, or showed or will show some half minutes away. */
export function codeOf(secret: string, halfMinutesAhead = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: Date.now() + halfMinutesAhead * 30_000,
  });
}

/** A code that is wrong now and in the half minutes around. */
export function wrongCodeOf(secret: string): string {
  const right = new Set([-2, -1, 0, 1, 2].map((ahead) => codeOf(secret, ahead)));
  const wrong = ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.has(code));
  if (wrong === undefined) throw new Error('All of them are right.');
  return wrong;
}

/** Lets time pass, as far as replays go: the code of this half minute is good again. */
export async function forgetUsedCodes(db: Database, userId: string): Promise<void> {
  await db.query(sql.typeAlias('void')`UPDATE mfa_secrets SET last_used_step = NULL WHERE user_id = ${userId}`);
}

export async function beginSetup(client: Client, path = 'setup'): Promise<string> {
  const { body } = await client.post(`/api/v1/auth/mfa/${path}`);
  return Setup.parse(body).secret;
}

/** Sets a second factor up for who is logged in, with the code of this half minute. */
export async function activateSecondFactor(client: Client, path = 'setup'): Promise<SecondFactor> {
  const secret = await beginSetup(client, path);
  const activationCode = codeOf(secret);
  const { body } = await client.post('/api/v1/auth/mfa/activate', { code: activationCode });
  const { recoveryCodes, accessToken } = Activated.parse(body);
  return { secret, activationCode, recoveryCodes, client: client.as(accessToken) };
}
