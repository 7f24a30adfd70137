import type { MfaActivated, MfaSetup, RecoveryCodes } from '../../../shared/contracts/mfa.contract.ts';
import type { Database } from '../../../shared/db/pool.ts';
import { accountGone, AppError } from '../../../shared/errors.ts';
import {
  deleteSecondFactor,
  hasSecondFactor,
  lockMfaSecret,
  lockMfaSetup,
  putMfaSecret,
  putMfaSetup,
  replaceRecoveryCodes,
} from '../../../shared/identity/mfa.repository.ts';
import type { MailDetails } from '../../../shared/mail/mail-template.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import {
  lockLiveSession,
  lockUserAgainstSessions,
  setSessionFactor,
  type OwnSession,
} from '../../../shared/identity/session-proof.repository.ts';
import {
  lockSessionOwner,
  revokeSessionsOf,
  type SessionOwnerRow,
} from '../../../shared/identity/session.repository.ts';
import type { OutboxRow } from '../../../shared/queues/outbox.repository.ts';
import type { Actor, RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import { issueAccessToken, sessionOver, type Proof } from '../sessions/access-answer.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { readCode, requireDispensable } from './mfa.policy.ts';
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts';
import { guardSecondFactor } from '../guard/second-factor-guard.ts';
import { describeTotp, matchTotp, newTotpSecret } from './totp.ts';

type MfaDeps = Pick<
  IdentityDeps,
  'db' | 'dispatcher' | 'accessTokens' | 'revocations' | 'sealer' | 'assurance' | 'guard' | 'metrics'
>;

/** How long somebody may take from seeing the secret to showing a code. */
const SETUP_LIFETIME_SECONDS = 1800;

/**
 * Hands out the secret of a first authenticator app. Nothing changes until `activateMfa`.
 *
 * @throws AppError MFA_ACTIVE when there is a second factor; SERVICE_UNAVAILABLE without a key for secrets.
 */
export const setUpMfa = (deps: MfaDeps, actor: Actor, request: RequestFacts): Promise<MfaSetup> =>
  beginSetup(deps, actor, request, (isActive) => {
    if (isActive) throw alreadyActive();
  });

/**
 * Hands out the secret of another authenticator app. The one in use stays until `activateMfa`.
 *
 * @throws AppError MFA_INACTIVE when there is none; SERVICE_UNAVAILABLE without a key for secrets.
 */
export const replaceMfa = (deps: MfaDeps, actor: Actor, request: RequestFacts): Promise<MfaSetup> =>
  beginSetup(deps, actor, request, (isActive) => {
    if (!isActive) throw notActive();
  });

async function beginSetup(
  deps: MfaDeps,
  actor: Actor,
  request: RequestFacts,
  requireState: (isActive: boolean) => void,
): Promise<MfaSetup> {
  return deps.db.transaction(async (tx) => {
    const owner = await lockOwner(tx, actor);
    requireState(await hasSecondFactor(tx, owner.id));
    const secret = newTotpSecret();
    await putMfaSetup(tx, sessionOf(actor), deps.sealer.seal(secret, owner.id));
    await recordAudit(tx, request, { action: 'mfa.setup_started', actorId: owner.id });
    return describeTotp(secret, owner.email);
  });
}

/**
 * Takes a new authenticator app into use once it has shown a right code. It is the second factor of this session from now on; all others end.
 *
 * @throws AppError INVALID_CREDENTIALS for a wrong code; LOGIN_DELAYED after several; MFA_INACTIVE or MFA_ACTIVE when no setup waits for one
 * in this session.
 */
export async function activateMfa(
  deps: MfaDeps,
  actor: Actor,
  code: string,
  request: RequestFacts,
): Promise<MfaActivated> {
  let activated: Activated | undefined;
  const verify = async (): Promise<boolean> => {
    activated = await deps.db.transaction((tx) => activate(deps, tx, actor, code, request));
    return activated !== undefined;
  };
  // Of the session, where alone this setup can be finished: what is guessed here keeps the user from no login.
  await guardSecondFactor(deps, { userId: actor.id, sessionId: actor.sessionId }, verify, request);
  if (activated === undefined) {
    await recordAudit(deps.db, request, { action: 'mfa.failed', actorId: actor.id });
    throw new AppError('INVALID_CREDENTIALS', 'The code is not the one that the app should show.');
  }
  await deps.revocations.catchUp();
  deps.dispatcher.send(activated.mail);
  return activated.answer;
}

interface Activated {
  answer: MfaActivated;
  mail: OutboxRow;
}

async function activate(
  { sealer, accessTokens }: MfaDeps,
  tx: Database,
  actor: Actor,
  code: string,
  request: RequestFacts,
): Promise<Activated | undefined> {
  const owner = await lockOwner(tx, actor);
  const sealed = await lockMfaSetup(tx, sessionOf(actor), SETUP_LIFETIME_SECONDS);
  if (sealed === null) throw (await hasSecondFactor(tx, owner.id)) ? alreadyActive() : notActive();
  const { secret } = sealer.open(sealed, owner.id);
  const presented = readCode(code);
  const usedStep = presented?.kind === 'totp' ? matchTotp(secret, presented.code, Date.now()) : null;
  if (usedStep === null) return undefined;
  await putMfaSecret(tx, { userId: owner.id, secretEncrypted: sealer.seal(secret, owner.id), usedStep });
  const recoveryCodes = await giveRecoveryCodes(tx, owner.id, secret);
  const proof = { secondFactor: true };
  const authenticatedAt = await keepOnlySession(tx, actor, owner, { ...proof, reason: 'second factor activated' });
  const { sessionId } = actor;
  const access = await issueAccessToken(accessTokens, owner, { sessionId, authenticatedAt, ...proof });
  const mail = await tellChange(tx, owner, 'activated');
  await recordAudit(tx, request, { action: 'mfa.activated', actorId: owner.id });
  return { answer: { recoveryCodes, ...access }, mail };
}

/** Gives ten new recovery codes; those before work no longer. @throws AppError MFA_INACTIVE without a second factor. */
export async function renewRecoveryCodes(deps: MfaDeps, actor: Actor, request: RequestFacts): Promise<RecoveryCodes> {
  const { recoveryCodes, mail } = await deps.db.transaction(async (tx) => {
    const owner = await lockOwner(tx, actor);
    const sealed = await lockMfaSecret(tx, owner.id);
    if (sealed === null) throw notActive();
    const codes = await giveRecoveryCodes(tx, owner.id, deps.sealer.open(sealed, owner.id).secret);
    const told = await tellChange(tx, owner, 'recovery_codes_replaced');
    await recordAudit(tx, request, { action: 'mfa.recovery_codes_replaced', actorId: owner.id });
    return { recoveryCodes: codes, mail: told };
  });
  deps.dispatcher.send(mail);
  return { recoveryCodes };
}

/**
 * Removes the second factor. All other sessions end.
 *
 * @throws AppError MFA_INACTIVE when there is none; MFA_REQUIRED when a role of the user is in force only with one.
 */
export async function disableMfa(deps: MfaDeps, actor: Actor, request: RequestFacts): Promise<void> {
  const mail = await deps.db.transaction(async (tx) => {
    const owner = await lockOwner(tx, actor);
    requireDispensable(owner.roles, deps.assurance);
    if (!(await deleteSecondFactor(tx, owner.id))) throw notActive();
    await keepOnlySession(tx, actor, owner, { secondFactor: false, reason: 'second factor disabled' });
    const told = await tellChange(tx, owner, 'disabled');
    await recordAudit(tx, request, { action: 'mfa.disabled', actorId: owner.id });
    return told;
  });
  await deps.revocations.catchUp();
  deps.dispatcher.send(mail);
}

/**
 * The caller's account, which nobody logs in to until the transaction is over.
 *
 * @throws AppError UNAUTHENTICATED when the account is gone, or the session ended while the account was waited for.
 */
async function lockOwner(tx: Database, actor: Actor): Promise<SessionOwnerRow> {
  await lockUserAgainstSessions(tx, actor.id);
  const owner = await lockSessionOwner(tx, actor.id);
  if (owner === null) throw accountGone();
  if (!(await lockLiveSession(tx, sessionOf(actor)))) throw sessionOver();
  return owner;
}

const sessionOf = ({ id, sessionId }: Actor): OwnSession => ({ userId: id, sessionId });

/** Notes in the caller's session whether a second factor stands behind it now, and ends all others. Returns when its last proof was. */
async function keepOnlySession(
  tx: Database,
  { sessionId }: Actor,
  owner: SessionOwnerRow,
  { reason, ...proof }: Proof & { reason: string },
): Promise<number> {
  const authenticatedAt = await setSessionFactor(tx, { sessionId, userId: owner.id }, proof);
  if (authenticatedAt === null) throw sessionOver();
  await revokeSessionsOf(tx, owner.id, reason, sessionId);
  return authenticatedAt;
}

async function giveRecoveryCodes(tx: Database, userId: string, totpSecret: Buffer): Promise<string[]> {
  const codes = newRecoveryCodes();
  const hashes = codes.map((code) => hashRecoveryCode(totpSecret, code));
  await replaceRecoveryCodes(tx, userId, hashes);
  return codes;
}

const tellChange = (
  tx: Database,
  { id, email }: SessionOwnerRow,
  change: MailDetails<'mfa_changed'>['change'],
): Promise<OutboxRow> =>
  requestMail(tx, { template: 'mfa_changed', recipient: email, userId: id, details: { change } });

const alreadyActive = (): AppError =>
  new AppError(
    'MFA_ACTIVE',
    'There is a second factor already. To use another authenticator app, call POST /api/v1/auth/mfa/replace.',
  );

const notActive = (): AppError =>
  new AppError(
    'MFA_INACTIVE',
    'There is no second factor, nor a setup to finish; begin with POST /api/v1/auth/mfa/setup.',
  );
