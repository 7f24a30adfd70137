import { AuthAnswer, RefreshRequest } from '../../shared/contracts/auth.contract.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { endSession, refreshSession } from './session.service.ts';

const tag = 'Identity';

export const sessionRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/refresh',
    summary: 'Exchange a refresh token for new tokens; each works once',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    body: RefreshRequest,
    response: AuthAnswer,
    handler: ({ body }) => refreshSession(deps, body.refreshToken),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/logout',
    summary: 'End this session',
    tag,
    policy: 'authenticated',
    rate: 'write',
    cache: 'no-store',
    handler: ({ actor }) => endSession(deps, actor.sessionId),
  }),
];
