import type { ServerResponse } from 'node:http';
import type { AiPeerBehaviour } from './ai-peer.ts';
import { renderAnswer, renderError, type AiPeerRequest, type AiPeerUsage, type AnswerEnding } from './ai-peer-wire.ts';

/** What a language model's server may do to a request, from answering it to the worst. */

export const USAGE: AiPeerUsage = { inputTokens: 1000, outputTokens: 200 };

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Answers with a value as JSON; a function of the request makes an obedient model. `usage: null`: the server does not count. */
export function answers(
  value: unknown,
  { usage = USAGE, ending = 'complete' }: { usage?: AiPeerUsage | null; ending?: AnswerEnding } = {},
): AiPeerBehaviour {
  return (request, response) => {
    const answer: unknown = typeof value === 'function' ? (value as (asked: AiPeerRequest) => unknown)(request) : value;
    sendJson(response, 200, renderAnswer(request, JSON.stringify(answer), usage, ending));
  };
}

/** Answers with a text that is not necessarily JSON. */
export function says(text: string, usage: AiPeerUsage | null = USAGE): AiPeerBehaviour {
  return (request, response) => sendJson(response, 200, renderAnswer(request, text, usage));
}

/** Answers 200 and ends in another way than with a whole answer. */
export function ends(ending: AnswerEnding, text = '{"verdict":"go'): AiPeerBehaviour {
  return (request, response) => sendJson(response, 200, renderAnswer(request, text, USAGE, ending));
}

/** Answers with an error in the protocol's words. */
export function fails(
  status: number,
  code = 'server_error',
  { headers = {}, message = 'Something is wrong.' }: { headers?: Record<string, string>; message?: string } = {},
): AiPeerBehaviour {
  return (request, response) => sendJson(response, status, renderError(request.protocol, code, message), headers);
}

export const rateLimited = (retryAfter?: string): AiPeerBehaviour =>
  fails(429, 'rate_limit_exceeded', { headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter } });

export const overloaded = (): AiPeerBehaviour => fails(529, 'overloaded_error');

/** Status 200, and an error inside. */
export function failsInside(code: string): AiPeerBehaviour {
  return (request, response) => {
    const error = { code, message: 'Something is wrong.' };
    const body =
      request.protocol === 'responses'
        ? { ...renderAnswer(request, '', USAGE), status: 'failed', error, output: [] }
        : { error };
    sendJson(response, 200, body);
  };
}

export const html =
  (status: number): AiPeerBehaviour =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/html' });
    response.end('<html><body><h1>Bad gateway</h1></body></html>');
  };

/** Any bytes with status 200, said to be JSON. */
export const sends =
  (body: string): AiPeerBehaviour =>
  (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(body);
  };

/** JSON that ends in its middle although the answer ends as it should. */
export const truncatedJson = (): AiPeerBehaviour => (request, response) => {
  const whole = JSON.stringify(renderAnswer(request, '{"verdict":"good"}', USAGE));
  return sends(whole.slice(0, whole.length / 2))(request, response);
};

/** The connection breaks before there is any answer. */
export const resets = (): AiPeerBehaviour => (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** The connection is closed in the middle of the answer. */
export const breaksOff = (): AiPeerBehaviour => (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '5000' });
  response.write('{"model":"m"', () => response.socket?.end());
};

/** No answer at all; the connection stays open. */
export const stalls = (): AiPeerBehaviour => () => undefined;

/** A status and the beginning of a body, and then nothing. */
export const stallsInside =
  (status = 200): AiPeerBehaviour =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.write('{');
  };

/** A body that never ends, a few bytes at a time: there is always something new. */
export const drips =
  (everyMs = 20): AiPeerBehaviour =>
  (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const timer = setInterval(() => response.write(' '), everyMs);
    response.on('close', () => clearInterval(timer));
  };

/** A body without end, as fast as it is read. */
export const floods = (): AiPeerBehaviour => (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const chunk = 'x'.repeat(64 * 1024);
  const pour = (): void => {
    while (!response.closed && response.write(chunk));
  };
  response.on('drain', pour);
  pour();
};

/** Does what it is told once the promise is fulfilled. */
export function after(gate: Promise<unknown>, behaviour: AiPeerBehaviour): AiPeerBehaviour {
  return async (request, response) => {
    await gate;
    await behaviour(request, response);
  };
}
