import type { z } from 'zod';
import type { VerificationMailAnswer, VerifyEmailRequest } from '../../../shared/contracts/account.contract.ts';
import { newId } from '../../../shared/db/id.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { accountGone, AppError } from '../../../shared/errors.ts';
import {
  cancelAccountRequests,
  findAccountRequest,
  insertAccountRequest,
  takeAccountRequest,
} from '../../../shared/identity/account-request.repository.ts';
import { hashOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import { findUser, verifyEmail as markVerified, type UserRow } from '../../../shared/identity/user.repository.ts';
import type { OutboxRow } from '../../../shared/queues/outbox.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { requirePassword } from '../login/credentials.service.ts';
import { linkInvalid, LINK_LIFETIME_SECONDS } from './mailed-link.ts';

type VerificationDeps = Pick<IdentityDeps, 'db' | 'dispatcher'>;

/** Asks for the mail with the link that verifies an account's address. Links mailed before go on working. */
export async function requestVerification(tx: Database, user: Pick<UserRow, 'id' | 'email'>): Promise<OutboxRow> {
  const accountRequestId = newId();
  await insertAccountRequest(tx, {
    id: accountRequestId,
    purpose: 'verify_email',
    userId: user.id,
    email: user.email,
    lifetimeSeconds: LINK_LIFETIME_SECONDS,
  });
  return requestMail(tx, { template: 'verify_email', recipient: user.email, userId: user.id, accountRequestId });
}

/** Mails another link. @throws AppError CONFLICT when the address is verified already. */
export async function mailVerification(deps: VerificationDeps, actor: Actor): Promise<VerificationMailAnswer> {
  const user = await findUser(deps.db, actor.id);
  if (user === null) throw accountGone();
  if (user.email_verified_at !== null) throw new AppError('CONFLICT', 'This email address is verified already.');
  const mail = await deps.db.transaction((tx) => requestVerification(tx, user));
  deps.dispatcher.send(mail);
  return { status: 'sent' };
}

/**
 * Notes that whoever has the account reads its mail. Both are proved at once: somebody whose address a stranger opened an account with shall
 * not make it look like theirs by a click.
 *
 * @throws AppError LINK_INVALID; INVALID_CREDENTIALS; LOGIN_DELAYED after several wrong passwords.
 */
export async function verifyEmail(
  deps: IdentityDeps,
  { token, password }: z.output<typeof VerifyEmailRequest>,
  request: RequestFacts,
): Promise<void> {
  const tokenHash = hashOpaqueToken(token);
  const asked = await findAccountRequest(deps.db, 'verify_email', tokenHash);
  if (asked === null || asked.user_id === null) throw linkInvalid();
  const user = await findUser(deps.db, asked.user_id);
  if (user === null) throw linkInvalid();
  await requirePassword(deps, { ...user, counted: asked.id }, password, request);
  await deps.db.transaction(async (tx) => {
    // The user first, as everything locks them that takes links back.
    if (!(await markVerified(tx, user.id))) throw linkInvalid();
    if ((await takeAccountRequest(tx, 'verify_email', tokenHash)) === null) throw linkInvalid();
    await cancelAccountRequests(tx, user.id, 'verify_email');
    await recordAudit(tx, request, { action: 'account.email_verified', actorId: user.id });
  });
}
