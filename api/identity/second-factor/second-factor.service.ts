import type { Database } from '../../../shared/db/pool.ts';
import { AppError } from '../../../shared/errors.ts';
import {
  lockMfaSecret,
  resealMfaSecret,
  useRecoveryCode,
  useTotpStep,
} from '../../../shared/identity/mfa.repository.ts';
import { requestMail } from '../../../shared/mail/request-mail.ts';
import type { SessionOwnerRow } from '../../../shared/identity/session.repository.ts';
import type { UserRow } from '../../../shared/identity/user.repository.ts';
import type { OutboxRow } from '../../../shared/queues/outbox.repository.ts';
import type { RequestFacts } from '../../http/define-route.ts';
import { recordAudit } from '../../http/record-audit.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { readCode, type SecondFactorKind } from './mfa.policy.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import { findKnownDevice } from '../guard/known-device.ts';
import { guardSecondFactor } from '../guard/second-factor-guard.ts';
import type { SecretSealer } from './sealed-secret.ts';
import { lockProvedUser } from '../sessions/session.service.ts';
import { matchTotp } from './totp.ts';

export type SecondFactorDeps = Pick<IdentityDeps, 'db' | 'dispatcher' | 'guard' | 'sealer' | 'metrics'>;

interface PresentedCode {
  code: string;
  /** What a login gave earlier: on a known device wrong codes are counted of it, and those that others show do not matter. */
  deviceToken?: string | undefined;
}

/**
 * Does what `then` does if this is a code of the user's second factor, in the transaction that uses the code up: the code is spent if and
 * only if it was good for something. Who guesses codes has to wait longer and longer, whatever the codes are guessed for.
 *
 * @throws AppError INVALID_CREDENTIALS for a wrong or used code, and where there is no second factor; LOGIN_DELAYED after several.
 */
export async function withSecondFactor<Result>(
  deps: SecondFactorDeps,
  user: UserRow,
  { code, deviceToken }: PresentedCode,
  request: Pick<RequestFacts, 'ip'>,
  then: (tx: Database, owner: SessionOwnerRow) => Promise<Result>,
): Promise<Result> {
  let done: { result: Result; mail: OutboxRow | null } | undefined;
  const verify = async (): Promise<boolean> => {
    done = await deps.db.transaction(async (tx) => {
      const owner = await lockProvedUser(tx, user);
      const kind = await useCode(tx, deps.sealer, user.id, code);
      if (kind === null) return undefined;
      const mail = kind === 'recovery_code' ? await tellRecoveryCodeUsed(tx, user) : null;
      const result = await then(tx, owner);
      if (kind === 'recovery_code')
        await recordAudit(tx, request, { action: 'mfa.recovery_code_used', actorId: user.id });
      return { result, mail };
    });
    return done !== undefined;
  };
  const device = await findKnownDevice(deps.db, user.email, deviceToken);
  await guardSecondFactor(deps, { userId: user.id, device }, verify, request);
  if (done === undefined) {
    deps.metrics.attempt('invalid_code');
    await recordAudit(deps.db, request, { action: 'mfa.failed', actorId: user.id });
    throw new AppError('INVALID_CREDENTIALS', 'The code is wrong, or was used before.');
  }
  if (done.mail !== null) deps.dispatcher.send(done.mail);
  return done.result;
}

/** Uses up a code of either kind; null when it is none of this user's. */
async function useCode(
  tx: Database,
  sealer: SecretSealer,
  userId: string,
  text: string,
): Promise<SecondFactorKind | null> {
  const presented = readCode(text);
  const sealed = presented === null ? null : await lockMfaSecret(tx, userId);
  if (presented === null || sealed === null) return null;
  const { secret, isStale } = sealer.open(sealed, userId);
  if (isStale) await resealMfaSecret(tx, userId, sealer.seal(secret, userId));
  const used =
    presented.kind === 'totp'
      ? await useTotp(tx, userId, matchTotp(secret, presented.code, Date.now()))
      : await useRecoveryCode(tx, userId, hashRecoveryCode(secret, presented.code));
  return used ? presented.kind : null;
}

const useTotp = async (tx: Database, userId: string, step: number | null): Promise<boolean> =>
  step !== null && (await useTotpStep(tx, userId, step));

const tellRecoveryCodeUsed = (tx: Database, { id, email }: UserRow): Promise<OutboxRow> =>
  requestMail(tx, {
    template: 'mfa_changed',
    recipient: email,
    userId: id,
    details: { change: 'recovery_code_used' },
  });
