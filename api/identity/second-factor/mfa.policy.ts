import type { Role } from '../../../shared/contracts/auth.contract.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Assurance } from '../../http/assurance.ts';
import { canonicalCode, RECOVERY_CODE_CHARACTERS } from './recovery-codes.ts';
import { isTotpCode } from './totp.ts';

export type SecondFactorKind = 'totp' | 'recovery_code';

/** What somebody typed where a code is wanted, without spaces and dashes; null when it cannot be any code. */
export function readCode(text: string): { kind: SecondFactorKind; code: string } | null {
  const code = canonicalCode(text);
  if (isTotpCode(code)) return { kind: 'totp', code };
  return code.length === RECOVERY_CODE_CHARACTERS ? { kind: 'recovery_code', code } : null;
}

/** @throws AppError MFA_REQUIRED when one of the user's roles is in force only with a second factor. */
export function requireDispensable(roles: readonly Role[], { rolesWithSecondFactor }: Assurance): void {
  const needing = roles.filter((role) => rolesWithSecondFactor.includes(role));
  if (needing.length === 0) return;
  throw new AppError(
    'MFA_REQUIRED',
    `An account with the role ${needing.join(', ')} keeps a second factor. To use another authenticator app, call POST /api/v1/auth/mfa/replace.`,
  );
}
