import type { RequestFacts } from '../../http/define-route.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { recordDelays, secondFactorSubjects } from './login-guard.ts';

/**
 * Lets `verify` look at a second factor, and counts when it answers false (or throws): of one user, over all challenges and processes.
 * Not to be called inside a transaction: what is counted must outlive its rollback.
 *
 * @throws AppError LOGIN_DELAYED after too many wrong ones, without a look at this one.
 */
export async function guardSecondFactor(
  deps: Pick<IdentityDeps, 'db' | 'guard' | 'metrics'>,
  userId: string,
  verify: () => Promise<boolean>,
  request: Pick<RequestFacts, 'ip'>,
): Promise<boolean> {
  const attempt = await deps.guard.count(secondFactorSubjects(userId));
  if (await verify()) {
    await deps.guard.succeeded(attempt);
    return true;
  }
  await deps.db.transaction((tx) => recordDelays(tx, deps.metrics, attempt, userId, request));
  return false;
}
