import { AuditQuery, AuditRecord } from '../../shared/contracts/audit.contract.ts';
import { pageOf } from '../../shared/contracts/common.contract.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { readAudit, type AuditDeps } from './audit.service.ts';

export const auditRoutes = (deps: AuditDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/ops/audit',
    summary:
      'The audit log, newest first; each page read is recorded in it. `npm run audit:verify` tells whether somebody tampered with it',
    tag: 'Operations',
    policy: { roles: ['admin'] },
    rate: 'ops',
    cache: 'no-store',
    query: AuditQuery,
    response: pageOf(AuditRecord),
    handler: ({ actor, query, request }) => readAudit(deps, actor, query, request),
  }),
];
