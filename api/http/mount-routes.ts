import { Router, type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../../shared/errors.ts';
import { authorise, type Assurance } from './assurance.ts';
import type { NoteDenial } from './audit-denials.ts';
import type { Authenticator } from './authentication.ts';
import type { RateClass, Route } from './define-route.ts';
import { jsonBody } from './json-body.ts';
import { routeLocals } from './log-requests.ts';
import { readInput } from './route-input.ts';
import { sendResult } from './send-result.ts';

export interface MountDeps {
  authenticator: Authenticator;
  assurance: Assurance;
  limiters: Record<RateClass, readonly RequestHandler[]>;
  noteDenial: NoteDenial;
}

const DEFAULT_BODY_LIMIT_KB = 100;
/** Few bodies have ten; wrong ones must not keep a process busy. */
const DEFAULT_BODY_LIMIT_VALUES = 2000;

/** Serves the declared routes below `base`. A known path with another method answers 405. */
export function mountRoutes(base: string, routes: readonly Route[], deps: MountDeps): Router {
  const router = Router({ caseSensitive: true });
  for (const [path, atPath] of Map.groupBy(routes.flatMap(withAliases), (mounted) => mounted.path)) {
    for (const { route } of atPath) router[route.method](path, ...handlersOf(route, base + route.path, deps));
    router.all(path, ...deps.limiters.read, refuseMethod(atPath.map(({ route }) => route.method.toUpperCase())));
  }
  return router;
}

const withAliases = (route: Route): { path: string; route: Route }[] =>
  [route.path, ...(route.aliases ?? [])].map((path) => ({ path, route }));

/**
 * Whether the body tells who somebody is, as at a login or a refresh. A token that comes along is not looked at there: clients attach theirs
 * everywhere, and one that has expired or was revoked must not keep its owner from getting another.
 */
const takesProof = ({ policy, rate }: Route): boolean => policy === 'public' && (rate === 'auth' || rate === 'mail');

function handlersOf(route: Route, pattern: string, deps: MountDeps): RequestHandler[] {
  return [
    identifyCaller(route, pattern, deps),
    ...deps.limiters[route.rate],
    // After the limiters, so that guessing tokens is counted too.
    refuseCaller(route, pattern, deps),
    ...bodyParsersOf(route),
    answer(route, pattern, deps),
  ];
}

/** Notes who calls, and why they may not if so. */
function identifyCaller(route: Route, pattern: string, { authenticator, assurance }: MountDeps): RequestHandler {
  return async (request, response, next) => {
    const locals = routeLocals(response);
    locals.pattern = pattern;
    try {
      const actor = takesProof(route) ? null : await authenticator.identify(request, route.policy);
      locals.actor = actor;
      if (actor !== null) locals.actor = authorise(actor, route, assurance);
    } catch (error) {
      locals.refusal = error;
    }
    next();
  };
}

function refuseCaller(route: Route, pattern: string, { noteDenial }: MountDeps): RequestHandler {
  return async (request, response, next) => {
    const { actor, refusal } = routeLocals(response);
    if (actor && refusal !== undefined) await noteDenial(route, pattern, actor, refusal, request.ip ?? null);
    next(refusal);
  };
}

function answer(route: Route, pattern: string, { authenticator }: MountDeps): RequestHandler {
  return async (request, response) => {
    const ending = untilClosed(response);
    const input = readInput(route, request, response, ending.signal);
    const waits = route.waits?.(input.query) === true;
    if (waits) routeLocals(response).pattern = `${pattern}?wait`;
    const serve = async (): Promise<void> => {
      const result = await route.handler(input);
      if (ending.signal.reason instanceof AppError) throw ending.signal.reason;
      await sendResult(route, response, result, ending.signal);
    };
    if (waits || route.events !== undefined || route.filename !== undefined) {
      await whileAdmitted(authenticator, request, ending, serve);
    } else {
      await serve();
    }
  };
}

/** What takes its time must not outlive the right to it: it ends with the access token that it was asked for with. */
async function whileAdmitted(
  authenticator: Authenticator,
  request: Request,
  ending: AbortController,
  serve: () => Promise<void>,
): Promise<void> {
  const unwatch = await authenticator.watch(request, (refusal) => {
    ending.abort(refusal);
  });
  try {
    await serve();
  } finally {
    unwatch();
  }
}

function bodyParsersOf({
  body,
  bodyLimitKb = DEFAULT_BODY_LIMIT_KB,
  bodyLimitValues = DEFAULT_BODY_LIMIT_VALUES,
}: Route): RequestHandler[] {
  return body === undefined ? [] : jsonBody({ bytes: bodyLimitKb * 1024, values: bodyLimitValues });
}

/** One for all requests: making one, with its stack, costs a twentieth of a small read. */
const NOBODY_WAITS = new DOMException('Nobody waits for the answer any more.', 'AbortError');

function untilClosed(response: Response): AbortController {
  const closed = new AbortController();
  if (response.destroyed) closed.abort(NOBODY_WAITS);
  else response.once('close', () => closed.abort(NOBODY_WAITS));
  return closed;
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  const allowed = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : [])])].join(', ');
  return (request, response) => {
    response.setHeader('Allow', allowed);
    throw new AppError('METHOD_NOT_ALLOWED', `${request.method} is not possible here; allowed: ${allowed}.`);
  };
}
