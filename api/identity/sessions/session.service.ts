import type { AuthAnswer, UserView } from '../../../shared/contracts/auth.contract.ts';
import type { SessionList } from '../../../shared/contracts/session.contract.ts';
import { newId } from '../../../shared/db/id.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { accountGone, AppError, notFound } from '../../../shared/errors.ts';
import { deleteMfaChallenges } from '../../../shared/identity/mfa.repository.ts';
import { hashOpaqueToken, newOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import {
  insertSession,
  insertSessionToken,
  listLiveSessions,
  lockSessionOwner,
  revokeSession,
  revokeSessionsBeyond,
  revokeSessionsOf,
  type SessionKind,
  type SessionOwnerRow,
  type SessionRow,
} from '../../../shared/identity/session.repository.ts';
import { lockUserAgainstSessions } from '../../../shared/identity/session-proof.repository.ts';
import type { UserRow } from '../../../shared/identity/user.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { issueAccessToken, type Proof } from './access-answer.ts';

/** Of each kind. Nobody has so many devices; without a bound, a stolen password could fill the table and the list of revocations. */
const MAX_LIVE_SESSIONS = 50;
/** All that there can be: those of both kinds. */
const MAX_LISTED = 2 * MAX_LIVE_SESSIONS;

/** Opens a session and returns its first token. It is always a new one: no session or token that a client brings along is adopted. */
export async function openSession(
  tx: Database,
  session: {
    userId: string;
    kind: SessionKind;
    lifetimeSeconds: number;
    request: Pick<RequestFacts, 'ip' | 'userAgent'>;
    secondFactor: boolean;
  },
): Promise<{ sessionId: string; token: string }> {
  const sessionId = newId();
  const token = newOpaqueToken();
  const { ip, userAgent } = session.request;
  await insertSession(tx, {
    id: sessionId,
    userId: session.userId,
    kind: session.kind,
    ip,
    userAgent,
    lifetimeSeconds: session.lifetimeSeconds,
    secondFactor: session.secondFactor,
  });
  await insertSessionToken(tx, sessionId, hashOpaqueToken(token));
  await revokeSessionsBeyond(tx, session.userId, session.kind, MAX_LIVE_SESSIONS);
  return { sessionId, token };
}

/**
 * Locks a user whose password was verified as `user` has it: it and the roles stay as they are until the transaction ends. To be called
 * before anything begins with that proof: a login that was under way while the password was changed would outlive the end of all sessions.
 *
 * @throws AppError INVALID_CREDENTIALS when the password was changed meanwhile; UNAUTHENTICATED when the account is gone.
 */
export async function lockProvedUser(tx: Database, user: UserRow): Promise<SessionOwnerRow> {
  const owner = await lockSessionOwner(tx, user.id);
  if (owner === null) throw accountGone();
  // The same password hashed anew is no change.
  if (owner.password_hash !== user.password_hash && owner.password_is_new) {
    throw new AppError('INVALID_CREDENTIALS', 'The email address or the password is wrong.');
  }
  return owner;
}

/** Opens an API session for a user who has just proved who they are and is locked since: see `lockProvedUser`. */
export async function startApiSession(
  deps: Pick<IdentityDeps, 'accessTokens' | 'refreshLifetimeSeconds'>,
  tx: Database,
  owner: SessionOwnerRow,
  request: RequestFacts,
  proof: Proof,
): Promise<AuthAnswer> {
  const { sessionId, token } = await openSession(tx, {
    userId: owner.id,
    kind: 'api',
    lifetimeSeconds: deps.refreshLifetimeSeconds,
    request,
    secondFactor: proof.secondFactor,
  });
  const authenticatedAt = Math.floor(owner.now_ms / 1000);
  return answerTokens(deps, owner, { sessionId, authenticatedAt, ...proof }, token);
}

/** The tokens of a session whose owner is locked: they say what is true until the transaction ends, and from when on it is. */
export async function answerTokens(
  { accessTokens }: Pick<IdentityDeps, 'accessTokens'>,
  owner: SessionOwnerRow,
  session: Proof & { sessionId: string; authenticatedAt: number },
  refreshToken: string,
): Promise<AuthAnswer> {
  return { user: toUserView(owner), refreshToken, ...(await issueAccessToken(accessTokens, owner, session)) };
}

type EndingDeps = Pick<IdentityDeps, 'db' | 'revocations'>;

/** Ends the session that asks. What it was given works nowhere any more: here at once, in other processes within a second or two. */
export async function logout(deps: EndingDeps, actor: Actor, request: RequestFacts): Promise<void> {
  await endSession(deps, actor, actor.sessionId, 'logout', request);
}

/** Ends one of the actor's own sessions. @throws AppError NOT_FOUND for somebody else's and for one that is over. */
export async function endOwnSession(
  deps: EndingDeps,
  actor: Actor,
  sessionId: string,
  request: RequestFacts,
): Promise<void> {
  const ended = await endSession(deps, actor, sessionId, 'ended by its owner', request);
  if (!ended) throw notFound('session');
}

async function endSession(
  { db, revocations }: EndingDeps,
  actor: Actor,
  sessionId: string,
  reason: string,
  request: RequestFacts,
): Promise<boolean> {
  const ended = await db.transaction(async (tx) => {
    if (!(await revokeSession(tx, sessionId, reason, { userId: actor.id }))) return false;
    await recordAudit(tx, request, {
      action: 'session.revoked',
      actorId: actor.id,
      target: sessionId,
      details: { reason },
    });
    return true;
  });
  await revocations.catchUp();
  return ended;
}

/** Ends every session of the actor, this one too, of the API and of the operators' pages, and every login that waits for its code. */
export async function logoutEverywhere(
  { db, revocations }: EndingDeps,
  actor: Actor,
  request: RequestFacts,
): Promise<void> {
  await db.transaction(async (tx) => {
    // A login or a refresh under way is waited for, so that it does not begin something that is left out here.
    await lockUserAgainstSessions(tx, actor.id);
    if ((await lockSessionOwner(tx, actor.id)) === null) throw accountGone();
    const sessions = await revokeSessionsOf(tx, actor.id, 'logout everywhere');
    await deleteMfaChallenges(tx, actor.id);
    await recordAudit(tx, request, { action: 'session.all_revoked', actorId: actor.id, details: { sessions } });
  });
  await revocations.catchUp();
}

/** The actor's own sessions that are in force, those used last first. */
export async function listOwnSessions({ db }: Pick<IdentityDeps, 'db'>, actor: Actor): Promise<SessionList> {
  const rows = await listLiveSessions(db, actor.id, MAX_LISTED);
  return { items: rows.map((row) => toSessionView(row, actor)) };
}

function toSessionView(row: SessionRow, actor: Actor): SessionList['items'][number] {
  return {
    id: row.id,
    kind: row.kind,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    ip: row.ip,
    userAgent: row.user_agent,
    secondFactor: row.second_factor,
    current: row.id === actor.sessionId,
  };
}

function toUserView({ id, email, name, roles }: Pick<UserRow, 'id' | 'email' | 'name' | 'roles'>): UserView {
  return { id, email, name, roles };
}
