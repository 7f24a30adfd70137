import { accountGone, AppError } from '../../../shared/errors.ts';
import { deleteDevice } from '../../../shared/identity/known-device.repository.ts';
import { renewPasswordHash } from '../../../shared/identity/password-hash.repository.ts';
import { findUser, findUserByEmail, type UserRow } from '../../../shared/identity/user.repository.ts';
import type { GuardSubject } from '../../../shared/identity/login-guard.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { findKnownDevice, isDeviceSpent } from '../guard/known-device.ts';
import {
  accountKeyOf,
  acquaintedSubjects,
  describeAccount,
  recordDelays,
  strangerSubjects,
  type Attempt,
} from '../guard/login-guard.ts';

type CredentialsDeps = Pick<IdentityDeps, 'db' | 'passwords' | 'metrics' | 'guard'>;

interface Credentials {
  email: string;
  password: string;
  deviceToken?: string | undefined;
}

/**
 * Finds the user whose email and password these are. Whether there is such an account changes neither the answers nor the work.
 * A device that is known is judged by its own failures alone, so that nobody elsewhere can keep its owner out.
 *
 * @throws AppError INVALID_CREDENTIALS; LOGIN_DELAYED after too many failures, without a look at the password; SERVICE_UNAVAILABLE.
 */
export async function checkCredentials(
  deps: CredentialsDeps,
  { email, password, deviceToken }: Credentials,
  request: Pick<RequestFacts, 'ip'>,
): Promise<UserRow> {
  const accountKey = accountKeyOf(email);
  const device = await findKnownDevice(deps.db, email, deviceToken);
  const subjects = device === null ? strangerSubjects(accountKey, request.ip) : acquaintedSubjects(accountKey, device);
  await deps.guard.check(subjects);
  const user = await findUserByEmail(deps.db, email);
  const { matches, attempt } = await tryPassword(deps, subjects, user?.password_hash ?? null, password);
  if (user === null || !matches) {
    deps.metrics.attempt('invalid_credentials');
    await recordFailure(deps, { accountKey, user, attempt, device, request });
    throw new AppError('INVALID_CREDENTIALS', 'The email address or the password is wrong.');
  }
  const renewed = await renewHash(deps, user, password);
  deps.metrics.attempt('success');
  return renewed;
}

/**
 * Has somebody who is logged in prove their password once more. Failures are counted of their session, whatever happens to the account
 * elsewhere. It writes nothing into the audit log but the beginning of a delay: the caller knows what the proof was for.
 *
 * @throws AppError INVALID_CREDENTIALS; LOGIN_DELAYED; UNAUTHENTICATED when the account is gone; SERVICE_UNAVAILABLE.
 */
export async function confirmPassword(
  deps: CredentialsDeps,
  actor: Pick<Actor, 'id' | 'sessionId'>,
  password: string,
  request: Pick<RequestFacts, 'ip'>,
): Promise<UserRow> {
  const user = await findUser(deps.db, actor.id);
  if (user === null) throw accountGone();
  await requirePassword(deps, { ...user, counted: actor.sessionId }, password, request);
  return user;
}

/**
 * Has somebody prove that they know the password of which this is the hash. Failures are counted of `counted`, the id of what let them come
 * so far.
 *
 * @throws AppError INVALID_CREDENTIALS; LOGIN_DELAYED; SERVICE_UNAVAILABLE.
 */
export async function requirePassword(
  deps: CredentialsDeps,
  {
    id,
    email,
    password_hash,
    counted,
  }: Pick<UserRow, 'email' | 'password_hash'> & { id: string | null; counted: string },
  password: string,
  request: Pick<RequestFacts, 'ip'>,
): Promise<void> {
  const subjects = acquaintedSubjects(accountKeyOf(email), Buffer.from(counted));
  const { matches, attempt } = await tryPassword(deps, subjects, password_hash, password);
  if (!matches) {
    await deps.db.transaction((tx) => recordDelays(tx, deps.metrics, attempt, id, request));
    throw new AppError('INVALID_CREDENTIALS', 'The password is wrong.');
  }
}

/**
 * An attempt is counted when its turn to be hashed has come: attempts that wait in line delay nobody. One that was right is no longer counted
 * before the next has its turn, so that right ones do not add up to a delay when many come at once.
 */
async function tryPassword(
  { passwords, guard }: Pick<CredentialsDeps, 'passwords' | 'guard'>,
  subjects: readonly GuardSubject[],
  passwordHash: string | null,
  password: string,
): Promise<{ matches: boolean; attempt: Attempt }> {
  let attempt: Attempt = [];
  const matches = await passwords.verify(passwordHash, password, {
    admit: async () => {
      attempt = await guard.count(subjects);
    },
    matched: () => guard.succeeded(attempt),
  });
  return { matches, attempt };
}

interface Failure {
  accountKey: Buffer;
  user: UserRow | null;
  attempt: Attempt;
  device: Buffer | null;
  request: Pick<RequestFacts, 'ip'>;
}

async function recordFailure(
  deps: Pick<CredentialsDeps, 'db' | 'metrics'>,
  { accountKey, user, attempt, device, request }: Failure,
): Promise<void> {
  const actorId = user?.id ?? null;
  await deps.db.transaction(async (tx) => {
    if (device !== null && isDeviceSpent(attempt)) await deleteDevice(tx, device);
    await recordAudit(tx, request, { action: 'login.failed', actorId, details: describeAccount(accountKey) });
    await recordDelays(tx, deps.metrics, attempt, actorId, request);
  });
}

/** A hash made with lower parameters than are asked for now is made again, which only a login can do. Returns the user as stored then. */
async function renewHash(deps: CredentialsDeps, user: UserRow, password: string): Promise<UserRow> {
  if (!deps.passwords.isOutdated(user.password_hash)) return user;
  const renewed = await deps.passwords.hash(password);
  await renewPasswordHash(deps.db, user.id, user.password_hash, renewed);
  return { ...user, password_hash: renewed };
}
