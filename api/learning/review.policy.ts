import type { CourseKind } from '../../shared/contracts/course.contract.ts';
import type { ReviewPartiesRow } from '../../shared/learning/review.repository.ts';
import type { z } from 'zod';
import type { Actor } from '../http/define-route.ts';
import { isAuthorOf } from './authoring.policy.ts';

interface Course {
  course_owner_id: string | null;
  course_kind: z.infer<typeof CourseKind>;
}

/** The author of a course, and admins, judge the reviews of its exercises. */
export function mayJudgeReviews(actor: Actor, { course_owner_id, course_kind }: Course): boolean {
  return actor.roles.includes('admin') || isAuthorOf(actor, { owner_id: course_owner_id, kind: course_kind });
}

export function isOwnReview(actor: Actor, { learner_id: learnerId }: ReviewPartiesRow): boolean {
  return learnerId === actor.id;
}

/** Its learner, and whoever may judge it. */
export function maySeeReview(actor: Actor, parties: ReviewPartiesRow): boolean {
  return isOwnReview(actor, parties) || mayJudgeReviews(actor, parties);
}
