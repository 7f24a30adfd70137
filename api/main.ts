import { ApiConfig } from '../shared/config/api.config.ts';
import { readConfigOrExit } from '../shared/config/env.ts';
import { createLogger } from '../shared/observability/logger.ts';
import { shutdownOnSignal } from '../shared/resilience/shutdown.ts';
import { createApp } from './app.ts';
import { openDependencies } from './dependencies.ts';
import { recordUnreadable } from './http/unreadable-requests.ts';
import { requestLogFields } from './http/request-context.ts';
import { listen, stopListening } from './http-server.ts';

const config = readConfigOrExit(ApiConfig);
const log = createLogger('api', config, requestLogFields);
const { deps, draining, closing } = await openDependencies(config, log);
const { server, url } = await listen(createApp(deps), config.SERVER_HOST, config.SERVER_PORT, {
  onUnreadable: recordUnreadable(log, deps.httpMetrics),
});
shutdownOnSignal(
  [...draining, { name: 'finish requests', run: () => stopListening(server) }, ...closing],
  config.SHUTDOWN_GRACE_MS,
  log,
);
log.info({ url, queues: deps.backend.kind }, 'api listening');
