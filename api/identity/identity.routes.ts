import type { Route } from '../http/define-route.ts';
import { accountRoutes } from './accounts/account.routes.ts';
import type { IdentityDeps } from './identity-deps.ts';
import { loginRoutes } from './login/login.routes.ts';
import { mfaRoutes } from './second-factor/mfa.routes.ts';
import { passwordRoutes } from './accounts/password.routes.ts';
import { registrationRoutes } from './accounts/registration.routes.ts';
import { sessionRoutes } from './sessions/session.routes.ts';

export const identityRoutes = (deps: IdentityDeps): Route[] => [
  ...registrationRoutes(deps),
  ...accountRoutes(deps),
  ...passwordRoutes(deps),
  ...loginRoutes(deps),
  ...mfaRoutes(deps),
  ...sessionRoutes(deps),
];
