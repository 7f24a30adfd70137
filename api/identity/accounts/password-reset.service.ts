import type { z } from 'zod';
import type {
  ForgotPasswordAnswer,
  ForgotPasswordRequest,
  ResetPasswordRequest,
} from '../../../shared/contracts/account.contract.ts';
import type { Database } from '../../../shared/db/pool.ts';
import {
  cancelAccountRequests,
  findAccountRequest,
  takeAccountRequest,
} from '../../../shared/identity/account-request.repository.ts';
import { hashOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import { deleteDevicesOf } from '../../../shared/identity/known-device.repository.ts';
import { deleteMfaChallenges, deleteSecondFactor } from '../../../shared/identity/mfa.repository.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import { revokeSessionsOf } from '../../../shared/identity/session.repository.ts';
import { findUser, resetPassword as setPassword, type UserRow } from '../../../shared/identity/user.repository.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { accountKeyOf, describeAccount, forgetFailures } from '../guard/login-guard.ts';
import { linkInvalid } from './mailed-link.ts';
import { requireGoodPassword } from './password.policy.ts';

/**
 * Takes note that somebody wants a link for an address. Whether it has an account is not even looked up here: the worker that sends the mail
 * does, so that neither the answer nor its time can tell.
 */
export async function forgotPassword(
  deps: Pick<IdentityDeps, 'db' | 'dispatcher'>,
  { email }: z.output<typeof ForgotPasswordRequest>,
  request: RequestFacts,
): Promise<ForgotPasswordAnswer> {
  const mail = await deps.db.transaction(async (tx) => {
    const row = await requestMail(tx, { template: 'reset_password', recipient: email, userId: null });
    await recordAudit(tx, request, {
      action: 'password.reset_requested',
      actorId: null,
      details: describeAccount(accountKeyOf(email)),
    });
    return row;
  });
  deps.dispatcher.send(mail);
  return { status: 'sent_if_known' };
}

/**
 * Sets the password of the account whose mailbox got the link. All its sessions end, no device is known any more, and its login delays are
 * forgotten, but not those of its second factor; a login with the new password, and with the second factor where there is one, comes next.
 * A password that is refused does not use the link up.
 *
 * While nobody had proved the mailbox, whoever opened the account may have been anybody: then their second factor and their name go as well.
 *
 * @throws AppError LINK_INVALID; VALIDATION_FAILED for a guessable password.
 */
export async function resetPassword(
  deps: IdentityDeps,
  { token, newPassword }: z.output<typeof ResetPasswordRequest>,
  request: RequestFacts,
): Promise<void> {
  const tokenHash = hashOpaqueToken(token);
  const user = await findOwnerOfLink(deps.db, tokenHash);
  await requireGoodPassword(deps, newPassword, user, 'newPassword');
  const newHash = await deps.passwords.hash(newPassword);
  const mail = await deps.db.transaction(async (tx) => {
    // The user first, as a password change locks them.
    if (!(await setPassword(tx, user.id, newHash))) throw linkInvalid();
    if ((await takeAccountRequest(tx, 'reset_password', tokenHash)) === null) throw linkInvalid();
    await cancelAccountRequests(tx, user.id, 'reset_password');
    await cancelAccountRequests(tx, user.id, 'verify_email');
    await revokeSessionsOf(tx, user.id, 'password reset');
    await deleteMfaChallenges(tx, user.id);
    await deleteDevicesOf(tx, user.id);
    await forgetFailures(tx, user.email);
    if (user.email_verified_at === null) await deleteSecondFactor(tx, user.id);
    const notice = await requestMail(tx, { template: 'password_changed', recipient: user.email, userId: user.id });
    await recordAudit(tx, request, { action: 'password.reset', actorId: user.id });
    return notice;
  });
  await deps.revocations.catchUp();
  deps.dispatcher.send(mail);
}

async function findOwnerOfLink(db: Database, tokenHash: Buffer): Promise<UserRow> {
  const asked = await findAccountRequest(db, 'reset_password', tokenHash);
  if (asked === null || asked.user_id === null) throw linkInvalid();
  const user = await findUser(db, asked.user_id);
  if (user === null) throw linkInvalid();
  return user;
}
