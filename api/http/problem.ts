import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Problem } from '../../shared/contracts/common.contract.ts';
import { isDatabaseUnavailable } from '../../shared/db/database-errors.ts';
import { AppError, ERROR_STATUS, type ErrorCode, type FieldProblem } from '../../shared/errors.ts';
import { requestId } from './request-context.ts';

const PROBLEM_BASE = 'https://learnify.dev/problems/';
const UNAVAILABLE_RETRY_SECONDS = 2;

/** RFC 9457 problem details of an error. */
export function problemOf(error: AppError, id: string): Problem {
  return {
    type: PROBLEM_BASE + error.code.toLowerCase().replaceAll('_', '-'),
    title: titleOf(error.code),
    status: ERROR_STATUS[error.code],
    code: error.code,
    detail: error.message,
    requestId: id,
    ...(error.errors.length > 0 ? { errors: [...error.errors] } : {}),
  };
}

export function sendProblem(response: Response, error: AppError): void {
  const problem = problemOf(error, requestId());
  const { status } = problem;
  if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(error.retryAfterSeconds));
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  response.setHeader('Cache-Control', 'no-store');
  response.status(status).type('application/problem+json').send(JSON.stringify(problem));
}

function titleOf(code: ErrorCode): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const answerNotFound: RequestHandler = (request, response) => {
  sendProblem(response, new AppError('NOT_FOUND', `There is nothing at ${request.method} ${clip(request.path)}.`));
};

/** The last middleware: every error becomes an answer; those that nobody foresaw are logged with their stack and never shown. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    if (response.headersSent) {
      // Half an answer cannot become a problem. Cutting it off tells the client that something is missing.
      log.error({ err: error }, 'answer broken off');
      response.destroy();
      return;
    }
    const answer = toAppError(error);
    if (ERROR_STATUS[answer.code] >= 500) {
      const level = answer.code === 'SERVICE_UNAVAILABLE' ? 'warn' : 'error';
      log[level]({ err: error, error_code: answer.code }, 'request failed');
    }
    sendProblem(response, answer);
  };
}

/** What body-parser and Express report of a request they cannot read, by the `type` of their errors. */
const BODY_ERRORS: Record<string, AppError> = {
  'entity.parse.failed': new AppError('MALFORMED_JSON', 'The request body is not valid JSON.'),
  'entity.too.large': new AppError('PAYLOAD_TOO_LARGE', 'The request body is larger than this endpoint accepts.'),
  'encoding.unsupported': new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The content encoding of the request body is not supported.',
  ),
  'charset.unsupported': new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The character set of the request body is not supported.',
  ),
  'request.aborted': new AppError('BAD_REQUEST', 'The request ended before its body was complete.'),
  'request.size.invalid': new AppError('BAD_REQUEST', 'The request body does not have the announced length.'),
};

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isDatabaseUnavailable(error)) {
    return new AppError('SERVICE_UNAVAILABLE', 'The service is temporarily unavailable. Please try again shortly.', {
      retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS,
      cause: error,
    });
  }
  if (error instanceof Error) {
    const { type, status } = error as Error & { type?: string; status?: number };
    const known = type === undefined ? undefined : BODY_ERRORS[type];
    if (known !== undefined) return known;
    const isClientError = status !== undefined && status >= 400 && status < 500;
    if (error instanceof URIError || isClientError) return new AppError('BAD_REQUEST', 'The request cannot be read.');
  }
  return new AppError(
    'INTERNAL',
    'Something went wrong on our side. Please try again; if it persists, tell us the requestId.',
  );
}

/** As much as a person can use. A body can be wrong in thousands of places, and an answer must not cost more than what it refuses. */
const MAX_LISTED_ERRORS = 50;

/** Turns what a schema found into one answer that lists all of it or, of very much, the beginning. */
export function validationError({ issues }: z.ZodError): AppError {
  const errors = issues.slice(0, MAX_LISTED_ERRORS).flatMap(fieldProblems).slice(0, MAX_LISTED_ERRORS);
  const found = issues.reduce(
    (count, issue) => count + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
    0,
  );
  const see = found > errors.length ? `see errors; there are ${found - errors.length} more` : 'see errors';
  const tooLarge = issues.some((issue) => issue.code === 'custom' && issue.params?.['tooLarge'] === true);
  return tooLarge
    ? new AppError('PAYLOAD_TOO_LARGE', 'A field is larger than this endpoint accepts.', { errors })
    : new AppError('VALIDATION_FAILED', `The request is not valid; ${see}.`, { errors });
}

function fieldProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: joinPath(issue.path), message: describe(issue) }];
  return issue.keys
    .slice(0, MAX_LISTED_ERRORS)
    .map((key) => ({ path: joinPath([...issue.path, key]), message: 'is not a known field' }));
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined') ? 'is required' : issue.message;
}

const joinPath = (path: readonly PropertyKey[]): string => clip(path.map(String).join('.'));

/** Client-sent text in an answer or a log line stays short. */
const clip = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
