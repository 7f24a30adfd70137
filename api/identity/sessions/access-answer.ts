import type { AccessAnswer } from '../../../shared/contracts/mfa.contract.ts';
import { AppError } from '../../../shared/errors.ts';
import type { SessionOwnerRow } from '../../../shared/identity/session.repository.ts';
import type { AccessTokens } from './access-token.ts';

/** How the user of a session proved who they are. */
export interface Proof {
  secondFactor: boolean;
}

/**
 * An access token that says what the owner of a session has proved just now. The owner is locked: a change of roles waits, so that a token
 * with old roles is older than their revocation.
 */
export async function issueAccessToken(
  accessTokens: AccessTokens,
  owner: SessionOwnerRow,
  session: Proof & { sessionId: string; authenticatedAt: number },
): Promise<AccessAnswer> {
  const accessToken = await accessTokens.sign({ id: owner.id, roles: owner.roles, ...session }, owner.now_ms);
  return { accessToken, expiresIn: accessTokens.lifetimeSeconds, token: accessToken };
}

/** For an access token that outlived its session. */
export const sessionOver = (): AppError => new AppError('UNAUTHENTICATED', 'This session has ended; log in again.');
