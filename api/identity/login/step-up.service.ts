import type { z } from 'zod';
import type { AccessAnswer, StepUpRequest } from '../../../shared/contracts/mfa.contract.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { AppError } from '../../../shared/errors.ts';
import { hasSecondFactor } from '../../../shared/identity/mfa.repository.ts';
import { renewSessionProof } from '../../../shared/identity/session-proof.repository.ts';
import type { SessionOwnerRow } from '../../../shared/identity/session.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { issueAccessToken, sessionOver, type Proof } from '../sessions/access-answer.ts';
import { confirmPassword } from './credentials.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { withSecondFactor } from '../second-factor/second-factor.service.ts';
import { lockProvedUser } from '../sessions/session.service.ts';

/**
 * Proves once more who speaks in this session: by password and, where there is one, by second factor. Answers with an access token that
 * dangerous actions take for a while.
 *
 * @throws AppError INVALID_CREDENTIALS, LOGIN_DELAYED; VALIDATION_FAILED when a code is wanted and missing; UNAUTHENTICATED when the session
 * is over.
 */
export async function stepUp(
  deps: IdentityDeps,
  actor: Actor,
  { password, code }: z.output<typeof StepUpRequest>,
  request: RequestFacts,
): Promise<AccessAnswer> {
  const wantsCode = await hasSecondFactor(deps.db, actor.id);
  if (wantsCode && code === undefined) throw codeMissing();
  return auditFailure(deps, actor, request, async () => {
    const user = await confirmPassword(deps, actor, password, request);
    const renew = (tx: Database, owner: SessionOwnerRow, secondFactor: boolean) =>
      renewProof(deps, tx, { owner, sessionId: actor.sessionId, proof: { secondFactor } }, request);
    if (code !== undefined && wantsCode) {
      return withSecondFactor(deps, user, { code }, request, (tx, owner) => renew(tx, owner, true));
    }
    return deps.db.transaction(async (tx) => {
      const owner = await lockProvedUser(tx, user);
      if (await hasSecondFactor(tx, user.id)) throw codeMissing();
      return renew(tx, owner, false);
    });
  });
}

async function renewProof(
  { accessTokens }: Pick<IdentityDeps, 'accessTokens'>,
  tx: Database,
  { owner, sessionId, proof }: { owner: SessionOwnerRow; sessionId: string; proof: Proof },
  request: RequestFacts,
): Promise<AccessAnswer> {
  const authenticatedAt = await renewSessionProof(tx, { sessionId, userId: owner.id }, proof);
  if (authenticatedAt === null) throw sessionOver();
  const answer = await issueAccessToken(accessTokens, owner, { sessionId, authenticatedAt, ...proof });
  await recordAudit(tx, request, { action: 'step_up.succeeded', actorId: owner.id });
  return answer;
}

async function auditFailure<Result>(
  { db }: Pick<IdentityDeps, 'db'>,
  actor: Actor,
  request: RequestFacts,
  prove: () => Promise<Result>,
): Promise<Result> {
  try {
    return await prove();
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_CREDENTIALS') {
      await recordAudit(db, request, { action: 'step_up.failed', actorId: actor.id });
    }
    throw error;
  }
}

const codeMissing = (): AppError =>
  new AppError('VALIDATION_FAILED', 'This account has a second factor; send its code too.', {
    errors: [{ path: 'code', message: 'is required' }],
  });
