import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { Viewer } from '../../shared/learning/viewer.repository.ts';
import type { Actor, Policy } from '../http/define-route.ts';
import { isAuthor } from './authoring.policy.ts';

const OPERATOR_ROLES = ['operator', 'admin'] as const satisfies readonly Role[];

/** Who may regrade any submission there is. */
export const OPERATORS = { roles: OPERATOR_ROLES } satisfies Policy;

/** Who may regrade exercises; instructors only those of their own courses. */
export const REGRADERS = { roles: ['instructor', ...OPERATOR_ROLES] } satisfies Policy;

export function isOperator(actor: Actor): boolean {
  return OPERATOR_ROLES.some((role) => actor.roles.includes(role));
}

/** Its learner, the author of its course, and operators may see how often and how a submission was graded. */
export const runReaderOf = (actor: Actor): Viewer => ({
  learnerId: actor.id,
  authorId: isAuthor(actor) ? actor.id : null,
  seesAll: isOperator(actor),
});
