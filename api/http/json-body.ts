import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.ts';
import { judgeJson } from './json-structure.ts';

interface BodyLimits {
  /** Also once unpacked. */
  bytes: number;
  /** Numbers, texts, lists and so on. Checking them against a schema costs up to a microsecond each, when they are wrong. */
  values: number;
}

/** Reads bodies within the limits as JSON. Leaves `request.body` undefined when there is none. */
export function jsonBody({ bytes, values }: BodyLimits): RequestHandler[] {
  return [requireJson, express.raw({ limit: bytes, type: () => true }), parseBody(values)];
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

function parseBody(maxValues: number): RequestHandler {
  return (request, _response, next) => {
    const bytes: unknown = request.body;
    if (Buffer.isBuffer(bytes)) request.body = bytes.length === 0 ? {} : parseJson(bytes, maxValues);
    next();
  };
}

/**
 * Reads JSON that a stranger sent.
 *
 * @throws AppError MALFORMED_JSON when it is no JSON in UTF-8; VALIDATION_FAILED or PAYLOAD_TOO_LARGE when its structure is one that we
 *   do not take (see `judgeJson`).
 */
export function parseJson(bytes: Buffer, maxValues: number): unknown {
  if (!isUtf8(bytes)) throw new AppError('MALFORMED_JSON', 'The request body is not valid UTF-8.');
  const text = bytes.toString('utf8');
  const problem = judgeJson(text, maxValues);
  if (problem?.isFinal) throw problem.error;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What stands before a syntax error is of no interest.
    throw new AppError('MALFORMED_JSON', 'The request body is not valid JSON.');
  }
  if (problem !== null) throw problem.error;
  return value;
}
