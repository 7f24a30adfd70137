import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { MAX_HEADERS } from './http/request-limits.ts';
import { answerUnreadable, type UnreadableRequest } from './http/unreadable-requests.ts';

/** Bounds on what a slow or greedy client can hold. Times in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request to the end of its headers. */
  headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  requestTimeoutMs: number;
  /** Between two requests of one connection. */
  keepAliveTimeoutMs: number;
  /** Without a byte in either direction. */
  idleTimeoutMs: number;
  /** How often the first two are looked after. */
  checkIntervalMs: number;
  maxConnections: number;
}

export const SOCKET_IDLE_TIMEOUT_MS = 30_000;
const LIMITS: ConnectionLimits = {
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  idleTimeoutMs: SOCKET_IDLE_TIMEOUT_MS,
  checkIntervalMs: 1000,
  maxConnections: 10_000,
};
const MAX_HEADER_BYTES = 16 * 1024;

interface ListenOptions {
  limits?: Partial<ConnectionLimits>;
  /** Told of requests that never became one: they are in no log line and in no metric of the application. */
  onUnreadable?: (request: UnreadableRequest) => void;
}

/** Starts serving. @throws when the address cannot be bound. */
export async function listen(
  app: Express,
  host: string,
  port: number,
  { limits: own = {}, onUnreadable = () => undefined }: ListenOptions = {},
): Promise<{ server: Server; url: string }> {
  const limits = { ...LIMITS, ...own };
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    app,
  );
  // Node drops the headers beyond its limit. One more than we allow is enough to see that there are too many.
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleTimeoutMs);
  answerUnreadable(server, onUnreadable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` };
}

const IDLE_SWEEP_MS = 50;

/** Stops accepting, lets running requests finish, and closes connections as they become idle: kept alive, they would hold the end up. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_SWEEP_MS);
  await closed;
  clearInterval(sweep);
}
