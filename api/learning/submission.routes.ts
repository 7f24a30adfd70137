import { z } from 'zod';
import { PageQuery, pageOf } from '../../shared/contracts/common.contract.ts';
import { SubmissionSummary, SubmissionView, SubmitRequest } from '../../shared/contracts/submission.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { getSubmission, listSubmissions, submit, type SubmissionDeps } from './submission.service.ts';

const tag = 'Submissions';
const params = z.object({ id: Id });

/** 64 KB of code can take several times that as an escaped JSON string. */
const BODY_LIMIT_KB = 512;

export const submissionRoutes = (deps: SubmissionDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/exercises/:id/submissions',
    aliases: ['/exercises/:id/submit'],
    summary: 'Submit code for grading; poll the submission for the result',
    tag,
    policy: 'authenticated',
    rate: 'write',
    cache: 'no-store',
    status: 202,
    params,
    body: SubmitRequest,
    bodyLimitKb: BODY_LIMIT_KB,
    idempotent: true,
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
    query: PageQuery,
    response: pageOf(SubmissionSummary),
    handler: ({ actor, params: { id }, query }) => listSubmissions(deps, actor, id, query),
  }),
  defineRoute({
    method: 'get',
    path: '/submissions/:id',
    summary: 'A submission of mine: how far it is and, once completed, its verdict and test results',
    tag,
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    response: SubmissionView,
    handler: ({ actor, params: { id } }) => getSubmission(deps, actor, id),
  }),
];
