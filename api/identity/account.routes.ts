import { AuthAnswer, RegisterRequest, UserView } from '../../shared/contracts/auth.contract.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { getOwnUser, register } from './account.service.ts';
import type { IdentityDeps } from './identity-deps.ts';

const tag = 'Identity';

export const accountRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/register',
    summary: 'Open an account',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    status: 201,
    body: RegisterRequest,
    response: AuthAnswer,
    handler: ({ body, request }) => register(deps, body, request),
  }),
  defineRoute({
    method: 'get',
    path: '/users/me',
    summary: 'Who am I',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    response: UserView,
    handler: ({ actor }) => getOwnUser(deps, actor),
  }),
];
