import type { z } from 'zod';
import type { ChangePasswordRequest } from '../../../shared/contracts/account.contract.ts';
import { AppError } from '../../../shared/errors.ts';
import { cancelAccountRequests } from '../../../shared/identity/account-request.repository.ts';
import { deleteDevicesOf } from '../../../shared/identity/known-device.repository.ts';
import { deleteMfaChallenges } from '../../../shared/identity/mfa.repository.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import { revokeSessionsOf } from '../../../shared/identity/session.repository.ts';
import { changePassword as replacePassword } from '../../../shared/identity/user.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { confirmPassword } from '../login/credentials.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { requireGoodPassword } from './password.policy.ts';

/**
 * Sets another password and ends all other sessions: whoever knew the old one is out. A login begun with it is not finished any more, and no
 * device is known: this one is again once it was logged in on. Wrong current passwords are counted like failed logins.
 *
 * @throws AppError INVALID_CREDENTIALS; LOGIN_DELAYED after too many wrong ones; VALIDATION_FAILED for a guessable new one; CONFLICT when
 * it was changed in this very moment.
 */
export async function changePassword(
  deps: IdentityDeps,
  actor: Actor,
  { currentPassword, newPassword }: z.output<typeof ChangePasswordRequest>,
  request: RequestFacts,
): Promise<void> {
  const user = await confirmPassword(deps, actor, currentPassword, request);
  if (newPassword === currentPassword) {
    throw new AppError('VALIDATION_FAILED', 'The new password is the one you have.', {
      errors: [{ path: 'newPassword', message: 'must be another than the current password' }],
    });
  }
  await requireGoodPassword(deps, newPassword, user, 'newPassword');
  const newHash = await deps.passwords.hash(newPassword);
  const mail = await deps.db.transaction(async (tx) => {
    if (!(await replacePassword(tx, user, newHash))) {
      throw new AppError('CONFLICT', 'The password was changed elsewhere in this moment.');
    }
    await cancelAccountRequests(tx, user.id, 'reset_password');
    await revokeSessionsOf(tx, user.id, 'password changed', actor.sessionId);
    await deleteMfaChallenges(tx, user.id);
    await deleteDevicesOf(tx, user.id);
    const notice = await requestMail(tx, { template: 'password_changed', recipient: user.email, userId: user.id });
    await recordAudit(tx, request, { action: 'password.changed', actorId: user.id });
    return notice;
  });
  await deps.revocations.catchUp();
  deps.dispatcher.send(mail);
}
