import { Liveness, Readiness } from '../../shared/contracts/ops.contract.ts';
import { runHealthChecks, type HealthCheck } from '../../shared/observability/health.ts';
import { defineRoute, type Route } from '../http/define-route.ts';

const tag = 'System';

/** Anybody may ask, as often as they like: whoever comes while the checks are running gets what these find, so that no flood reaches what is checked. */
function shareChecks(checks: readonly HealthCheck[]): () => Promise<Readiness> {
  let running: Promise<Readiness> | null = null;
  return () =>
    (running ??= runHealthChecks(checks).finally(() => {
      running = null;
    }));
}

export const healthRoutes = (deps: { checks: readonly HealthCheck[] }): Route[] => [
  defineRoute({
    method: 'get',
    path: '/health',
    summary: 'Whether the process lives; green also while its database is away',
    tag,
    policy: 'public',
    rate: 'unlimited',
    cache: 'no-store',
    response: Liveness,
    handler: () => Promise.resolve({ status: 'ok' as const, uptimeSeconds: Math.floor(process.uptime()) }),
  }),
  defineRoute({
    method: 'get',
    path: '/readiness',
    aliases: ['/health/ready'],
    summary: 'Whether the process can serve: 503 without its database; degraded, but 200, without its queues',
    tag,
    policy: 'public',
    rate: 'unlimited',
    cache: 'no-store',
    response: Readiness,
    statusOf: (readiness) => (readiness.status === 'unavailable' ? 503 : 200),
    handler: shareChecks(deps.checks),
  }),
];
