import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import { newId } from '../../shared/db/id.ts';

interface RequestContext {
  readonly requestId: string;
  /** What the client or a proxy calls the request; only ever logged. */
  readonly clientRequestId: string | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

const ACCEPTABLE_ID = /^[\w.-]{8,128}$/;

/** The id of the request being served; also on every log line written meanwhile. */
export function requestId(): string {
  return storage.getStore()?.requestId ?? 'none';
}

/** What the logger adds to each line. */
export function requestLogFields(): Record<string, string> {
  const context = storage.getStore();
  if (context === undefined) return {};
  const { requestId: id, clientRequestId } = context;
  return { request_id: id, ...(clientRequestId === undefined ? {} : { client_request_id: clientRequestId }) };
}

/**
 * Gives the request an id of ours, which the answer carries as `X-Request-Id`. One that was sent along is logged beside it and no more: proxies
 * pass on what clients send, and nobody may choose what the audit log calls their request.
 */
export const identifyRequest: RequestHandler = (request, response, next) => {
  const id = newId();
  const sent = request.get('x-request-id');
  const clientRequestId = sent !== undefined && ACCEPTABLE_ID.test(sent) ? sent : undefined;
  response.setHeader('X-Request-Id', id);
  storage.run({ requestId: id, clientRequestId }, next);
};
