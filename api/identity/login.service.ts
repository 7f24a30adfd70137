import type { z } from 'zod';
import type { AuthAnswer, LoginRequest } from '../../shared/contracts/auth.contract.ts';
import type { RequestFacts } from '../http/define-route.ts';
import { recordAudit } from '../http/record-audit.ts';
import { checkCredentials } from './credentials.service.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { startApiSession } from './session.service.ts';

/** @throws AppError INVALID_CREDENTIALS, the same for an unknown account and a wrong password. */
export async function login(
  deps: IdentityDeps,
  body: z.output<typeof LoginRequest>,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const user = await checkCredentials(deps, body, request);
  return deps.db.transaction(async (tx) => {
    const answer = await startApiSession(deps, tx, user, request, { secondFactor: false });
    await recordAudit(tx, request, { action: 'login.succeeded', actorId: user.id });
    return answer;
  });
}
