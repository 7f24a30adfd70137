import type { z } from 'zod';
import type { ConfirmRegistrationRequest } from '../../../shared/contracts/account.contract.ts';
import type { AuthAnswer, RegisterAnswer, RegisterRequest } from '../../../shared/contracts/auth.contract.ts';
import { newId } from '../../../shared/db/id.ts';
import type { Database } from '../../../shared/db/pool.ts';
import {
  findAccountRequest,
  insertAccountRequest,
  takeAccountRequest,
} from '../../../shared/identity/account-request.repository.ts';
import { hashOpaqueToken } from '../../../shared/identity/opaque-token.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import { insertUser, type UserRow } from '../../../shared/identity/user.repository.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { requirePassword } from '../login/credentials.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { rememberDevice } from '../login/known-devices.ts';
import { linkInvalid, LINK_LIFETIME_SECONDS } from './mailed-link.ts';
import { requireGoodPassword } from './password.policy.ts';
import { lockProvedUser, startApiSession } from '../sessions/session.service.ts';
import { requestVerification } from './email-verification.service.ts';

interface Registration {
  email: string;
  name: string;
  passwordHash: string;
}

/**
 * Opens an account, or, where addresses are confirmed first (ADR 13), mails a link that does: then the answer and the work for it are the same
 * whether the address is free or taken.
 *
 * @throws AppError EMAIL_TAKEN where the account is opened at once; VALIDATION_FAILED for a guessable password.
 */
export async function register(
  deps: IdentityDeps,
  body: z.output<typeof RegisterRequest>,
  request: RequestFacts,
): Promise<RegisterAnswer> {
  const name = body.name ?? body.username ?? '';
  const { email, password } = body;
  await requireGoodPassword(deps, password, { email, name });
  const registration = { email, name, passwordHash: await deps.passwords.hash(password) };
  return deps.registration === 'direct'
    ? openUnverified(deps, registration, request)
    : askForConfirmation(deps, registration);
}

async function openUnverified(
  deps: IdentityDeps,
  registration: Registration,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const user = newUser(registration, null);
  const opened = await deps.db.transaction(async (tx) => {
    await insertUser(tx, user);
    const mail = await requestVerification(tx, user);
    return { mail, answer: await openFirstSession(deps, tx, user, request) };
  });
  deps.dispatcher.send(opened.mail);
  deps.metrics.registered();
  return opened.answer;
}

async function askForConfirmation(
  deps: IdentityDeps,
  { email, name, passwordHash }: Registration,
): Promise<RegisterAnswer> {
  const accountRequestId = newId();
  const mail = await deps.db.transaction(async (tx) => {
    await insertAccountRequest(tx, {
      id: accountRequestId,
      purpose: 'register',
      userId: null,
      email,
      name,
      passwordHash,
      lifetimeSeconds: LINK_LIFETIME_SECONDS,
    });
    return requestMail(tx, { template: 'confirm_registration', recipient: email, userId: null, accountRequestId });
  });
  deps.dispatcher.send(mail);
  return { status: 'confirmation_required' };
}

/**
 * Opens the account that was asked for, for whoever reads the address's mail and knows the password: a link that somebody else asked for opens
 * no account that they could enter as well.
 *
 * @throws AppError LINK_INVALID; INVALID_CREDENTIALS; LOGIN_DELAYED; EMAIL_TAKEN when the address has got an account since.
 */
export async function confirmRegistration(
  deps: IdentityDeps,
  { token, password }: z.output<typeof ConfirmRegistrationRequest>,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const tokenHash = hashOpaqueToken(token);
  const asked = await findAccountRequest(deps.db, 'register', tokenHash);
  if (asked === null || asked.name === null || asked.password_hash === null) throw linkInvalid();
  const { id, email, name, password_hash } = asked;
  await requirePassword(deps, { id: null, email, password_hash, counted: id }, password, request);
  const user = newUser({ email, name, passwordHash: password_hash }, new Date());
  const answer = await deps.db.transaction(async (tx) => {
    if ((await takeAccountRequest(tx, 'register', tokenHash)) === null) throw linkInvalid();
    await insertUser(tx, user);
    return openFirstSession(deps, tx, user, request);
  });
  deps.metrics.registered();
  return answer;
}

function newUser({ email, name, passwordHash }: Registration, verifiedAt: Date | null): UserRow {
  return {
    id: newId(),
    email,
    name,
    password_hash: passwordHash,
    roles: ['learner'],
    email_verified_at: verifiedAt?.toISOString() ?? null,
  };
}

/** The last step of the transaction that made the account. */
async function openFirstSession(
  deps: IdentityDeps,
  tx: Database,
  user: UserRow,
  request: RequestFacts,
): Promise<AuthAnswer> {
  const owner = await lockProvedUser(tx, user);
  const answer = await startApiSession(deps, tx, owner, request, { secondFactor: false });
  const deviceToken = await rememberDevice(tx, user.id);
  await recordAudit(tx, request, { action: 'account.registered', actorId: user.id });
  return { ...answer, deviceToken };
}
