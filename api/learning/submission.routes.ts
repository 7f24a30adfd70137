import { z } from 'zod';
import { pageOf } from '../../shared/contracts/common.contract.ts';
import {
  QueuePlace,
  SubmissionListQuery,
  SubmissionQuery,
  SubmissionSummary,
  SubmissionView,
  SubmitRequest,
} from '../../shared/contracts/submission.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, defineStream, type Route } from '../http/define-route.ts';
import { getQueuePlace, type QueuePlaceDeps } from './queue-place.service.ts';
import { cancelSubmission } from './submission-cancel.service.ts';
import { streamSubmission, waitForSubmission, type NewsDeps } from './submission-news.service.ts';
import { listSubmissions, submit, type SubmissionDeps } from './submission.service.ts';

const tag = 'Submissions';
const params = z.object({ id: Id });

/** 64 KB of code can take several times that as an escaped JSON string. */
const BODY_LIMIT_KB = 512;

export const submissionRoutes = (deps: SubmissionDeps & NewsDeps & QueuePlaceDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/exercises/:id/submissions',
    aliases: ['/exercises/:id/submit'],
    summary: 'Submit code for grading, so many times an hour; wait for the result with `GET /submissions/{id}?wait=25`',
    tag,
    policy: 'authenticated',
    rate: 'submission',
    cache: 'no-store',
    status: 202,
    params,
    body: SubmitRequest,
    bodyLimitKb: BODY_LIMIT_KB,
    idempotent: true,
    errors: ['MODULE_LOCKED', 'TOO_MANY_IN_FLIGHT'],
    response: SubmissionView,
    headers: (submission) => ({ Location: `/api/v1/submissions/${submission.id}`, 'Retry-After': '1' }),
    handler: ({ actor, params: { id }, body, request }) =>
      submit(deps, actor, { exerciseId: id, code: body.code }, request),
  }),
  defineRoute({
    method: 'get',
    path: '/exercises/:id/submissions',
    summary: 'My submissions to an exercise, newest first',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    query: SubmissionListQuery,
    response: pageOf(SubmissionSummary),
    handler: ({ actor, params: { id }, query }) => listSubmissions(deps, actor, id, query),
  }),
  defineRoute({
    method: 'get',
    path: '/submissions/:id',
    summary:
      'A submission of mine: how far it is and, once completed, its verdict and test results; with `wait`, once there is news',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    query: SubmissionQuery,
    waits: ({ wait }) => wait > 0,
    response: SubmissionView,
    handler: ({ actor, params: { id }, query, request }) => waitForSubmission(deps, actor, id, query.wait, request),
  }),
  defineStream({
    path: '/submissions/:id/events',
    summary:
      'The status of a submission of mine as server-sent events: now, at each change, and at last when it is finished',
    tag,
    policy: 'authenticated',
    rate: 'read',
    params,
    events: { status: SubmissionSummary },
    errors: ['TOO_MANY_STREAMS'],
    stream: ({ actor, params: { id }, request }) => streamSubmission(deps, actor, id, request),
  }),
  defineRoute({
    method: 'post',
    path: '/submissions/:id/cancel',
    summary: 'Cancel a submission of mine that is not finished; it then counts as no attempt',
    tag,
    policy: 'authenticated',
    rate: 'write',
    cache: 'no-store',
    params,
    response: SubmissionView,
    errors: ['CONFLICT'],
    handler: ({ actor, params: { id } }) => cancelSubmission(deps, actor, id),
  }),
  defineRoute({
    method: 'get',
    path: '/submissions/:id/queue-position',
    summary: 'Where a submission of mine stands in the queue, and why it is not running',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'no-store',
    params,
    response: QueuePlace,
    handler: ({ actor, params: { id } }) => getQueuePlace(deps, actor, id),
  }),
];
