import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { CourseRow } from '../../shared/learning/course.repository.ts';
import type { Actor, Policy } from '../http/define-route.ts';

const AUTHOR_ROLES = ['instructor', 'admin'] as const satisfies readonly Role[];

/** Who may write courses at all; which ones is decided by who owns them. */
export const AUTHORS = { roles: AUTHOR_ROLES } satisfies Policy;

/** Whether the actor writes courses. Learners own the courses generated for them, but are not shown what is in them. */
export function isAuthor(actor: Actor): boolean {
  return AUTHOR_ROLES.some((role) => actor.roles.includes(role));
}

export function isAuthorOf(actor: Actor, course: Pick<CourseRow, 'owner_id' | 'kind'>): boolean {
  return isAuthor(actor) && course.kind === 'authored' && course.owner_id === actor.id;
}
