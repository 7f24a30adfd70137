import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError } from '../../shared/errors.ts';
import { hasSecondFactor } from '../../shared/identity/mfa.repository.ts';
import { hashOpaqueToken } from '../../shared/identity/opaque-token.ts';
import {
  findOpsSession,
  OPS_SESSION_IDLE_SECONDS,
  revokeSession,
  touchOpsSession,
  type SessionOwnerRow,
} from '../../shared/identity/session.repository.ts';
import { findUser, type UserRow } from '../../shared/identity/user.repository.ts';
import { rolesInForce, type Assurance } from '../http/assurance.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import { checkCredentials } from '../identity/login/credentials.service.ts';
import type { IdentityDeps } from '../identity/identity-deps.ts';
import { rememberDevice } from '../identity/login/known-devices.ts';
import { withSecondFactor } from '../identity/second-factor/second-factor.service.ts';
import type { Proof } from '../identity/sessions/access-answer.ts';
import { lockProvedUser, openSession } from '../identity/sessions/session.service.ts';

export const OPS_SESSION_SECONDS = 8 * 3600;
const OPS_ROLES: readonly Role[] = ['operator', 'admin'];

type Requester = Pick<RequestFacts, 'ip' | 'userAgent'>;

interface OpsLogin {
  email: string;
  password: string;
  /** Empty when none was typed. */
  code: string;
}

/** What a browser brings along, and what it gets in its place. */
interface Presented {
  sessionToken: string | null;
  deviceToken: string | null;
}
interface Opened {
  sessionToken: string;
  deviceToken: string;
}

/**
 * Logs an operator or admin in at the operators' pages and returns the tokens of the session and of the device. What session the browser had
 * ends: none outlives a login, and no token that somebody planted in the browser becomes one.
 *
 * @throws AppError INVALID_CREDENTIALS, also when a code is wanted and missing; LOGIN_DELAYED; FORBIDDEN without such a role; MFA_REQUIRED
 * when the role is in force only with a second factor.
 */
export async function logInToOps(
  deps: IdentityDeps,
  { email, password, code }: OpsLogin,
  presented: Presented,
  request: Requester,
): Promise<Opened> {
  const deviceToken = presented.deviceToken ?? undefined;
  const user = await checkCredentials(deps, { email, password, deviceToken }, request);
  const begin = (tx: Database, owner: SessionOwnerRow, proof: Proof) =>
    beginSession(deps, tx, { owner, proof, presented }, request);
  if (code !== '' && (await hasSecondFactor(deps.db, user.id))) {
    return withSecondFactor(deps, user, { code, deviceToken }, request, (tx, owner) =>
      begin(tx, owner, { secondFactor: true }),
    );
  }
  return deps.db.transaction(async (tx) => {
    const owner = await lockProvedUser(tx, user);
    if (await hasSecondFactor(tx, user.id)) throw new AppError('INVALID_CREDENTIALS', 'The code is missing.');
    return begin(tx, owner, { secondFactor: false });
  });
}

async function beginSession(
  { assurance }: IdentityDeps,
  tx: Database,
  { owner, proof, presented }: { owner: SessionOwnerRow; proof: Proof; presented: Presented },
  request: Requester,
): Promise<Opened> {
  opsRolesOf(owner, proof, assurance);
  await endPresented(tx, presented.sessionToken, 'replaced by a login');
  const { token } = await openSession(tx, {
    userId: owner.id,
    kind: 'ops',
    lifetimeSeconds: OPS_SESSION_SECONDS,
    request,
    secondFactor: proof.secondFactor,
  });
  const deviceToken = await rememberDevice(tx, owner.id, presented.deviceToken ?? undefined);
  await recordAudit(tx, request, { action: 'ops.login', actorId: owner.id });
  return { sessionToken: token, deviceToken };
}

/** Ends the session of this token, if there is one. */
export async function logOutOfOps(
  { db }: Pick<IdentityDeps, 'db'>,
  presentedToken: string | null,
  request: Requester,
): Promise<void> {
  await db.transaction(async (tx) => {
    const userId = await endPresented(tx, presentedToken, 'logout');
    if (userId !== null) await recordAudit(tx, request, { action: 'ops.logout', actorId: userId });
  });
}

async function endPresented(tx: Database, token: string | null, reason: string): Promise<string | null> {
  if (token === null) return null;
  const session = await touchOpsSession(tx, hashOpaqueToken(token), OPS_SESSION_IDLE_SECONDS);
  if (session === null) return null;
  await revokeSession(tx, session.sessionId, reason);
  return session.userId;
}

/** `use`: somebody did something. `watch`: their page asked by itself whether there is news, which keeps no session from being idle. */
export type OpsVisit = 'use' | 'watch';

const SESSION_OF: Record<OpsVisit, typeof touchOpsSession> = { use: touchOpsSession, watch: findOpsSession };

/**
 * Whose session this token is of, with the roles that are in force in it; null when there is none.
 *
 * @throws AppError FORBIDDEN or MFA_REQUIRED, as at the login: the role may have gone since, or need more by now.
 */
export async function findOpsActor(
  { db, assurance }: Pick<IdentityDeps, 'db' | 'assurance'>,
  token: string | null,
  visit: OpsVisit,
): Promise<Actor | null> {
  if (token === null) return null;
  const session = await SESSION_OF[visit](db, hashOpaqueToken(token), OPS_SESSION_IDLE_SECONDS);
  const user = session === null ? null : await findUser(db, session.userId);
  if (session === null || user === null) return null;
  const { sessionId, authenticatedAt, secondFactor } = session;
  return { id: user.id, roles: opsRolesOf(user, session, assurance), sessionId, authenticatedAt, secondFactor };
}

/** The roles that are in force, with one for these pages among them. */
function opsRolesOf({ roles }: Pick<UserRow, 'roles'>, { secondFactor }: Proof, assurance: Assurance): readonly Role[] {
  const isOpsRole = (role: Role): boolean => OPS_ROLES.includes(role);
  if (!roles.some(isOpsRole)) throw new AppError('FORBIDDEN', 'This needs one of the roles: operator, admin.');
  const inForce = rolesInForce({ roles, secondFactor }, assurance);
  if (inForce.some(isOpsRole)) return inForce;
  throw new AppError(
    'MFA_REQUIRED',
    'Your role needs a second factor. Set one up first: POST /api/v1/auth/mfa/setup, then log in here with its code.',
  );
}
