import type { AuthAnswer } from '../../../shared/contracts/auth.contract.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { AppError } from '../../../shared/errors.ts';
import { hashOpaqueToken, newOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import {
  findPresentedToken,
  lockTokenOwner,
  revokeSession,
  rotateSessionToken,
  type PresentedTokenRow,
  type SessionOwnerRow,
} from '../../../shared/identity/session.repository.ts';
import type { OutboxRow } from '../../../shared/queues/outbox.repository.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { openSuccessor, sealSuccessor } from './sealed-successor.ts';
import { answerTokens } from './session.service.ts';

type RefreshDeps = Pick<
  IdentityDeps,
  'db' | 'dispatcher' | 'accessTokens' | 'revocations' | 'refreshGraceSeconds' | 'metrics'
>;

type Outcome =
  | { result: 'refreshed' | 'refresh_repeated'; answer: AuthAnswer }
  | { result: 'refresh_rejected' }
  | { result: 'refresh_reused'; mail: OutboxRow };

/**
 * Exchanges a refresh token for new tokens. A token works once. For a short grace it gives the same successor again, as long as that was not
 * used: then an answer got lost, or two tabs came at once. Any other second use means that it was copied, so the whole family ends, for the
 * thief and for the owner, who is told.
 *
 * @throws AppError UNAUTHENTICATED when the token is unknown, used or ended.
 */
export async function refreshSession(
  deps: RefreshDeps,
  refreshToken: string,
  request: Pick<RequestFacts, 'ip'>,
): Promise<AuthAnswer> {
  const outcome = await deps.db.transaction((tx) => exchange(deps, tx, refreshToken, request));
  deps.metrics.attempt(outcome.result);
  if ('answer' in outcome) return outcome.answer;
  if (outcome.result === 'refresh_reused') {
    deps.dispatcher.send(outcome.mail);
    await deps.revocations.catchUp();
  }
  throw new AppError('UNAUTHENTICATED', 'The refresh token is not valid any more; log in again.');
}

async function exchange(
  deps: RefreshDeps,
  tx: Database,
  refreshToken: string,
  request: Pick<RequestFacts, 'ip'>,
): Promise<Outcome> {
  const tokenHash = hashOpaqueToken(refreshToken);
  const owner = await lockTokenOwner(tx, tokenHash);
  const presented = owner === null ? null : await findPresentedToken(tx, tokenHash, deps.refreshGraceSeconds);
  if (owner === null || presented === null || presented.ended) return { result: 'refresh_rejected' };
  if (presented.consumed && presented.successor_sealed === null) {
    return { result: 'refresh_reused', mail: await endFamily(tx, owner, presented, request) };
  }
  const successor =
    presented.successor_sealed === null
      ? await rotate(deps, tx, presented, refreshToken)
      : openSuccessor(presented.successor_sealed, refreshToken, presented.session_id);
  const session = {
    sessionId: presented.session_id,
    authenticatedAt: presented.authenticated_at,
    secondFactor: presented.second_factor,
  };
  return {
    result: presented.consumed ? 'refresh_repeated' : 'refreshed',
    answer: await answerTokens(deps, owner, session, successor),
  };
}

async function rotate(
  { refreshGraceSeconds }: RefreshDeps,
  tx: Database,
  { session_id: sessionId }: PresentedTokenRow,
  presentedToken: string,
): Promise<string> {
  const successor = newOpaqueToken();
  await rotateSessionToken(tx, sessionId, hashOpaqueToken(presentedToken), {
    tokenHash: hashOpaqueToken(successor),
    sealed: refreshGraceSeconds === 0 ? null : sealSuccessor(successor, presentedToken, sessionId),
  });
  return successor;
}

async function endFamily(
  tx: Database,
  owner: SessionOwnerRow,
  { session_id: sessionId }: PresentedTokenRow,
  request: Pick<RequestFacts, 'ip'>,
): Promise<OutboxRow> {
  await revokeSession(tx, sessionId, 'refresh token reused');
  const mail = await requestMail(tx, { template: 'refresh_token_reused', recipient: owner.email, userId: owner.id });
  await recordAudit(tx, request, { action: 'session.refresh_token_reused', actorId: owner.id, target: sessionId });
  return mail;
}
