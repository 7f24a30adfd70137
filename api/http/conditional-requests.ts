import type { Request, RequestHandler } from 'express';

/**
 * Lets an If-None-Match decide between 304 and the whole answer. `fetch` adds `Cache-Control: no-cache` to the If-None-Match of its caller,
 * which is for caches on the way (RFC 9111, 5.2.1.4); Express would take it for a wish to have the whole answer.
 */
export const heedIfNoneMatch: RequestHandler = (request, _response, next) => {
  if (request.headers['if-none-match'] !== undefined) delete request.headers['cache-control'];
  next();
};

/** Computes the ETag of a body as Express does when it sends it. */
type EtagOf = (body: string, encoding: 'utf8') => string;

/**
 * For handlers that wait for something new: tells whether the request's If-None-Match names the answer that `toBody` makes of a value.
 * Null when the request has none; `*` names no answer in particular and counts as none.
 */
export function copyTester(
  request: Request,
  toBody: (answer: unknown) => unknown,
): ((answer: unknown) => boolean) | null {
  const known = request.get('if-none-match')?.match(/"[^"]*"/g);
  if (known === undefined || known === null) return null;
  const etagOf = request.app.get('etag fn') as EtagOf;
  // The weak comparison of RFC 9110, 8.8.3.2: what stands between the quotes decides.
  return (answer) => known.includes(etagOf(JSON.stringify(toBody(answer)), 'utf8').replace(/^W\//, ''));
}
