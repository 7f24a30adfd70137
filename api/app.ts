import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ApiConfig } from '../shared/config/api.config.ts';
import type { HttpMetrics } from '../shared/observability/http.metrics.ts';
import { warnSeldom } from '../shared/observability/log-once.ts';
import { createDenialAudit } from './http/audit-denials.ts';
import { createAuthenticator } from './http/authentication.ts';
import { settleClientAddress } from './http/client-address.ts';
import { heedIfNoneMatch } from './http/conditional-requests.ts';
import { createDocsPage } from './http/docs-page.ts';
import { logRequests } from './http/log-requests.ts';
import { mountRoutes } from './http/mount-routes.ts';
import { describeApi } from './http/openapi.ts';
import { answerErrors, answerNotFound } from './http/problem.ts';
import { createRateLimiters } from './http/rate-limits.ts';
import { identifyRequest } from './http/request-context.ts';
import { refuseExcess } from './http/request-limits.ts';
import { allowOrigins, pagePolicy, securityHeaders } from './http/security.ts';
import { createOpsPages } from './ops/ops-pages.ts';
import { apiRoutes, systemRoutes, type RouteDeps } from './routes.ts';

export interface AppDeps extends RouteDeps {
  config: ApiConfig;
  log: Logger;
  registry: Registry;
  httpMetrics: HttpMetrics;
  /** Where the API's processes share their rate limits; absent: each counts for itself. */
  redis: Redis | undefined;
}

const API_BASE = '/api/v1';
/** The version that a path without one means. */
const API_ALIAS = '/api';

/** The Express application. It opens nothing and never listens. */
export function createApp(deps: AppDeps): Express {
  const { config, log } = deps;
  const limiters = createRateLimiters({ ...config, RATE_LIMIT_MAILS_PER_HOUR: mailsPerHour(config) }, deps.redis);
  const authenticator = createAuthenticator(deps.identity.accessTokens, config.OPS_TOKEN);
  const noteDenial = createDenialAudit(deps.db, warnSeldom(log, 'a denied access could not be audited'));
  const mounting = { authenticator, assurance: deps.identity.assurance, limiters, noteDenial };
  // In production TLS ends at the proxy in front.
  const overTls = config.SERVER_ENV === 'production';
  const api = apiRoutes(deps);
  const system = systemRoutes(deps);

  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', config.TRUST_PROXY);

  app.use(identifyRequest, settleClientAddress);
  app.use(logRequests(log, deps.httpMetrics));
  if (config.ENABLE_SECURITY_HEADERS) app.use(securityHeaders({ overTls }));
  app.use(allowOrigins(config.ALLOWED_ORIGINS));
  app.use(compression(), heedIfNoneMatch, refuseExcess(limiters.read));

  if (config.ENABLE_METRICS) app.get('/metrics', ...limiters.ops, serveMetrics(deps.registry));
  app.use(['/docs', '/openapi.json'], ...limiters.read);
  if (config.ENABLE_SECURITY_HEADERS) app.use('/docs', pagePolicy([]));
  app.use(
    createDocsPage(
      describeApi([
        { base: API_BASE, routes: api },
        { base: '', routes: system },
      ]),
    ),
  );
  app.use(mountRoutes('', system, mounting));
  if (config.ENABLE_SECURITY_HEADERS) {
    app.use('/ops', pagePolicy([]));
    // Bull Board styles its own page from script.
    app.use('/ops/queues', pagePolicy(["'unsafe-inline'"]));
  }
  app.use(
    '/ops',
    createOpsPages({
      identity: deps.identity,
      backend: deps.backend,
      overTls,
      limiters,
      noteDenial,
    }),
  );
  const apiRouter = mountRoutes(API_BASE, [...api, ...system], mounting);
  app.use(API_BASE, apiRouter);
  app.use(API_ALIAS, apiRouter);
  app.use(...limiters.read, answerNotFound);
  app.use(answerErrors(log));
  return app;
}

/** In production a lecture hall behind one address can register at once; a flood of mails to strangers cannot be sent from there. */
const mailsPerHour = ({ SERVER_ENV, RATE_LIMIT_MAILS_PER_HOUR }: ApiConfig): number =>
  RATE_LIMIT_MAILS_PER_HOUR ?? (SERVER_ENV === 'production' ? 300 : 100_000);

function serveMetrics(registry: Registry): RequestHandler {
  return async (_request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    response.type(registry.contentType).send(await registry.metrics());
  };
}
