import type { Route } from '../http/define-route.ts';
import { accountRoutes } from './account.routes.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { loginRoutes } from './login.routes.ts';
import { sessionRoutes } from './session.routes.ts';

export const identityRoutes = (deps: IdentityDeps): Route[] => [
  ...accountRoutes(deps),
  ...loginRoutes(deps),
  ...sessionRoutes(deps),
];
