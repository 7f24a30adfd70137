import {
  ChangePasswordRequest,
  ForgotPasswordAnswer,
  ForgotPasswordRequest,
  ResetPasswordRequest,
} from '../../../shared/contracts/account.contract.ts';
import { defineRoute, type Route } from '../../http/define-route.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { changePassword } from './password-change.service.ts';
import { forgotPassword, resetPassword } from './password-reset.service.ts';

const tag = 'Identity';

export const passwordRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/password',
    summary: 'Change my password; all other sessions end',
    tag,
    policy: 'authenticated',
    rate: 'password',
    cache: 'no-store',
    body: ChangePasswordRequest,
    errors: ['INVALID_CREDENTIALS', 'LOGIN_DELAYED', 'CONFLICT'],
    handler: ({ actor, body, request }) => changePassword(deps, actor, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/password/forgot',
    summary: 'Have a link mailed that sets another password',
    tag,
    policy: 'public',
    rate: 'mail',
    cache: 'no-store',
    status: 202,
    body: ForgotPasswordRequest,
    response: ForgotPasswordAnswer,
    handler: ({ body, request }) => forgotPassword(deps, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/password/reset',
    summary: 'Set another password with a mailed link; all sessions end',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    body: ResetPasswordRequest,
    errors: ['LINK_INVALID'],
    handler: ({ body, request }) => resetPassword(deps, body, request),
  }),
];
