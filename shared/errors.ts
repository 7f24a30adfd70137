/** Every error a client can meet, by its stable code, with the HTTP status it is answered with. */
export const ERROR_STATUS = {
  MALFORMED_JSON: 400,
  BAD_REQUEST: 400,
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  INVALID_CREDENTIALS: 401,
  FORBIDDEN: 403,
  MFA_REQUIRED: 403,
  STEP_UP_REQUIRED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  CONFLICT: 409,
  EMAIL_TAKEN: 409,
  MODULE_LOCKED: 409,
  MFA_ACTIVE: 409,
  MFA_INACTIVE: 409,
  LINK_INVALID: 410,
  PAYLOAD_TOO_LARGE: 413,
  URI_TOO_LONG: 414,
  UNSUPPORTED_MEDIA_TYPE: 415,
  VALIDATION_FAILED: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  LOGIN_DELAYED: 429,
  TOO_MANY_IN_FLIGHT: 429,
  TOO_MANY_STREAMS: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;
export type ErrorCode = keyof typeof ERROR_STATUS;

/** One thing that is wrong with a request: where (`body.code`, `query.limit`), and what. */
export interface FieldProblem {
  path: string;
  message: string;
}

interface AppErrorOptions {
  errors?: readonly FieldProblem[];
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** An error that is an answer: it has a stable code and a detail that is safe to show to whoever asked. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldProblem[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** For a token that outlived its account. */
export function accountGone(cause?: unknown): AppError {
  return new AppError('UNAUTHENTICATED', 'This account does not exist any more.', { cause });
}

/** For what is absent and for what belongs to somebody else: the two must not be told apart. */
export function notFound(noun: string): AppError {
  return new AppError('NOT_FOUND', `There is no such ${noun}.`);
}
