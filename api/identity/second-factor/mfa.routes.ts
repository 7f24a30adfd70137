import { MfaActivated, MfaActivateRequest, MfaSetup, RecoveryCodes } from '../../../shared/contracts/mfa.contract.ts';
import { defineRoute, type Route } from '../../http/define-route.ts';
import type { IdentityDeps } from '../identity-deps.ts';
import { activateMfa, disableMfa, renewRecoveryCodes, replaceMfa, setUpMfa } from './mfa.service.ts';

const tag = 'Identity';

/** A change of the second factor: only for somebody who has just proved who they are. */
const change = { method: 'post', tag, policy: 'authenticated', stepUp: true, rate: 'auth', cache: 'no-store' } as const;

export const mfaRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    ...change,
    path: '/auth/mfa/setup',
    summary: 'Get the secret for an authenticator app; it counts once it has shown a code',
    response: MfaSetup,
    errors: ['MFA_ACTIVE'],
    handler: ({ actor, request }) => setUpMfa(deps, actor, request),
  }),
  defineRoute({
    ...change,
    path: '/auth/mfa/replace',
    summary: 'Get the secret for another authenticator app; the old one works until the new one has shown a code',
    response: MfaSetup,
    errors: ['MFA_INACTIVE'],
    handler: ({ actor, request }) => replaceMfa(deps, actor, request),
  }),
  defineRoute({
    method: 'post',
    path: '/auth/mfa/activate',
    summary: 'Take the authenticator app into use with a code that it shows; other sessions end',
    tag,
    policy: 'authenticated',
    rate: 'auth',
    cache: 'no-store',
    body: MfaActivateRequest,
    response: MfaActivated,
    errors: ['INVALID_CREDENTIALS', 'LOGIN_DELAYED', 'MFA_ACTIVE', 'MFA_INACTIVE'],
    handler: ({ actor, body, request }) => activateMfa(deps, actor, body.code, request),
  }),
  defineRoute({
    ...change,
    path: '/auth/mfa/recovery-codes',
    summary: 'Get ten new recovery codes; those before work no longer',
    response: RecoveryCodes,
    errors: ['MFA_INACTIVE'],
    handler: ({ actor, request }) => renewRecoveryCodes(deps, actor, request),
  }),
  defineRoute({
    ...change,
    path: '/auth/mfa/disable',
    summary: 'Do without a second factor from now on; other sessions end',
    errors: ['MFA_INACTIVE', 'MFA_REQUIRED'],
    handler: ({ actor, request }) => disableMfa(deps, actor, request),
  }),
];
