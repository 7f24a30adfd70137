import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import { newId } from '../../shared/db/id.ts';

interface RequestContext {
  readonly requestId: string;
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
  return context === undefined ? {} : { request_id: context.requestId };
}

/** Gives the request an id: the one that a trusted proxy sent, else a new one. The answer carries it as `X-Request-Id`. */
export function identifyRequest(trustProxy: boolean): RequestHandler {
  return (request, response, next) => {
    const sent = trustProxy ? request.get('x-request-id') : undefined;
    const id = sent !== undefined && ACCEPTABLE_ID.test(sent) ? sent : newId();
    response.setHeader('X-Request-Id', id);
    storage.run({ requestId: id }, next);
  };
}
