import { AuthAnswer, LoginRequest } from '../../../shared/contracts/auth.contract.ts';
import { AccessAnswer, LoginAnswer, MfaVerifyRequest, StepUpRequest } from '../../../shared/contracts/mfa.contract.ts';
import { defineRoute, type Route } from '../../http/define-route.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { finishLogin, login } from './login.service.ts';
import { stepUp } from './step-up.service.ts';

const tag = 'Identity';

export const loginRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/login',
    summary: 'Log in with email and password; with a second factor, POST /auth/mfa/verify completes it',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    body: LoginRequest,
    response: LoginAnswer,
    errors: ['INVALID_CREDENTIALS', 'LOGIN_DELAYED'],
    handler: ({ body, request }) => login(deps, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/mfa/verify',
    summary: 'Finish a login with the code of the second factor, or with a recovery code',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    body: MfaVerifyRequest,
    response: AuthAnswer,
    errors: ['INVALID_CREDENTIALS', 'UNAUTHENTICATED', 'LOGIN_DELAYED'],
    handler: ({ body, request }) => finishLogin(deps, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/step-up',
    summary: 'Prove again who you are, for what needs a recent proof',
    tag,
    policy: 'authenticated',
    rate: 'auth',
    cache: 'no-store',
    body: StepUpRequest,
    response: AccessAnswer,
    errors: ['INVALID_CREDENTIALS', 'LOGIN_DELAYED'],
    handler: ({ actor, body, request }) => stepUp(deps, actor, body, request),
  }),
];
