import type { z } from 'zod';
import type { DeleteAccountAnswer, DeleteAccountRequest } from '../../../shared/contracts/account.contract.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { AppError } from '../../../shared/errors.ts';
import { closeAccount, deleteCorrespondence } from '../../../shared/identity/erasure.repository.ts';
import { deleteDevicesOf } from '../../../shared/identity/known-device.repository.ts';
import { deleteSecondFactor } from '../../../shared/identity/mfa.repository.ts';
import { requestErasure } from '../../../shared/identity/request-erasure.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import { revokeUserTokens } from '../../../shared/identity/revocation.repository.ts';
import { lockAdmins } from '../../../shared/identity/role.repository.ts';
import { revokeSessionsOf } from '../../../shared/identity/session.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { confirmPassword } from '../login/credentials.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';

/**
 * Closes the actor's account at once and has what belongs to it erased (ADR 14). Wrong passwords are counted like failed logins.
 *
 * @throws AppError INVALID_CREDENTIALS; LOGIN_DELAYED after too many wrong ones; UNAUTHENTICATED when the account is gone; CONFLICT for the
 * last admin, and when the password was changed in this very moment.
 */
export async function deleteOwnAccount(
  deps: IdentityDeps,
  actor: Actor,
  { password }: z.output<typeof DeleteAccountRequest>,
  request: RequestFacts,
): Promise<DeleteAccountAnswer> {
  const user = await confirmPassword(deps, actor, password, request);
  const jobs = await deps.db.transaction(async (tx) => {
    await requireAnotherAdmin(tx, user.id);
    if (!(await closeAccount(tx, user)))
      throw new AppError('CONFLICT', 'The password was changed elsewhere in this moment.');
    await revokeSessionsOf(tx, user.id, 'account erased');
    await revokeUserTokens(tx, user.id, 'ended');
    await deleteSecondFactor(tx, user.id);
    await deleteDevicesOf(tx, user.id);
    await deleteCorrespondence(tx, user.id, user.email);
    // Of nobody's: it has to outlive the account that it is about.
    const farewell = await requestMail(tx, { template: 'account_erased', recipient: user.email, userId: null });
    const erasure = await requestErasure(tx, user.id);
    await recordAudit(tx, request, { action: 'account.erasure_requested', actorId: user.id });
    return [farewell, erasure];
  });
  await deps.revocations.catchUp();
  for (const job of jobs) deps.dispatcher.send(job);
  return { status: 'erasing' };
}

async function requireAnotherAdmin(tx: Database, userId: string): Promise<void> {
  // What the roles were before the lock does not count: they may have been given or taken in this moment.
  const admins = await lockAdmins(tx);
  if (!admins.includes(userId) || admins.length > 1) return;
  throw new AppError('CONFLICT', 'You are the last admin; make somebody else one first.');
}
