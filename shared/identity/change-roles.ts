import { Role } from '../contracts/auth.contract.ts';
import type { Database } from '../db/pool.ts';
import { AppError, notFound } from '../errors.ts';
import { revokeUserTokens } from './revocation.repository.ts';
import { lockAdmins, lockRoles, setRoles } from './role.repository.ts';

export interface RoleChange {
  before: Role[];
  after: Role[];
}

/**
 * Gives an account other roles. Everybody stays a learner, and somebody stays an admin. Access tokens with the roles of before are refused
 * within seconds, everywhere; refreshing them gives the new roles. Null when nothing changes. To be called in a transaction.
 *
 * @param by the admin who asks for it; null for a command. An admin who is none any more, whatever their token says, is refused.
 * @throws AppError NOT_FOUND; FORBIDDEN; CONFLICT when it would take away the last admin, or give a role to an address that is not verified:
 *   whoever registered it may not be who it belongs to.
 */
export async function changeRoles(
  tx: Database,
  userId: string,
  change: (before: readonly Role[]) => readonly Role[],
  by: string | null,
): Promise<RoleChange | null> {
  const admins = await lockAdmins(tx);
  if (by !== null && !admins.includes(by)) throw new AppError('FORBIDDEN', 'Your account is no admin any more.');
  const current = await lockRoles(tx, userId);
  if (current === null) throw notFound('user');
  const before = inOrder(current.roles);
  const after = inOrder(['learner', ...change(current.roles)]);
  if (before.join() === after.join()) return null;
  if (admins.length === 1 && admins[0] === userId && !after.includes('admin')) {
    throw new AppError('CONFLICT', 'This is the last admin; make somebody else one first.');
  }
  if (!current.is_verified && after.some((role) => role !== 'learner' && !before.includes(role))) {
    throw new AppError(
      'CONFLICT',
      'The email address of this account is not verified yet; its owner has to do so first.',
    );
  }
  await setRoles(tx, userId, after);
  await revokeUserTokens(tx, userId, 'stale');
  return { before, after };
}

const inOrder = (roles: readonly Role[]): Role[] => Role.options.filter((role) => roles.includes(role));
