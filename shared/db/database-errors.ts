import {
  BackendTerminatedError,
  BackendTerminatedUnexpectedlyError,
  ConnectionError,
  ForeignKeyIntegrityConstraintViolationError,
  StatementTimeoutError,
  UniqueIntegrityConstraintViolationError,
} from 'slonik';

/**
 * SQLSTATE classes that say "not now": connection trouble, shutting or starting up, too many connections; and a login that is refused,
 * which in a running process is a password that is being rotated.
 */
const UNAVAILABLE_SQLSTATE = /^(08...|57P0[1-5]|53...|28...)$/;
const UNAVAILABLE_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
]);

/** Whether an error means that the database cannot be used just now, so that trying again later is right. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (
    error instanceof ConnectionError ||
    error instanceof BackendTerminatedError ||
    error instanceof BackendTerminatedUnexpectedlyError ||
    error instanceof StatementTimeoutError
  ) {
    return true;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && (UNAVAILABLE_SYSTEM_CODES.has(code) || UNAVAILABLE_SQLSTATE.test(code))) return true;
  if (/timeout exceeded when trying to connect|Connection terminated|Query read timeout/i.test(error.message))
    return true;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  return isDatabaseUnavailable(error.cause);
}

/** Whether the database does not take our role or password. At a start that is a mistake, which waiting does not mend. */
export function isLoginRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^28...$/.test((error as NodeJS.ErrnoException).code ?? '') || isLoginRefused(error.cause);
}

/** Whether the named unique constraint was violated. */
export function violatesUnique(error: unknown, constraint: string): boolean {
  return error instanceof UniqueIntegrityConstraintViolationError && error.constraint === constraint;
}

/** Whether the row that the named foreign key refers to does not exist. */
export function violatesForeignKey(error: unknown, constraint: string): boolean {
  return error instanceof ForeignKeyIntegrityConstraintViolationError && error.constraint === constraint;
}
