import type { z } from 'zod';
import type { AuthAnswer, RegisterRequest, UserView } from '../../shared/contracts/auth.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { accountGone } from '../../shared/errors.ts';
import { findUser, insertUser, type UserRow } from '../../shared/identity/user.repository.ts';
import type { Actor, RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { requireGoodPassword } from './password.policy.ts';
import { startApiSession, toUserView } from './session.service.ts';

/** @throws AppError EMAIL_TAKEN, or VALIDATION_FAILED for a guessable password. */
export async function register(
  deps: IdentityDeps,
  body: z.output<typeof RegisterRequest>,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const name = body.name ?? body.username ?? '';
  requireGoodPassword(body.password, { email: body.email, name });
  const user: UserRow = {
    id: newId(),
    email: body.email,
    name,
    password_hash: await deps.passwords.hash(body.password),
    roles: ['learner'],
    email_verified_at: null,
  };
  const answer = await deps.db.transaction(async (tx) => {
    await insertUser(tx, user);
    const session = await startApiSession(deps, tx, user, request, { secondFactor: false });
    await recordAudit(tx, request, { action: 'account.registered', actorId: user.id });
    return session;
  });
  deps.metrics.registered();
  return answer;
}

/** @throws AppError UNAUTHENTICATED when the account is gone. */
export async function getOwnUser(deps: Pick<IdentityDeps, 'db'>, actor: Actor): Promise<UserView> {
  const user = await findUser(deps.db, actor.id);
  if (user === null) throw accountGone();
  return toUserView(user);
}
