import type { Response } from 'express';
import type { z } from 'zod';
import type { CacheClass, Route } from './define-route.ts';
import { sendDownload } from './download.ts';
import { sendEvents } from './event-stream.ts';

const CACHE_CONTROL: Record<CacheClass, string> = {
  'no-store': 'no-store',
  private: 'private, no-cache',
  public: 'public, max-age=60, stale-while-revalidate=300',
};

/** Sends what the handler gave, in the form that the route declares. The signal says when nobody reads on, or may. */
export async function sendResult(
  route: Route,
  response: Response,
  result: unknown,
  signal: AbortSignal,
): Promise<void> {
  if (route.events !== undefined) {
    await sendEvents(route.events, response, result as AsyncIterable<never> | null, signal);
  } else if (route.filename !== undefined) {
    const document = route.response as z.ZodObject;
    await sendDownload(document, route.filename, response, result as Record<string, unknown>, signal);
    // Cut off, so that nobody takes what came for the whole.
    if (signal.aborted) response.destroy();
  } else {
    sendAnswer(route, response, result);
  }
}

function sendAnswer(route: Route, response: Response, result: unknown): void {
  response.setHeader('Cache-Control', CACHE_CONTROL[route.cache]);
  if (route.cache !== 'no-store') response.vary('Authorization');
  if (route.response === undefined) {
    response.status(route.status ?? 204).end();
    return;
  }
  const body: unknown = route.response.parse(result);
  for (const [name, value] of Object.entries(route.headers?.(body as never) ?? {})) response.setHeader(name, value);
  response.status(route.statusOf?.(body as never) ?? route.status ?? 200).json(body);
}
