import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Readiness } from '../shared/contracts/ops.contract.ts';
import { runHealthChecks, type HealthCheck } from '../shared/observability/health.ts';

interface WorkerHttpDeps {
  host: string;
  port: number;
  registry: Registry | undefined;
  /** Whether the process should go on living. @throws with the reason when it should not. */
  checkLiveness: () => Promise<void>;
  checks: readonly HealthCheck[];
}

/** The worker's own small port, for probes and scrapers. @throws when the address cannot be bound. */
export async function serveWorkerHttp(deps: WorkerHttpDeps): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000, maxHeaderSize: 8 * 1024 },
    (request, response) => {
      const path = (request.url ?? '').split('?', 1)[0];
      void answer(deps, path ?? '', response).catch((error: unknown) => {
        if (!response.headersSent)
          send(response, 500, { status: 'error', detail: error instanceof Error ? error.message : 'failed' });
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(deps.port, deps.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${deps.host}:${port}`, close: () => closeServer(server) };
}

async function answer(deps: WorkerHttpDeps, path: string, response: ServerResponse): Promise<void> {
  if (path === '/health') {
    await deps.checkLiveness().then(
      () => send(response, 200, { status: 'ok', uptimeSeconds: Math.floor(process.uptime()) }),
      (error: unknown) =>
        send(response, 503, { status: 'stuck', detail: error instanceof Error ? error.message : 'unknown' }),
    );
  } else if (path === '/readiness' || path === '/health/ready') {
    const readiness: Readiness = await runHealthChecks(deps.checks);
    send(response, readiness.status === 'unavailable' ? 503 : 200, readiness);
  } else if (path === '/metrics' && deps.registry !== undefined) {
    response.writeHead(200, { 'Content-Type': deps.registry.contentType }).end(await deps.registry.metrics());
  } else {
    send(response, 404, { status: 'not found' });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(body));
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
