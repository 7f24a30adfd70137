import { deleteDevice } from '../../../shared/identity/known-device.repository.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { isDeviceSpent } from './known-device.ts';
import { acquaintedCodeSubjects, recordDelays, secondFactorSubjects, type Attempt } from './login-guard.ts';

/** Who shows a code. A device or a session that was let in before is judged by its own wrong codes alone, whatever others do to its user. */
interface CodeBearer {
  userId: string;
  /** The hash of a known device's token. */
  device?: Buffer | null;
  sessionId?: string;
}

/**
 * Lets `verify` look at a second factor, and counts when it answers false (or throws): of one user, over all challenges and processes, or of
 * what its bearer is known by. Not to be called inside a transaction: what is counted must outlive its rollback.
 *
 * @throws AppError LOGIN_DELAYED after too many wrong ones, without a look at this one.
 */
export async function guardSecondFactor(
  deps: Pick<IdentityDeps, 'db' | 'guard' | 'metrics'>,
  bearer: CodeBearer,
  verify: () => Promise<boolean>,
  request: Pick<RequestFacts, 'ip'>,
): Promise<boolean> {
  const attempt = await deps.guard.count(subjectsOf(bearer));
  if (await verify()) {
    await deps.guard.succeeded(attempt);
    return true;
  }
  await recordFailure(deps, bearer, attempt, request);
  return false;
}

function subjectsOf({ userId, device, sessionId }: CodeBearer) {
  const identity = device ?? (sessionId === undefined ? null : Buffer.from(sessionId));
  return identity === null ? secondFactorSubjects(userId) : acquaintedCodeSubjects(identity);
}

async function recordFailure(
  { db, metrics }: Pick<IdentityDeps, 'db' | 'metrics'>,
  { userId, device = null }: CodeBearer,
  attempt: Attempt,
  request: Pick<RequestFacts, 'ip'>,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (device !== null && isDeviceSpent(attempt)) await deleteDevice(tx, device);
    await recordDelays(tx, metrics, attempt, userId, request);
  });
}
