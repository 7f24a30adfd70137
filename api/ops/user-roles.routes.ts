import { z } from 'zod';
import { UserLookupRequest, UserRolesRequest, UserRolesView } from '../../shared/contracts/user-roles.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { getUserRoles, lookUpUser, setUserRoles, type UserRolesDeps } from './user-roles.service.ts';

const administration = {
  tag: 'Users',
  policy: { roles: ['admin'] },
  rate: 'ops',
  cache: 'no-store',
  response: UserRolesView,
} as const;
const params = z.object({ id: Id });

export const userRolesRoutes = (deps: UserRolesDeps): Route[] => [
  defineRoute({
    ...administration,
    method: 'post',
    path: '/ops/users/lookup',
    summary: 'The account with an email address; the address is in the body since URLs end up in logs',
    body: UserLookupRequest,
    errors: ['NOT_FOUND'],
    handler: ({ body }) => lookUpUser(deps, body.email),
  }),
  defineRoute({
    ...administration,
    method: 'get',
    path: '/ops/users/:id',
    summary: 'An account with its roles',
    params,
    handler: ({ params: { id } }) => getUserRoles(deps, id),
  }),
  defineRoute({
    ...administration,
    method: 'put',
    path: '/ops/users/:id/roles',
    summary:
      'Set the roles of an account with a verified email address, effective within seconds; the last admin stays one',
    stepUp: true,
    params,
    body: UserRolesRequest,
    errors: ['CONFLICT'],
    handler: ({ actor, params: { id }, body, request }) => setUserRoles(deps, actor, id, body.roles, request),
  }),
];
