import type { z } from 'zod';
import type { AuthAnswer, LoginRequest } from '../../../shared/contracts/auth.contract.ts';
import type { LoginAnswer, MfaVerifyRequest } from '../../../shared/contracts/mfa.contract.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { AppError } from '../../../shared/errors.ts';
import {
  findMfaChallenge,
  hasSecondFactor,
  insertMfaChallenge,
  takeMfaChallenge,
} from '../../../shared/identity/mfa.repository.ts';
import { hashOpaqueToken, newOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import type { SessionOwnerRow } from '../../../shared/identity/session.repository.ts';
import { findUser } from '../../../shared/identity/user.repository.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { checkCredentials } from './credentials.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { rememberDevice } from './known-devices.ts';
import { withSecondFactor } from '../second-factor/second-factor.service.ts';
import type { Proof } from '../sessions/access-answer.ts';
import { lockProvedUser, startApiSession } from '../sessions/session.service.ts';

/** From the right password to the code. */
const CHALLENGE_LIFETIME_SECONDS = 300;

/**
 * Answers with tokens or, where the account has a second factor, with what its code is to be sent with.
 *
 * @throws AppError INVALID_CREDENTIALS, the same for an unknown account and a wrong password; LOGIN_DELAYED.
 */
export async function login(
  deps: IdentityDeps,
  body: z.output<typeof LoginRequest>,
  request: RequestFacts,
): Promise<LoginAnswer> {
  const user = await checkCredentials(deps, body, request);
  return deps.db.transaction(async (tx) => {
    const owner = await lockProvedUser(tx, user);
    if (!(await hasSecondFactor(tx, user.id))) {
      return beginSession(deps, tx, { owner, proof: { secondFactor: false }, deviceToken: body.deviceToken }, request);
    }
    const mfaToken = newOpaqueToken();
    const tokenHash = hashOpaqueToken(mfaToken);
    await insertMfaChallenge(tx, { tokenHash, userId: user.id, lifetimeSeconds: CHALLENGE_LIFETIME_SECONDS });
    // Where nothing follows, somebody knows the password and has no code.
    await recordAudit(tx, request, { action: 'login.second_factor_wanted', actorId: user.id });
    return { mfaRequired: true, mfaToken };
  });
}

/**
 * The second half of a login: the code of the second factor.
 *
 * @throws AppError INVALID_CREDENTIALS for a wrong code; LOGIN_DELAYED after several; UNAUTHENTICATED when the login has to begin anew.
 */
export async function finishLogin(
  deps: IdentityDeps,
  { mfaToken, code, deviceToken }: z.output<typeof MfaVerifyRequest>,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const tokenHash = hashOpaqueToken(mfaToken);
  const userId = await findMfaChallenge(deps.db, tokenHash);
  const user = userId === null ? null : await findUser(deps.db, userId);
  if (user === null) throw challengeOver();
  return withSecondFactor(deps, user, { code, deviceToken }, request, async (tx, owner) => {
    if (!(await takeMfaChallenge(tx, tokenHash))) throw challengeOver();
    return beginSession(deps, tx, { owner, proof: { secondFactor: true }, deviceToken }, request);
  });
}

async function beginSession(
  deps: IdentityDeps,
  tx: Database,
  { owner, proof, deviceToken }: { owner: SessionOwnerRow; proof: Proof; deviceToken: string | undefined },
  request: RequestFacts,
): Promise<AuthAnswer> {
  const answer = await startApiSession(deps, tx, owner, request, proof);
  const device = await rememberDevice(tx, owner.id, deviceToken);
  await recordAudit(tx, request, { action: 'login.succeeded', actorId: owner.id });
  return { ...answer, deviceToken: device };
}

const challengeOver = (): AppError =>
  new AppError('UNAUTHENTICATED', 'This login has expired or was finished; begin again with POST /api/v1/auth/login.');
