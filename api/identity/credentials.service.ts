import { AppError } from '../../shared/errors.ts';
import { findUserByEmail, type UserRow } from '../../shared/identity/user.repository.ts';
import type { RequestFacts } from '../http/define-route.ts';
import type { IdentityDeps } from './identity-deps.ts';

/** Finds the user whose email and password these are. @throws AppError INVALID_CREDENTIALS. */
export async function checkCredentials(
  deps: Pick<IdentityDeps, 'db' | 'passwords' | 'metrics'>,
  { email, password }: { email: string; password: string },
  _request: Pick<RequestFacts, 'ip'>,
): Promise<UserRow> {
  const user = await findUserByEmail(deps.db, email);
  const matches = await deps.passwords.verify(user?.password_hash ?? null, password);
  if (user === null || !matches) {
    deps.metrics.attempt('invalid_credentials');
    throw new AppError('INVALID_CREDENTIALS', 'The email address or the password is wrong.');
  }
  deps.metrics.attempt('success');
  return user;
}
