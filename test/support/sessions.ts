import { decodeJwt } from 'jose';
import { z } from 'zod';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import type { Answer, Client } from './client.ts';
import type { InProcessApi } from './in-process.ts';
import { buildAccount, OPS_PASSWORD } from './ops-browser.ts';
import { expectProblem } from './problems.ts';

const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });
export type Tokens = z.infer<typeof Tokens>;

export const tokensOf = ({ body }: Answer): Tokens => Tokens.parse(body);
/** The id of the session that tokens are of. */
export const sessionOf = ({ accessToken }: Tokens): string => String(decodeJwt(accessToken)['sid']);

/** Ways to begin, go on with and look at sessions, at an api and its database. */
export function sessions(get: () => { api: InProcessApi; db: Database }) {
  const logIn = async (email: string, headers: Record<string, string> = {}): Promise<Tokens> =>
    tokensOf(await get().api.client.post('/api/v1/auth/login', { email, password: OPS_PASSWORD }, headers));
  const refresh = (refreshToken: string, at = get().api): Promise<Answer> =>
    at.client.post('/api/v1/auth/refresh', { refreshToken });
  const as = ({ accessToken }: Tokens): Client => get().api.client.as(accessToken);

  return {
    logIn,
    refresh,
    as,
    /** A learner who has just logged in. */
    newAccount: async (): Promise<{ id: string; email: string; tokens: Tokens }> => {
      const { id, email } = await buildAccount(get().db, 'learner');
      return { id, email, tokens: await logIn(email) };
    },
    expectOver: async (tokens: Tokens): Promise<void> => {
      expectProblem(await as(tokens).get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
      expectProblem(await refresh(tokens.refreshToken), 401, 'UNAUTHENTICATED');
    },
    auditOf: (userId: string, action: string) =>
      get().db.any(sql.type(z.object({ target: z.string().nullable(), details: z.unknown() }))`
        SELECT target, details FROM audit_log WHERE actor_id = ${userId} AND action = ${action} ORDER BY id`),
  };
}
