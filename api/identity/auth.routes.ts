import {
  AuthAnswer,
  LoginRequest,
  RefreshRequest,
  RegisterRequest,
  UserView,
} from '../../shared/contracts/auth.contract.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { getOwnUser, login, register, type AuthDeps } from './auth.service.ts';
import { endSession, refreshSession } from './session.service.ts';

const tag = 'Identity';

export const authRoutes = (deps: AuthDeps): Route[] => [
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
