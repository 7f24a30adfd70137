import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { findSubmissionParties } from '../../shared/learning/regrade-run.repository.ts';
import type { Actor, Policy } from '../http/define-route.ts';
import { isAuthorOf } from './authoring.policy.ts';

const OPERATOR_ROLES = ['operator', 'admin'] as const satisfies readonly Role[];

/** Who may regrade any submission there is. */
export const OPERATORS = { roles: OPERATOR_ROLES } satisfies Policy;

/** Who may regrade exercises; instructors only those of their own courses. */
export const REGRADERS = { roles: ['instructor', ...OPERATOR_ROLES] } satisfies Policy;

export function isOperator(actor: Actor): boolean {
  return OPERATOR_ROLES.some((role) => actor.roles.includes(role));
}

type Parties = NonNullable<Awaited<ReturnType<typeof findSubmissionParties>>>;

/** Its learner, the author of its course, and operators may see how often and how a submission was graded. */
export function maySeeRuns(actor: Actor, { learner_id: learnerId, course_owner_id, course_kind }: Parties): boolean {
  const course = { owner_id: course_owner_id, kind: course_kind };
  return learnerId === actor.id || isOperator(actor) || isAuthorOf(actor, course);
}
