import type { Role } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Client } from './client.ts';
import { buildUser } from './factories.ts';
import type { InProcessApi } from './in-process.ts';

export interface Account {
  client: Client;
  userId: string;
}

/** A new account with the given roles, and a client that speaks for it. */
export async function openAccount({ deps, client }: InProcessApi, ...roles: Role[]): Promise<Account> {
  const { id } = await buildUser(deps.db, { roles: ['learner', ...roles] });
  const token = await deps.identity.accessTokens.sign({ id, roles: ['learner', ...roles], sessionId: newId() });
  return { client: client.as(token), userId: id };
}
