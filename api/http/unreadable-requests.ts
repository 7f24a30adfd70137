import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { newId } from '../../shared/db/id.ts';
import { AppError, ERROR_STATUS } from '../../shared/errors.ts';
import type { HttpMetrics } from '../../shared/observability/http.metrics.ts';
import { problemOf } from './problem.ts';

export interface UnreadableRequest {
  requestId: string;
  ip: string | undefined;
  status: number;
  /** What Node's parser found, such as `HPE_INVALID_METHOD`. */
  reason: string;
}

/** Logs and counts unreadable requests, as `logRequests` does those that can be read. */
export function recordUnreadable(log: Logger, metrics: HttpMetrics): (request: UnreadableRequest) => void {
  return ({ requestId, ip, status, reason }) => {
    metrics.requestStarted();
    metrics.requestEnded({ method: 'unknown', path: 'unreadable', status: String(status) }, 0);
    log.info({ request_id: requestId, status, reason, ip }, 'unreadable request');
  };
}

/** What the parser gave up on that is not simply malformed. */
const REFUSALS: Record<string, AppError> = {
  HPE_HEADER_OVERFLOW: new AppError('HEADERS_TOO_LARGE', 'The headers of the request are too large.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new AppError('PAYLOAD_TOO_LARGE', 'The chunk extensions of the body are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: new AppError('REQUEST_TIMEOUT', 'The request did not arrive in time.'),
};
const MALFORMED = new AppError('BAD_REQUEST', 'The request is not valid HTTP.');

/**
 * Answers what never became a request, which no middleware gets to see, with a problem that repeats nothing of it, and closes the
 * connection. Nothing is written into an answer that has begun, nor in the place of one that an earlier request still waits for.
 */
export function answerUnreadable(server: Server, tell: (request: UnreadableRequest) => void): void {
  const underway = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();
  server.on('request', (request, response) => {
    underway.set(request.socket, { request, response });
    response.once('close', () => {
      if (underway.get(request.socket)?.response === response) underway.delete(request.socket);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = REFUSALS[error.code ?? ''] ?? MALFORMED;
    const requestId = newId();
    tell({
      requestId,
      ip: socket.remoteAddress,
      status: ERROR_STATUS[refusal.code],
      reason: error.code ?? 'unknown',
    });
    const current = underway.get(socket);
    if (current !== undefined && (current.response.headersSent || current.request.complete)) socket.destroy();
    else socket.end(rawAnswer(refusal, requestId), () => socket.destroy());
  });
}

function rawAnswer(refusal: AppError, requestId: string): string {
  const body = JSON.stringify(problemOf(refusal, requestId));
  const status = ERROR_STATUS[refusal.code];
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}
