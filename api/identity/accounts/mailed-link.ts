import { AppError } from '../../../shared/errors.ts';

/** How long the links in mails work, in seconds; the mails say so. That of a password reset is the worker's, who alone may know of an account. */
export const LINK_LIFETIME_SECONDS = 86_400;

/** For a token that was mailed: unknown, used, taken back and expired ones must not be told apart. */
export function linkInvalid(): AppError {
  return new AppError('LINK_INVALID', 'This link is not valid any more. Please ask for another one.');
}
