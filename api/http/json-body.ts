import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.ts';
import { judgeJson } from './json-structure.ts';

/** Reads bodies of at most `limitBytes` (also once unpacked) as JSON. Leaves `request.body` undefined when there is none. */
export function jsonBody(limitBytes: number): RequestHandler[] {
  return [requireJson, express.raw({ limit: limitBytes, type: () => true }), parseBody];
}

const requireJson: RequestHandler = (request, _response, next) => {
  if (request.is('application/json') === false) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
  }
  if (charsetsOf(request).some((charset) => charset !== 'utf-8')) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'JSON is sent in UTF-8 only.');
  }
  next();
};

function charsetsOf(request: Request): string[] {
  const named = (request.get('content-type') ?? '').matchAll(/;\s*charset\s*=\s*"?([^";\s]*)/gi);
  return Array.from(named, ([, charset = '']) => charset.toLowerCase());
}

const parseBody: RequestHandler = (request, _response, next) => {
  const bytes: unknown = request.body;
  if (Buffer.isBuffer(bytes)) request.body = bytes.length === 0 ? {} : parseJson(bytes);
  next();
};

/**
 * Reads JSON that a stranger sent.
 *
 * @throws AppError MALFORMED_JSON when it is no JSON in UTF-8; VALIDATION_FAILED or PAYLOAD_TOO_LARGE when its structure is one that we
 *   do not take (see `judgeJson`).
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new AppError('MALFORMED_JSON', 'The request body is not valid UTF-8.');
  const text = bytes.toString('utf8');
  const problem = judgeJson(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What stands before a syntax error is of no interest, unless it is why the rest was not looked at.
    if (problem?.isFinal !== true) throw new AppError('MALFORMED_JSON', 'The request body is not valid JSON.');
  }
  if (problem !== null) throw problem.error;
  return value;
}
