import type { RequestHandler } from 'express';

/**
 * Lets an If-None-Match decide between 304 and the whole answer. `fetch` adds `Cache-Control: no-cache` to the If-None-Match of its caller,
 * which is for caches on the way (RFC 9111, 5.2.1.4); Express would take it for a wish to have the whole answer.
 */
export const heedIfNoneMatch: RequestHandler = (request, _response, next) => {
  if (request.headers['if-none-match'] !== undefined) delete request.headers['cache-control'];
  next();
};
