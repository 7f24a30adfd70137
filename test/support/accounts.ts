import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { Actor } from '../../api/http/define-route.ts';
import { newId } from '../../shared/db/id.ts';
import type { Client } from './client.ts';
import { buildUser } from './factories.ts';
import type { InProcessApi } from './in-process.ts';

export interface Account {
  client: Client;
  userId: string;
}

/** A new account with the given roles, and a client that speaks for it. */
export async function openAccount(
  { deps, client }: Pick<InProcessApi, 'deps' | 'client'>,
  ...roles: Role[]
): Promise<Account> {
  const { id } = await buildUser(deps.db, { roles: ['learner', ...roles] });
  const token = await deps.identity.accessTokens.sign(actorOf(id, ...roles));
  return { client: client.as(token), userId: id };
}

/** As whom a request of an account would be served that has just logged in, with a second factor. */
export function actorOf(id: string, ...roles: Role[]): Actor {
  const authenticatedAt = Math.floor(Date.now() / 1000);
  return { id, roles: ['learner', ...roles], sessionId: newId(), authenticatedAt, secondFactor: true };
}
