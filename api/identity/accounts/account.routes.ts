import {
  DeleteAccountAnswer,
  DeleteAccountRequest,
  OwnAccount,
  ProfileChange,
} from '../../../shared/contracts/account.contract.ts';
import { AccountExport } from '../../../shared/contracts/account-export.contract.ts';
import { defineDownload, defineRoute, type Route } from '../../http/define-route.ts';
import { changeProfile, getOwnAccount } from './account.service.ts';
import { deleteOwnAccount } from './erasure.service.ts';
import { exportOwnData } from './export.service.ts';
import type { IdentityDeps } from '../identity-deps.ts';

const tag = 'Identity';

export const accountRoutes = (deps: IdentityDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/users/me',
    summary: 'Who am I',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    response: OwnAccount,
    handler: ({ actor }) => getOwnAccount(deps, actor),
  }),
  defineRoute({
    method: 'patch',
    path: '/users/me',
    summary: 'Change what others see of me',
    tag,
    policy: 'authenticated',
    // Each is a record of the audit log, which is never shortened: as few as of other changes to an account.
    rate: 'auth',
    cache: 'no-store',
    body: ProfileChange,
    response: OwnAccount,
    handler: ({ actor, body, request }) => changeProfile(deps, actor, body, request),
  }),
  defineRoute({
    method: 'delete',
    path: '/users/me',
    summary: 'Delete my account; it is gone at once, what belongs to it within minutes',
    tag,
    policy: 'authenticated',
    stepUp: true,
    rate: 'auth',
    cache: 'no-store',
    status: 202,
    body: DeleteAccountRequest,
    response: DeleteAccountAnswer,
    errors: ['INVALID_CREDENTIALS', 'LOGIN_DELAYED', 'CONFLICT'],
    handler: ({ actor, body, request }) => deleteOwnAccount(deps, actor, body, request),
  }),
  defineDownload({
    path: '/users/me/export',
    summary: 'Download everything that is kept about me',
    tag,
    policy: 'authenticated',
    stepUp: true,
    rate: 'auth',
    filename: 'learnify-export.json',
    response: AccountExport,
    download: ({ actor, request }) => exportOwnData(deps, actor, request),
  }),
];
