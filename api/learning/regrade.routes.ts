import { z } from 'zod';
import { PageQuery, pageOf } from '../../shared/contracts/common.contract.ts';
import {
  GradingRunView,
  RegradeExerciseRequest,
  RegradeSubmissionRequest,
  RegradeView,
} from '../../shared/contracts/regrade.contract.ts';
import { Id } from '../../shared/db/id.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { listGradingRuns } from './grading-run.service.ts';
import { OPERATORS, REGRADERS } from './regrade.policy.ts';
import { getRegrade, regradeExercise, regradeSubmission, type RegradeDeps } from './regrade.service.ts';

const params = z.object({ id: Id });

/** A dry run is answered at once; what it proposes, once confirmed, is work to be waited for. */
const regrading = {
  method: 'post',
  tag: 'Regrades',
  rate: 'ops',
  cache: 'no-store',
  status: 202,
  otherStatuses: [200],
  statusOf: ({ status }: RegradeView) => (status === 'proposed' ? 200 : 202),
  headers: ({ id, status }: RegradeView): Record<string, string> => ({
    Location: `/api/v1/regrades/${id}`,
    ...(status === 'running' ? { 'Retry-After': '2' } : {}),
  }),
  params,
  response: RegradeView,
  errors: ['CONFLICT'],
} as const;

export const regradeRoutes = (deps: RegradeDeps): Route[] => [
  defineRoute({
    ...regrading,
    path: '/submissions/:id/regrade',
    summary: 'Grade a submission again: first a dry run, then with its confirmToken for real',
    policy: OPERATORS,
    body: RegradeSubmissionRequest,
    handler: ({ actor, params: { id }, body, request }) => regradeSubmission(deps, actor, id, body, request),
  }),
  defineRoute({
    ...regrading,
    path: '/exercises/:id/regrade',
    summary: 'Grade submissions of an exercise again: first a dry run, then with its confirmToken for real',
    policy: REGRADERS,
    body: RegradeExerciseRequest,
    handler: ({ actor, params: { id }, body, request }) => regradeExercise(deps, actor, id, body, request),
  }),
  defineRoute({
    method: 'get',
    path: '/regrades/:id',
    summary: 'A regrade: what it is about, how far it is, and which verdicts it changed',
    tag: 'Regrades',
    policy: REGRADERS,
    rate: 'ops',
    cache: 'no-store',
    params,
    response: RegradeView,
    headers: ({ status }): Record<string, string> => (status === 'running' ? { 'Retry-After': '2' } : {}),
    handler: ({ actor, params: { id } }) => getRegrade(deps, actor, id),
  }),
  defineRoute({
    method: 'get',
    path: '/submissions/:id/runs',
    summary: 'How often a submission was graded, with each outcome, newest first',
    tag: 'Submissions',
    policy: 'authenticated',
    rate: 'read',
    cache: 'private',
    params,
    query: PageQuery,
    response: pageOf(GradingRunView),
    handler: ({ actor, params: { id }, query }) => listGradingRuns(deps, actor, id, query),
  }),
];
