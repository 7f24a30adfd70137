import { z } from 'zod';
import { AuthAnswer, RefreshRequest } from '../../../shared/contracts/auth.contract.ts';
import { SessionList } from '../../../shared/contracts/session.contract.ts';
import { Id } from '../../../shared/db/id.ts';
import { defineRoute, type Route } from '../../http/define-route.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { refreshSession } from './refresh.service.ts';
import { endOwnSession, listOwnSessions, logout, logoutEverywhere } from './session.service.ts';

const tag = 'Sessions';

export const sessionRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/refresh',
    summary:
      'Exchange a refresh token for new tokens; each works once, and for a few seconds again if the answer got lost',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    errors: ['UNAUTHENTICATED'],
    body: RefreshRequest,
    response: AuthAnswer,
    handler: ({ body, request }) => refreshSession(deps, body.refreshToken, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/logout',
    summary: 'End this session',
    tag,
    policy: 'authenticated',
    rate: 'revocation',
    cache: 'no-store',
    handler: ({ actor, request }) => logout(deps, actor, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/logout-all',
    summary: 'End all sessions of this account, this one too',
    tag,
    policy: 'authenticated',
    rate: 'revocation',
    cache: 'no-store',
    handler: ({ actor, request }) => logoutEverywhere(deps, actor, request),
  }),
  defineRoute({
    method: 'get',
    path: '/auth/sessions',
    summary: 'My sessions that are in force, those used last first',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    response: SessionList,
    handler: ({ actor }) => listOwnSessions(deps, actor),
  }),
  defineRoute({
    method: 'delete',
    path: '/auth/sessions/:id',
    summary: 'End one of my sessions',
    tag,
    policy: 'authenticated',
    rate: 'revocation',
    cache: 'no-store',
    params: z.object({ id: Id }),
    handler: ({ actor, params, request }) => endOwnSession(deps, actor, params.id, request),
  }),
];
