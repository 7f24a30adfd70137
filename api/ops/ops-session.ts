import { parseCookie, stringifySetCookie } from 'cookie';
import type { Request, RequestHandler, Response } from 'express';
import type { DatabasePool } from 'slonik';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import { AppError } from '../../shared/errors.ts';
import { revokeSession, touchOpsSession } from '../../shared/identity/session.repository.ts';
import { findUser, type UserRow } from '../../shared/identity/user.repository.ts';
import { routeLocals } from '../http/log-requests.ts';
import { hashOpaqueToken, openSession } from '../identity/session.service.ts';

const COOKIE = 'learnify_ops';
const PATH = '/ops';
const LIFETIME_SECONDS = 8 * 3600;
const IDLE_SECONDS = 30 * 60;
const OPS_ROLES: readonly Role[] = ['operator', 'admin'];

/** The browser login of operators: an opaque token in a cookie that no script reads and no other site can send. */
export interface OpsSessions {
  /** @throws AppError FORBIDDEN when the user is no operator. */
  open: (user: UserRow, request: Request, response: Response) => Promise<void>;
  close: (request: Request, response: Response) => Promise<void>;
  /** Lets operators and admins pass; a browser is led to the login page, anything else gets 401. */
  require: RequestHandler;
}

export function createOpsSessions(db: DatabasePool, secureCookie: boolean): OpsSessions {
  const attributes = { httpOnly: true, sameSite: 'strict', secure: secureCookie, path: PATH } as const;
  return {
    open: async (user, request, response) => {
      requireOpsRole(user);
      const { token } = await openSession(db, {
        userId: user.id,
        kind: 'ops',
        lifetimeSeconds: LIFETIME_SECONDS,
        request: { ip: request.ip ?? null, userAgent: request.get('user-agent')?.slice(0, 300) ?? null },
        secondFactor: false,
      });
      response.appendHeader(
        'Set-Cookie',
        stringifySetCookie({ name: COOKIE, value: token, maxAge: LIFETIME_SECONDS, ...attributes }),
      );
    },
    close: async (request, response) => {
      const session = await findSession(db, request);
      if (session !== null) await revokeSession(db, session.sessionId, 'logout');
      response.appendHeader('Set-Cookie', stringifySetCookie({ name: COOKIE, value: '', maxAge: 0, ...attributes }));
    },
    require: async (request, response, next) => {
      const session = await findSession(db, request);
      const user = session === null ? null : await findUser(db, session.userId);
      if (session === null || user === null) {
        if (request.method === 'GET' && request.accepts(['json', 'html']) === 'html') {
          response.redirect(303, '/ops/login');
          return;
        }
        throw new AppError('UNAUTHENTICATED', 'Log in at /ops/login.');
      }
      requireOpsRole(user);
      routeLocals(response).actor = {
        id: user.id,
        roles: user.roles,
        sessionId: session.sessionId,
        authenticatedAt: 0,
        secondFactor: false,
      };
      next();
    },
  };
}

function requireOpsRole(user: UserRow): void {
  if (!user.roles.some((role) => OPS_ROLES.includes(role))) {
    throw new AppError('FORBIDDEN', 'This needs one of the roles: operator, admin.');
  }
}

async function findSession(db: DatabasePool, request: Request): Promise<{ sessionId: string; userId: string } | null> {
  const token = parseCookie(request.get('cookie') ?? '')[COOKIE];
  return token === undefined || token === '' ? null : touchOpsSession(db, hashOpaqueToken(token), IDLE_SECONDS);
}

/**
 * Refuses a state-changing request that another site made the browser send. SameSite=Strict does so already;
 * this holds where a browser or a sibling domain would defeat it.
 */
export const requireSameOrigin: RequestHandler = (request, _response, next) => {
  if (['GET', 'HEAD'].includes(request.method)) {
    next();
    return;
  }
  const origin = request.get('origin');
  const site = request.get('sec-fetch-site');
  const sameOrigin = origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.get('host'));
  if (!sameOrigin || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    throw new AppError('FORBIDDEN', 'Requests from other sites are refused.');
  }
  next();
};
