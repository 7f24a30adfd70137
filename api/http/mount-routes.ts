import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { AppError, notFound } from '../../shared/errors.ts';
import { CleanText } from '../../shared/contracts/common.contract.ts';
import type { Authenticator } from './authentication.ts';
import type { CacheClass, HandlerInput, Policy, RateClass, RequestFacts, Route } from './define-route.ts';
import { copyTester } from './conditional-requests.ts';
import { sendEvents } from './event-stream.ts';
import { routeLocals } from './log-requests.ts';
import { validationError } from './problem.ts';

export interface MountDeps {
  authenticator: Authenticator;
  limiters: Record<RateClass, readonly RequestHandler[]>;
}

const DEFAULT_BODY_LIMIT_KB = 100;

const CACHE_CONTROL: Record<CacheClass, string> = {
  'no-store': 'no-store',
  private: 'private, no-cache',
  public: 'public, max-age=60, stale-while-revalidate=300',
};

const IdempotencyKey = CleanText.min(1).max(200);

/** Serves the declared routes below `base`. A known path with another method answers 405. */
export function mountRoutes(base: string, routes: readonly Route[], deps: MountDeps): Router {
  const router = Router({ caseSensitive: true });
  for (const [path, atPath] of Map.groupBy(routes.flatMap(withAliases), (mounted) => mounted.path)) {
    for (const { route } of atPath) router[route.method](path, ...handlersOf(route, base + route.path, deps));
    router.all(path, refuseMethod(atPath.map(({ route }) => route.method.toUpperCase())));
  }
  return router;
}

const withAliases = (route: Route): { path: string; route: Route }[] =>
  [route.path, ...(route.aliases ?? [])].map((path) => ({ path, route }));

function handlersOf(route: Route, pattern: string, { authenticator, limiters }: MountDeps): RequestHandler[] {
  const identify: RequestHandler = async (request, response, next) => {
    const locals = routeLocals(response);
    locals.pattern = pattern;
    try {
      locals.actor = await authenticator.authorize(request, route.policy);
    } catch (error) {
      locals.refusal = error;
    }
    next();
  };
  // After the limiters, so that guessing tokens is counted too.
  const refuse: RequestHandler = (_request, response, next) => {
    next(routeLocals(response).refusal);
  };
  const answer: RequestHandler = async (request, response) => {
    const input = parseInput(route, request, response);
    if (route.waits?.(input.query)) routeLocals(response).pattern = `${pattern}?wait`;
    const result = await route.handler(input);
    if (route.events === undefined) sendAnswer(route, response, result);
    else await sendEvents(route.events, response, result as AsyncIterable<never> | null, input.request.signal);
  };
  return [identify, ...limiters[route.rate], refuse, ...bodyParsersOf(route), answer];
}

function bodyParsersOf(route: Route): RequestHandler[] {
  if (route.body === undefined) return [];
  const requireJson: RequestHandler = (request, _response, next) => {
    if (request.is('application/json') === false) {
      throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    }
    next();
  };
  return [requireJson, express.json({ limit: (route.bodyLimitKb ?? DEFAULT_BODY_LIMIT_KB) * 1024, strict: false })];
}

/** @throws AppError NOT_FOUND for a malformed id in the path; VALIDATION_FAILED or PAYLOAD_TOO_LARGE for the rest. */
function parseInput(route: Route, request: Request, response: Response): HandlerInput<Policy, never, never, never> {
  const params = route.params?.safeParse(request.params);
  if (params?.success === false) throw notFound(route.tag.toLowerCase().replace(/s$/, ''));
  return {
    actor: routeLocals(response).actor ?? null,
    params: params?.data as never,
    query: parse(route.query, { ...request.query }) as never,
    body: parse(route.body, request.body) as never,
    request: factsOf(route, request, response),
  };
}

function parse(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationError(parsed.error);
  return parsed.data;
}

function factsOf(route: Route, request: Request, response: Response): RequestFacts {
  const sent = route.idempotent ? request.get('idempotency-key') : undefined;
  if (sent !== undefined && !IdempotencyKey.safeParse(sent).success) {
    throw new AppError('VALIDATION_FAILED', 'The Idempotency-Key header must have 1 to 200 characters.');
  }
  return {
    ip: request.ip ?? null,
    userAgent: request.get('user-agent')?.slice(0, 300) ?? null,
    idempotencyKey: sent ?? null,
    lastEventId: request.get('last-event-id')?.slice(0, MAX_EVENT_ID_LENGTH) ?? null,
    signal: untilClosed(response),
    hasCopyOf: copyTester(request, (answer) => route.response?.parse(answer)),
  };
}

const MAX_EVENT_ID_LENGTH = 200;

function untilClosed(response: Response): AbortSignal {
  const closed = new AbortController();
  if (response.destroyed) closed.abort();
  else response.once('close', () => closed.abort());
  return closed.signal;
}

function sendAnswer(route: Route, response: Response, result: unknown): void {
  response.setHeader('Cache-Control', CACHE_CONTROL[route.cache]);
  if (route.cache !== 'no-store') response.vary('Authorization');
  if (route.response === undefined) {
    response.status(route.status ?? 204).end();
    return;
  }
  const body: unknown = route.response.parse(result);
  for (const [name, value] of Object.entries(route.headers?.(body as never) ?? {})) response.setHeader(name, value);
  response.status(route.statusOf?.(body as never) ?? route.status ?? 200).json(body);
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  const allowed = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : [])])].join(', ');
  return (request, response) => {
    response.setHeader('Allow', allowed);
    throw new AppError('METHOD_NOT_ALLOWED', `${request.method} is not possible here; allowed: ${allowed}.`);
  };
}
