import { Router, type Request, type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.ts';

const MAX_URL_LENGTH = 8192;
const MAX_QUERY_PARAMETERS = 50;
/** Node drops what comes after its own limit without a word, which therefore lies above this one. */
export const MAX_HEADERS = 100;

/**
 * Refuses what no client of ours sends: a URL that is too long or cannot be decoded, too many parameters or headers. Such requests are
 * counted by `limiters`, since they never get to a route that would.
 */
export function refuseExcess(limiters: readonly RequestHandler[]): RequestHandler {
  const findExcess: RequestHandler = (request, _response, next) => {
    if (excessOf(request) === null) next('router');
    else next();
  };
  const refuse: RequestHandler = (request, _response, next) => {
    next(excessOf(request));
  };
  return Router().use(findExcess, ...limiters, refuse);
}

function excessOf(request: Request): AppError | null {
  const { url, rawHeaders } = request;
  if (rawHeaders.length / 2 > MAX_HEADERS) {
    return new AppError('HEADERS_TOO_LARGE', `The request has more than ${MAX_HEADERS} headers.`);
  }
  if (url.length > MAX_URL_LENGTH) {
    return new AppError('URI_TOO_LONG', `The URL is longer than ${MAX_URL_LENGTH} characters.`);
  }
  const [path = '', query = ''] = url.split(/\?(.*)/s, 2);
  if (query.split('&', MAX_QUERY_PARAMETERS + 1).length > MAX_QUERY_PARAMETERS) {
    return new AppError('BAD_REQUEST', `The URL has more than ${MAX_QUERY_PARAMETERS} parameters.`);
  }
  if (!isDecodable(path)) return new AppError('BAD_REQUEST', 'The path has a broken percent-encoding.');
  return null;
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
