import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { z } from 'zod';
import { PROTOCOL_OF_PATH, readAsked, renderError, type AiPeerRequest } from './ai-peer-wire.ts';

/** What a peer does with one request. */
export type AiPeerBehaviour = (request: AiPeerRequest, response: ServerResponse) => void | Promise<void>;

/** A language model's server on loopback, speaking all the protocols at once, that does what a test tells it. */
export interface AiPeer {
  /** For `AI_BASE_URL` of `openai`. */
  openaiUrl: string;
  /** For `AI_BASE_URL` of `anthropic`, whose SDK adds the version. */
  anthropicUrl: string;
  /** All that came over the wire, in order. */
  requests: AiPeerRequest[];
  /** What was wrong with requests that the real servers would refuse; a test that expects none looks here. */
  refused: string[];
  /** What it does with every request from now on. */
  always: (behaviour: AiPeerBehaviour) => void;
  /** What it does with the next requests, one each; after them it goes back to what it always does. */
  next: (...behaviours: AiPeerBehaviour[]) => void;
  /** Forgets requests and behaviours. */
  reset: () => void;
  close: () => Promise<void>;
}

const unscripted: AiPeerBehaviour = (request, response) => {
  response.writeHead(500, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(renderError(request.protocol, 'unscripted', 'The test told this peer nothing.')));
};

export async function startAiPeer(): Promise<AiPeer> {
  let always = unscripted;
  let next: AiPeerBehaviour[] = [];
  const requests: AiPeerRequest[] = [];
  const refused: string[] = [];

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming, response);
    if (typeof request === 'string') {
      refused.push(request);
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: { message: request, type: 'invalid_request_error', code: null } }));
      return;
    }
    requests.push(request);
    await (next.shift() ?? always)(request, response);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      refused.push(`The peer failed: ${String(error)}`);
      response.destroy();
    });
  });
  const origin = await listen(server);
  return {
    openaiUrl: `${origin}/v1`,
    anthropicUrl: origin,
    requests,
    refused,
    always: (behaviour) => {
      always = behaviour;
    },
    next: (...behaviours) => {
      next.push(...behaviours);
    },
    reset: () => {
      always = unscripted;
      next = [];
      requests.length = 0;
      refused.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The request; or, as the real servers are strict, what is wrong with it. */
async function readRequest(incoming: IncomingMessage, response: ServerResponse): Promise<AiPeerRequest | string> {
  const path = incoming.url ?? '';
  const protocol = PROTOCOL_OF_PATH[path];
  if (protocol === undefined || incoming.method !== 'POST') return `There is no ${incoming.method} ${path}.`;
  const text = await readText(incoming);
  const { headers } = incoming;
  if (protocol === 'messages' && headers['anthropic-version'] === undefined) return 'anthropic-version is missing.';
  try {
    const body = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    const asked = readAsked(protocol, body);
    assertStrict(asked.schema);
    const isGone = (): boolean => response.closed && !response.writableFinished;
    return { protocol, path, headers, text, body, ...asked, isGone };
  } catch (error) {
    return String(error);
  }
}

const UNSUPPORTED = new Set(['minLength', 'maxLength', 'oneOf', 'allOf', 'patternProperties', 'propertyNames', 'not']);

/** Structured output takes a part of JSON Schema only: closed objects, all of whose properties are required. */
function assertStrict(schema: unknown, isNamed = false): void {
  if (Array.isArray(schema)) {
    for (const item of schema) assertStrict(item);
    return;
  }
  if (typeof schema !== 'object' || schema === null) return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (!isNamed && UNSUPPORTED.has(keyword)) throw new Error(`The schema uses ${keyword}.`);
    assertStrict(value, !isNamed && ['properties', 'definitions', '$defs'].includes(keyword));
  }
  if (isNamed || !('properties' in schema)) return;
  const { properties, required, additionalProperties } = schema as Record<string, unknown>;
  const names = Object.keys(properties as object);
  const isClosed =
    additionalProperties === false && Array.isArray(required) && names.every((name) => required.includes(name));
  if (!isClosed) throw new Error('An object of the schema is open, or has properties that are not required.');
}
