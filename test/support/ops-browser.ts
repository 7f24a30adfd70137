import { z } from 'zod';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { createPasswords } from '../../shared/identity/passwords.ts';
import type { Answer, Client } from './client.ts';
import { buildUser } from './factories.ts';

export const OPS_PASSWORD = 'harbour lights at dusk';

/** Hashed once for all accounts of a suite: hashing is slow on purpose. */
let passwordHash: Promise<string> | undefined;

/** An account that can log in, with the given role and a verified address. */
export async function buildAccount(db: Database, role: Role): Promise<{ id: string; email: string }> {
  passwordHash ??= createPasswords().then((passwords) => passwords.hash(OPS_PASSWORD));
  return buildUser(db, {
    roles: [role],
    password_hash: await passwordHash,
    email_verified_at: new Date().toISOString(),
  });
}

/** Sends the login form as a browser would. */
export function sendLogin(
  client: Client,
  email: string,
  password = OPS_PASSWORD,
  headers = {},
  code = '',
): Promise<Answer> {
  const form = new URLSearchParams({ email, password, code }).toString();
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return client.request('POST', '/ops/login', form, { ...type, ...headers });
}

/** Logs in at the operators' pages and returns the header that the browser sends from then on. */
export async function logInToOps(client: Client, email: string, code = ''): Promise<{ Cookie: string }> {
  const { status, headers } = await sendLogin(client, email, OPS_PASSWORD, {}, code);
  if (status !== 303) throw new Error(`Logging in answered ${status}.`);
  return { Cookie: (headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' };
}

/** An access token for the API. */
export async function accessTokenOf(client: Client, email: string): Promise<string> {
  const { body } = await client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD });
  return z.object({ accessToken: z.string() }).parse(body).accessToken;
}
