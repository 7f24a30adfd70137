import type { DatabasePool } from 'slonik';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { UserRolesView } from '../../shared/contracts/user-roles.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { notFound } from '../../shared/errors.ts';
import { changeRoles } from '../../shared/identity/change-roles.ts';
import { findOwnAccount, findUserByEmail } from '../../shared/identity/user.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import { toOwnAccount } from '../identity/accounts/account.service.ts';

export interface UserRolesDeps {
  db: DatabasePool;
}

/** @throws AppError NOT_FOUND. */
export async function getUserRoles({ db }: { db: Database }, id: string): Promise<UserRolesView> {
  const account = await findOwnAccount(db, id);
  if (account === null) throw notFound('user');
  return toOwnAccount(account);
}

/** @throws AppError NOT_FOUND. */
export async function lookUpUser({ db }: UserRolesDeps, email: string): Promise<UserRolesView> {
  const user = await findUserByEmail(db, email);
  if (user === null) throw notFound('user');
  return getUserRoles({ db }, user.id);
}

/**
 * Sets an account's roles, effective within seconds for every token there is.
 *
 * @throws AppError NOT_FOUND; FORBIDDEN; CONFLICT when it would take away the last admin, or give a role to an unverified address.
 */
export async function setUserRoles(
  { db }: UserRolesDeps,
  actor: Actor,
  id: string,
  roles: readonly Role[],
  request: RequestFacts,
): Promise<UserRolesView> {
  return db.transaction(async (tx) => {
    const change = await changeRoles(tx, id, () => roles, actor.id);
    const view = await getUserRoles({ db: tx }, id);
    if (change !== null) {
      const details = { ...change };
      await recordAudit(tx, request, { action: 'roles.changed', actorId: actor.id, target: id, details });
    }
    return view;
  });
}
