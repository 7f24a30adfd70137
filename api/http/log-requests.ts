import { AsyncResource } from 'node:async_hooks';
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { HttpMetrics } from '../../shared/observability/http.metrics.ts';
import type { Actor } from './define-route.ts';

/** What the route leaves for the log line and the metrics. */
export interface RouteLocals {
  actor?: Actor | null;
  /** Why the caller may not have what it asks for. */
  refusal?: unknown;
  /** The pattern of the path, such as `/api/v1/exercises/:id`: ids never become labels. */
  pattern?: string;
}

export function routeLocals(response: Response): RouteLocals {
  return response.locals as RouteLocals;
}

/** Endpoints that probes and scrapers call all day are logged only when something is wrong. */
const QUIET_PATHS = new Set(['/health', '/readiness', '/health/ready', '/metrics']);

/** What clients send is logged in short. */
const MAX_LOGGED_LENGTH = 500;

/** One log line and one set of metrics for each request, when its answer is out or its client is gone. */
export function logRequests(log: Logger, metrics: HttpMetrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    metrics.requestStarted();
    const noteEnd = (): void => {
      const durationMs = performance.now() - startedAt;
      const { actor, pattern = 'unmatched' } = routeLocals(response);
      // 499: the client left before the answer, as proxies log it.
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.requestEnded({ method: request.method, path: pattern, status: String(status) }, durationMs / 1000);
      const path = (request.originalUrl.split('?', 1)[0] ?? '').slice(0, MAX_LOGGED_LENGTH);
      if (QUIET_PATHS.has(path) && status < 500) return;
      const line = {
        method: request.method,
        path,
        status,
        duration_ms: Math.round(durationMs * 10) / 10,
        ip: request.ip,
        user_agent: request.get('user-agent')?.slice(0, MAX_LOGGED_LENGTH),
        user_id: actor?.id,
      };
      log[status >= 500 ? 'warn' : 'info'](line, 'http request');
    };
    // A connection that a client hangs up ends outside of its request, where nobody knows the request's id.
    response.once('close', AsyncResource.bind(noteEnd));
    next();
  };
}
