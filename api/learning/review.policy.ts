import type { Viewer } from '../../shared/learning/viewer.repository.ts';
import type { Actor } from '../http/define-route.ts';
import { isAuthor } from './authoring.policy.ts';

/** The learner whose review it is. */
export const ownerOf = (actor: Actor): Viewer => ({ learnerId: actor.id, authorId: null, seesAll: false });

/** The author of a course, and admins, judge the reviews of its exercises. */
export const judgeOf = (actor: Actor): Viewer => ({
  learnerId: null,
  authorId: isAuthor(actor) ? actor.id : null,
  seesAll: actor.roles.includes('admin'),
});

/** A review's learner, and whoever may judge it. */
export const readerOf = (actor: Actor): Viewer => ({ ...judgeOf(actor), learnerId: actor.id });
