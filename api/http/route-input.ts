import type { Request, Response } from 'express';
import type { z } from 'zod';
import { CleanText } from '../../shared/contracts/common.contract.ts';
import { AppError, notFound } from '../../shared/errors.ts';
import { copyTester } from './conditional-requests.ts';
import type { HandlerInput, Policy, RequestFacts, Route } from './define-route.ts';
import { routeLocals } from './log-requests.ts';
import { validationError } from './problem.ts';

const IdempotencyKey = CleanText.min(1).max(200);
const MAX_EVENT_ID_LENGTH = 200;

/**
 * What the handler of a route gets of a request. `signal` says when nobody waits for the answer any more.
 *
 * @throws AppError NOT_FOUND for a malformed id in the path; VALIDATION_FAILED or PAYLOAD_TOO_LARGE for the rest.
 */
export function readInput(
  route: Route,
  request: Request,
  response: Response,
  signal: AbortSignal,
): HandlerInput<Policy, never, never, never> {
  const params = route.params?.safeParse(request.params);
  if (params?.success === false) throw notFound(route.tag.toLowerCase().replace(/s$/, ''));
  return {
    actor: routeLocals(response).actor ?? null,
    params: params?.data as never,
    query: parse(route.query, { ...request.query }) as never,
    body: parse(route.body, request.body) as never,
    request: factsOf(route, request, signal),
  };
}

function parse(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationError(parsed.error);
  return parsed.data;
}

function factsOf(route: Route, request: Request, signal: AbortSignal): RequestFacts {
  const sent = route.idempotent ? request.get('idempotency-key') : undefined;
  if (sent !== undefined && !IdempotencyKey.safeParse(sent).success) {
    throw new AppError('VALIDATION_FAILED', 'The Idempotency-Key header must have 1 to 200 characters.');
  }
  return {
    ip: request.ip ?? null,
    userAgent: request.get('user-agent')?.slice(0, 300) ?? null,
    idempotencyKey: sent ?? null,
    lastEventId: request.get('last-event-id')?.slice(0, MAX_EVENT_ID_LENGTH) ?? null,
    signal,
    hasCopyOf: copyTester(request, (answer) => route.response?.parse(answer)),
  };
}
