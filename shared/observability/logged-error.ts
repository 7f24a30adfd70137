import { stdSerializers } from 'pino';

/** What of an error is logged. */
export interface LoggedError {
  type: string;
  message: string;
  /** Those of its causes as well. */
  stack: string;
  /** Such as `ECONNREFUSED`, an SQLSTATE, or one of ours. */
  code?: string | number;
  /** Of an AggregateError. */
  errors?: unknown[];
}

/**
 * An error as it is logged: what it is and where it came from, and nothing that a library has hung on it. Those are the places where secrets
 * lie: Redis' client adds the refused command, password and all, PostgreSQL's its connection and the row that broke a rule, slonik the values.
 */
export function loggedError(error: unknown): unknown {
  if (!isErrorLike(error)) return error;
  const { type, message, stack } = stdSerializers.err(error as Error);
  const logged: LoggedError = { type, message, stack };
  if (typeof error.code === 'string' || typeof error.code === 'number') logged.code = error.code;
  if (Array.isArray(error.errors)) logged.errors = error.errors.map(loggedError);
  return logged;
}

/** As pino tells: errors of another realm are no instances of ours. */
function isErrorLike(error: unknown): error is { message: string; code?: unknown; errors?: unknown } {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
