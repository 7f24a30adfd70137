import { z } from 'zod';
import {
  FeedbackRequest,
  OverrideRequest,
  ReviewAgreement,
  ReviewView,
} from '../../shared/contracts/review.contract.ts';
import { SubmissionQuery } from '../../shared/contracts/submission.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { AUTHORS } from './authoring.policy.ts';
import {
  askForReview,
  getReviewAgreement,
  giveFeedback,
  isReviewOver,
  overrideReview,
  waitForReview,
  type ReviewDeps,
} from './review.service.ts';

const tag = 'Reviews';
const params = z.object({ id: Id });

/** A language model takes its time. */
const POLL_SECONDS = '2';

const locationOf = ({ submissionId, ...review }: ReviewView): Record<string, string> => ({
  Location: `/api/v1/submissions/${submissionId}/review`,
  ...(isReviewOver(review) ? {} : { 'Retry-After': POLL_SECONDS }),
});

export const reviewRoutes = (deps: ReviewDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/submissions/:id/review',
    summary:
      'Ask for the senior review of a completed submission of mine; wait for it with `GET /submissions/{id}/review?wait=25`',
    tag,
    policy: 'authenticated',
    rate: 'write',
    cache: 'no-store',
    status: 202,
    otherStatuses: [200],
    statusOf: (review) => (isReviewOver(review) ? 200 : 202),
    params,
    response: ReviewView,
    headers: locationOf,
    errors: ['CONFLICT', 'TOO_MANY_IN_FLIGHT'],
    handler: ({ actor, params: { id } }) => askForReview(deps, actor, id),
  }),
  defineRoute({
    method: 'get',
    path: '/submissions/:id/review',
    summary:
      'The senior review of a submission: four scores, a few findings with lines and hints; with `wait`, once it is there',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    query: SubmissionQuery,
    waits: ({ wait }) => wait > 0,
    response: ReviewView,
    handler: ({ actor, params: { id }, query, request }) => waitForReview(deps, actor, id, query.wait, request),
  }),
  defineRoute({
    method: 'post',
    path: '/reviews/:id/feedback',
    summary: 'Say whether a review of mine helped; the newest word counts',
    tag,
    policy: 'authenticated',
    rate: 'write',
    cache: 'no-store',
    params,
    body: FeedbackRequest,
    response: ReviewView,
    errors: ['CONFLICT'],
    handler: ({ actor, params: { id }, body }) => giveFeedback(deps, actor, id, body),
  }),
  defineRoute({
    method: 'post',
    path: '/reviews/:id/override',
    summary: "An instructor's own judgement of a review in a course of mine, shown beside it",
    tag,
    policy: AUTHORS,
    rate: 'write',
    cache: 'no-store',
    status: 201,
    params,
    body: OverrideRequest,
    response: ReviewView,
    headers: locationOf,
    errors: ['CONFLICT'],
    handler: ({ actor, params: { id }, body, request }) => overrideReview(deps, actor, id, body, request),
  }),
  defineRoute({
    method: 'get',
    path: '/exercises/:id/review-agreement',
    summary: 'How the reviews of an exercise of mine compare with what instructors and learners say of them',
    tag,
    policy: AUTHORS,
    rate: 'read',
    cache: 'private',
    params,
    response: ReviewAgreement,
    handler: ({ actor, params: { id } }) => getReviewAgreement(deps, actor, id),
  }),
];
