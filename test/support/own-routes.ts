import express from 'express';
import { Registry } from 'prom-client';
import { createAuthenticator } from '../../api/http/authentication.ts';
import type { Route } from '../../api/http/define-route.ts';
import { logRequests } from '../../api/http/log-requests.ts';
import { mountRoutes } from '../../api/http/mount-routes.ts';
import { answerErrors, answerNotFound } from '../../api/http/problem.ts';
import { createRateLimiters } from '../../api/http/rate-limits.ts';
import { identifyRequest, requestLogFields } from '../../api/http/request-context.ts';
import { listen, stopListening } from '../../api/http-server.ts';
import { createAccessTokens } from '../../api/identity/sessions/access-token.ts';
import { createHttpMetrics } from '../../shared/observability/http.metrics.ts';
import { createIdentityMetrics } from '../../shared/observability/identity.metrics.ts';
import { createLogger } from '../../shared/observability/logger.ts';
import { Client } from './client.ts';
import { TEST_JWT_SECRET } from './processes.ts';

export interface OwnRoutes {
  client: Client;
  /** The log lines so far, parsed. */
  logs: () => Record<string, unknown>[];
  close: () => Promise<void>;
}

const GENEROUS = {
  QUEUE_PREFIX: 'own-routes',
  RATE_LIMIT_RPS: 10_000,
  RATE_LIMIT_ADDRESS_FACTOR: 10,
  RATE_LIMIT_AUTH_PER_MINUTE: 10_000,
  RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: 10_000,
  RATE_LIMIT_MAILS_PER_HOUR: 10_000,
  SUBMISSIONS_PER_LEARNER_PER_HOUR: 10_000,
};

/** Routes of a suite's own, behind the real machinery and a real port, without any database. */
export async function serveRoutes(routes: readonly Route[]): Promise<OwnRoutes> {
  const lines: string[] = [];
  const settings = { LOG_LEVEL: 'info', LOG_FORMAT: 'json' } as const;
  const log = createLogger('api', settings, requestLogFields, { write: (line) => void lines.push(line) });
  const registry = new Registry();
  const tokens = await createAccessTokens(
    { current: TEST_JWT_SECRET, previous: undefined },
    900,
    createIdentityMetrics(registry),
    { judge: () => null, onChange: () => () => undefined },
  );
  const app = express();
  app.use(identifyRequest);
  app.use(logRequests(log, createHttpMetrics(registry)));
  app.use(
    mountRoutes('', routes, {
      authenticator: createAuthenticator(tokens, undefined),
      assurance: { stepUpSeconds: 600, rolesWithSecondFactor: [] },
      noteDenial: () => Promise.resolve(),
      limiters: createRateLimiters(GENEROUS, undefined),
    }),
  );
  app.use(answerNotFound);
  app.use(answerErrors(log));
  const { server, url } = await listen(app, '127.0.0.1', 0);
  return {
    client: new Client(url),
    logs: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    close: async () => {
      server.closeAllConnections();
      await stopListening(server);
    },
  };
}
