import { parseCookie, stringifySetCookie } from 'cookie';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../../shared/errors.ts';
import { DEVICE_LIFETIME_DAYS } from '../../shared/identity/known-device.repository.ts';
import { routeLocals } from '../http/log-requests.ts';
import type { IdentityDeps } from '../identity/identity-deps.ts';
import { findOpsActor, OPS_SESSION_SECONDS, type OpsVisit } from './ops-login.service.ts';

/** A cookie that no script reads and no other site sends; in production only TLS carries it. */
interface OpsCookie {
  /** The token that the browser presents; null without one. */
  read: (request: Request) => string | null;
  write: (response: Response, token: string) => void;
  clear: (response: Response) => void;
}

export interface OpsCookies {
  /** What a browser session lives in. */
  session: OpsCookie;
  /** By what the browser is known at its next login, so that wrong guesses elsewhere do not delay it. It opens nothing. */
  device: OpsCookie;
}

/** With `overTls` their names begin with `__Secure-`: then browsers do not take such a cookie from a page without TLS. */
export function createOpsCookies({ overTls }: { overTls: boolean }): OpsCookies {
  const cookie = (name: string, path: string, lifetimeSeconds: number): OpsCookie => {
    const prefixed = overTls ? `__Secure-${name}` : name;
    const attributes = { httpOnly: true, sameSite: 'strict', secure: overTls, path } as const;
    const send = (response: Response, value: string, maxAge: number): void => {
      response.appendHeader('Set-Cookie', stringifySetCookie({ name: prefixed, value, maxAge, ...attributes }));
    };
    return {
      read: (request) => parseCookie(request.get('cookie') ?? '')[prefixed] || null,
      write: (response, token) => {
        send(response, token, lifetimeSeconds);
      },
      clear: (response) => {
        send(response, '', 0);
      },
    };
  };
  return {
    session: cookie('learnify_ops', '/ops', OPS_SESSION_SECONDS),
    device: cookie('learnify_ops_device', '/ops/login', DEVICE_LIFETIME_DAYS * 86_400),
  };
}

/** Lets operators and admins pass who are logged in; a browser is led to the login page, anything else gets 401. */
export function requireOpsSession(
  deps: Pick<IdentityDeps, 'db' | 'assurance'>,
  { session }: OpsCookies,
): RequestHandler {
  return async (request, response, next) => {
    const actor = await findOpsActor(deps, session.read(request), visitOf(request));
    if (actor !== null) {
      routeLocals(response).actor = actor;
      next();
      return;
    }
    if (request.method === 'GET' && request.accepts(['json', 'html']) === 'html') {
      response.redirect(303, '/ops/login');
      return;
    }
    throw new AppError('UNAUTHENTICATED', 'Log in at /ops/login.');
  };
}

/**
 * Every view of the board reads its data again every few seconds for as long as it is open, and nothing about such a request tells that from a
 * click. So only pages and changes are a use.
 */
const visitOf = ({ method, path }: Request): OpsVisit =>
  method === 'GET' && path.startsWith('/api/') ? 'watch' : 'use';

/**
 * Refuses a state-changing request that another site made the browser send. SameSite=Strict does so already;
 * this holds where a browser or a sibling domain would defeat it. What is refused is counted by `limiters`, since it gets to no page that would.
 */
export function requireSameOrigin(limiters: readonly RequestHandler[]): RequestHandler {
  const passOwn: RequestHandler = (request, _response, next) => {
    next(isFromElsewhere(request) ? undefined : 'router');
  };
  const refuse: RequestHandler = () => {
    throw new AppError('FORBIDDEN', 'Requests from other sites are refused.');
  };
  return Router().use(passOwn, ...limiters, refuse);
}

function isFromElsewhere(request: Request): boolean {
  if (['GET', 'HEAD'].includes(request.method)) return false;
  const origin = request.get('origin');
  const site = request.get('sec-fetch-site') ?? 'none';
  const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.get('host'));
  return !isOwn || !['same-origin', 'none'].includes(site);
}
