import { AuthAnswer, LoginRequest } from '../../shared/contracts/auth.contract.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { login } from './login.service.ts';

const tag = 'Identity';

export const loginRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/login',
    summary: 'Log in with email and password',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    body: LoginRequest,
    response: AuthAnswer,
    handler: ({ body, request }) => login(deps, body, request),
  }),
];
