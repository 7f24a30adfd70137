import {
  ConfirmRegistrationRequest,
  VerificationMailAnswer,
  VerifyEmailRequest,
} from '../../../shared/contracts/account.contract.ts';
import { AuthAnswer, RegisterAnswer, RegisterRequest } from '../../../shared/contracts/auth.contract.ts';
import { defineRoute, type Route } from '../../http/define-route.ts';
import { mailVerification, verifyEmail } from './email-verification.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { confirmRegistration, register } from './registration.service.ts';

const tag = 'Identity';

export const registrationRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/auth/register',
    summary: 'Open an account; 202 where the address is confirmed by mail first',
    tag,
    policy: 'public',
    rate: 'mail',
    cache: 'no-store',
    status: 201,
    otherStatuses: [202],
    body: RegisterRequest,
    response: RegisterAnswer,
    statusOf: (answer) => ('status' in answer ? 202 : 201),
    errors: ['EMAIL_TAKEN'],
    handler: ({ body, request }) => register(deps, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/register/confirm',
    summary: 'Open the account that a mailed link confirms, with the password it was registered with',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    status: 201,
    body: ConfirmRegistrationRequest,
    response: AuthAnswer,
    errors: ['LINK_INVALID', 'INVALID_CREDENTIALS', 'LOGIN_DELAYED', 'EMAIL_TAKEN'],
    handler: ({ body, request }) => confirmRegistration(deps, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/email/verify',
    summary: 'Verify the address of my account with a mailed link and the password',
    tag,
    policy: 'public',
    rate: 'auth',
    cache: 'no-store',
    body: VerifyEmailRequest,
    errors: ['LINK_INVALID', 'INVALID_CREDENTIALS', 'LOGIN_DELAYED'],
    handler: ({ body, request }) => verifyEmail(deps, body, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/email/verification',
    summary: 'Have another link mailed that verifies my email address',
    tag,
    policy: 'authenticated',
    rate: 'auth',
    cache: 'no-store',
    status: 202,
    response: VerificationMailAnswer,
    errors: ['CONFLICT'],
    handler: ({ actor }) => mailVerification(deps, actor),
  }),
];
