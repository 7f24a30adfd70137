import type { Role } from '../../shared/contracts/auth.contract.ts';
import { AppError } from '../../shared/errors.ts';
import type { Actor, Route } from './define-route.ts';

/** How sure the API wants to be of who somebody is before they may do what is dangerous. */
export interface Assurance {
  /** How long a proof of identity counts on routes that declare `stepUp`, in seconds. */
  readonly stepUpSeconds: number;
  /** Roles that are in force only with a second factor. */
  readonly rolesWithSecondFactor: readonly Role[];
}

interface AssuranceSettings {
  SERVER_ENV: 'development' | 'test' | 'production';
  STEP_UP_LIFETIME: number;
  MFA_REQUIRED_ROLES?: readonly Role[] | undefined;
}

const ROLES_OF_OPERATIONS: readonly Role[] = ['operator', 'admin'];

/** In production operators and admins need a second factor unless the configuration names other roles; elsewhere nobody does. */
export function assuranceOf({ SERVER_ENV, STEP_UP_LIFETIME, MFA_REQUIRED_ROLES }: AssuranceSettings): Assurance {
  const byDefault = SERVER_ENV === 'production' ? ROLES_OF_OPERATIONS : [];
  return { stepUpSeconds: STEP_UP_LIFETIME, rolesWithSecondFactor: MFA_REQUIRED_ROLES ?? byDefault };
}

/** The roles that count for somebody who has proved a second factor, or has not. */
export function rolesInForce(
  { roles, secondFactor }: Pick<Actor, 'roles' | 'secondFactor'>,
  assurance: Assurance,
): readonly Role[] {
  return secondFactor ? roles : roles.filter((role) => !assurance.rolesWithSecondFactor.includes(role));
}

/**
 * Decides whether somebody may call a route. Returns them as the route gets to know them: only with the roles that are in force, so that no
 * handler grants what the policy would not.
 *
 * @throws AppError FORBIDDEN when the policy wants a role that the actor does not have; MFA_REQUIRED when it is not in force;
 * STEP_UP_REQUIRED when the caller's last proof of identity is too old for the route.
 */
export function authorise(
  actor: Actor,
  { policy, stepUp }: Pick<Route, 'policy' | 'stepUp'>,
  assurance: Assurance,
): Actor {
  const roles = rolesInForce(actor, assurance);
  if (typeof policy === 'object') requireRole(policy.roles, actor.roles, roles);
  if (stepUp) requireRecentProof(actor, assurance.stepUpSeconds);
  return roles.length === actor.roles.length ? actor : { ...actor, roles };
}

function requireRole(wanted: readonly Role[], own: readonly Role[], inForce: readonly Role[]): void {
  if (wanted.some((role) => inForce.includes(role))) return;
  if (!wanted.some((role) => own.includes(role))) {
    throw new AppError('FORBIDDEN', `This needs one of the roles: ${wanted.join(', ')}.`);
  }
  throw new AppError(
    'MFA_REQUIRED',
    'Your role needs a second factor. Set one up with POST /api/v1/auth/mfa/setup; if you have one, log in again or send its code to ' +
      'POST /api/v1/auth/step-up.',
  );
}

function requireRecentProof({ authenticatedAt }: Actor, lifetimeSeconds: number): void {
  if (Date.now() / 1000 - authenticatedAt <= lifetimeSeconds) return;
  throw new AppError(
    'STEP_UP_REQUIRED',
    'This needs a recent proof of who you are: call POST /api/v1/auth/step-up and use the access token that it answers with.',
  );
}
