import { once } from 'node:events';
import type { Response } from 'express';
import type { EventSchemas, StreamEvent } from './define-route.ts';

/** Advice to the client: how long to wait before it comes back after losing the stream. */
const RETRY_MS = 2000;
/** Proxies and the server's own idle limit (30 s) cut connections on which nothing moves. */
export const HEARTBEAT_INTERVAL_MS = 15_000;

/**
 * Answers with server-sent events as they come; null is answered with 204. Data leaves through the schema of its event.
 *
 * @throws z.ZodError for data that breaks its schema; whatever the events throw.
 */
export async function sendEvents<Events extends EventSchemas>(
  schemas: Events,
  response: Response,
  events: AsyncIterable<StreamEvent<Events>> | null,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store, no-transform');
  if (events === null) {
    response.status(204).end();
    return;
  }
  // `no-transform` above keeps the compression from holding events back, this header keeps nginx from it.
  response.setHeader('X-Accel-Buffering', 'no');
  response.status(200).setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  response.write(`retry: ${RETRY_MS}\n\n`);
  const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_INTERVAL_MS);
  try {
    for await (const event of events) {
      if (signal.aborted) break;
      const data = JSON.stringify(schemas[event.event]?.parse(event.data));
      const isTaken = response.write(`event: ${event.event}\nid: ${event.id}\ndata: ${data}\n\n`);
      if (!isTaken) await once(response, 'drain', { signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(heartbeat);
  }
  response.end();
}
