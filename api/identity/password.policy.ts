import { AppError } from '../../shared/errors.ts';

const MIN_TELLING_LENGTH = 4;

/**
 * A new password must not be built from what everybody knows of its owner, nor be one repeated sign.
 *
 * @throws AppError VALIDATION_FAILED.
 */
export function requireGoodPassword(password: string, owner: { email: string; name: string }): void {
  const problem = findProblem(password.toLowerCase(), owner);
  if (problem !== null) {
    throw new AppError('VALIDATION_FAILED', 'The password is too easy to guess.', {
      errors: [{ path: 'password', message: problem }],
    });
  }
}

function findProblem(password: string, owner: { email: string; name: string }): string | null {
  const [mailbox = ''] = owner.email.toLowerCase().split('@');
  const known = [mailbox, ...owner.name.toLowerCase().split(/\s+/)].filter((word) => word.length >= MIN_TELLING_LENGTH);
  if (known.some((word) => password.includes(word))) return 'must not contain your email address or name';
  if (new Set(password).size < 5) return 'must have at least 5 different characters';
  return null;
}
