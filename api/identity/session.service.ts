import { createHash, randomBytes } from 'node:crypto';
import type { AuthAnswer, UserView } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { AppError } from '../../shared/errors.ts';
import {
  consumeSessionToken,
  insertSession,
  insertSessionToken,
  lockPresentedToken,
  revokeSession,
  type SessionKind,
} from '../../shared/identity/session.repository.ts';
import { findUser, type UserRow } from '../../shared/identity/user.repository.ts';
import type { RequestFacts } from '../http/define-route.ts';
import type { IdentityDeps } from './identity-deps.ts';

type SessionDeps = Pick<IdentityDeps, 'db' | 'accessTokens' | 'refreshLifetimeSeconds' | 'metrics'>;

/** How its user proved who they are when a session began. */
export interface Proof {
  secondFactor: boolean;
}

/** Opaque tokens carry 256 random bits and are stored as SHA-256: a stolen table logs nobody in. */
function newOpaqueToken(): string {
  return randomBytes(32).toString('base64url');
}

export function hashOpaqueToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Opens a session and returns its first token. */
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
  return { sessionId, token };
}

/** Opens an API session for a user who has just proved who they are. */
export async function startApiSession(
  deps: SessionDeps,
  tx: Database,
  user: UserRow,
  request: RequestFacts,
  proof: Proof,
): Promise<AuthAnswer> {
  const { sessionId, token } = await openSession(tx, {
    userId: user.id,
    kind: 'api',
    lifetimeSeconds: deps.refreshLifetimeSeconds,
    request,
    secondFactor: proof.secondFactor,
  });
  return answerTokens(deps, user, { id: sessionId, authenticatedAt: nowSeconds(), ...proof }, token);
}

/**
 * Exchanges a refresh token for new tokens. A token works once; a second use means that it was copied,
 * so the whole family ends, for the thief and for the owner.
 *
 * @throws AppError UNAUTHENTICATED when the token is unknown, used or ended.
 */
export async function refreshSession(deps: SessionDeps, refreshToken: string): Promise<AuthAnswer> {
  const tokenHash = hashOpaqueToken(refreshToken);
  const answer = await deps.db.transaction(async (tx) => {
    const presented = await lockPresentedToken(tx, 'api', tokenHash);
    if (presented === null || presented.ended) return 'refresh_rejected';
    if (presented.consumed) {
      await revokeSession(tx, presented.session_id, 'refresh token reused');
      return 'refresh_reused';
    }
    const user = await findUser(tx, presented.user_id);
    if (user === null) return 'refresh_rejected';
    const next = newOpaqueToken();
    await consumeSessionToken(tx, tokenHash);
    await insertSessionToken(tx, presented.session_id, hashOpaqueToken(next));
    return answerTokens(
      deps,
      user,
      {
        id: presented.session_id,
        authenticatedAt: presented.authenticated_at,
        secondFactor: presented.second_factor,
      },
      next,
    );
  });
  if (typeof answer === 'string') {
    deps.metrics.attempt(answer);
    throw new AppError('UNAUTHENTICATED', 'The refresh token is not valid any more; log in again.');
  }
  deps.metrics.attempt('refreshed');
  return answer;
}

/** Ends a session: none of its refresh tokens works any more. */
export async function endSession(deps: Pick<SessionDeps, 'db'>, sessionId: string): Promise<void> {
  await revokeSession(deps.db, sessionId, 'logout');
}

async function answerTokens(
  deps: SessionDeps,
  user: UserRow,
  session: Proof & { id: string; authenticatedAt: number },
  refreshToken: string,
): Promise<AuthAnswer> {
  const { id: sessionId, authenticatedAt, secondFactor } = session;
  const actor = { id: user.id, roles: user.roles, sessionId, authenticatedAt, secondFactor };
  const accessToken = await deps.accessTokens.sign(actor);
  return {
    user: toUserView(user),
    accessToken,
    expiresIn: deps.accessTokens.lifetimeSeconds,
    refreshToken,
    token: accessToken,
  };
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export function toUserView({ id, email, name, roles }: UserRow): UserView {
  return { id, email, name, roles };
}
