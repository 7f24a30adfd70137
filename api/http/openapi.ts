import { z } from 'zod';
import { Problem } from '../../shared/contracts/common.contract.ts';
import { ERROR_STATUS, type ErrorCode } from '../../shared/errors.ts';
import type { EventSchemas, Policy, Route } from './define-route.ts';

interface DocumentedRoutes {
  base: string;
  routes: readonly Route[];
}

type JsonObject = Record<string, unknown>;

/** The OpenAPI 3.1 description of the declared routes. */
export function describeApi(groups: readonly DocumentedRoutes[]): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const { base, routes } of groups) {
    for (const route of routes) {
      const path = toTemplate(base + route.path);
      paths[path] = { ...paths[path], [route.method]: operationOf(route) };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Learnify API',
      version: '1',
      description:
        'Every error is application/problem+json (RFC 9457) with a stable `code`. `/api/…` without a version is served as v1.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: jsonSchema(Problem, 'output') },
    },
  };
}

const toTemplate = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

function operationOf(route: Route): JsonObject {
  return {
    summary: route.summary,
    description: describePolicy(route),
    tags: [route.tag],
    operationId: operationId(route),
    ...(route.policy === 'public' ? {} : { security: [{ accessToken: [] }] }),
    parameters: [
      ...parametersOf(route, 'path'),
      ...parametersOf(route, 'query'),
      ...(route.idempotent ? [IDEMPOTENCY_KEY] : []),
      ...(route.events === undefined ? [] : [LAST_EVENT_ID]),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } },
        }),
    responses: {
      ...(route.events === undefined ? answerOf(route) : streamOf(route.events)),
      ...Object.fromEntries(errorsOf(route).map(([code, names]) => [code, problemResponse(names)])),
    },
  };
}

function answerOf(route: Route): JsonObject {
  const status = route.status ?? (route.response === undefined ? 204 : 200);
  const content =
    route.response === undefined
      ? {}
      : { content: { 'application/json': { schema: jsonSchema(route.response, 'output') } } };
  const statuses = [status, ...(route.otherStatuses ?? [])];
  return Object.fromEntries(statuses.map((each) => [each, { description: 'Success', ...content }]));
}

/** OpenAPI 3.1 has no words of its own for server-sent events: the schema of each event's data stands under `x-events`. */
function streamOf(events: EventSchemas): JsonObject {
  const data: JsonObject = {};
  for (const [name, schema] of Object.entries(events)) data[name] = jsonSchema(schema, 'output');
  return {
    200: {
      description: `Server-sent events: ${Object.keys(events).join(', ')}. The data of each is one line of JSON.`,
      content: {
        'text/event-stream': {
          schema: { type: 'string', contentMediaType: 'text/event-stream', 'x-events': data },
        },
      },
    },
    204: { description: 'Nothing more will come: the client has seen the last event.' },
  };
}

const LAST_EVENT_ID: JsonObject = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The id of the last event seen, from a client that comes back.',
  schema: { type: 'string' },
};

const IDEMPOTENCY_KEY: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Repeating a request with the same key answers with what the first one made.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

function describePolicy({ policy, stepUp }: Route): string {
  const recently = stepUp
    ? ' The last proof of identity must be recent: `POST /auth/step-up` renews it, else 403 `STEP_UP_REQUIRED`.'
    : '';
  return describeCallers(policy) + recently;
}

function describeCallers(policy: Policy): string {
  if (policy === 'public') return 'For everybody.';
  if (policy === 'authenticated') return 'For everybody who is logged in.';
  return `For the roles ${policy.roles.join(', ')}; the configuration says which of them need a second factor.`;
}

/** `post /exercises/:id/submissions` → `postExercisesIdSubmissions` */
function operationId(route: Route): string {
  const words = route.path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return route.method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function parametersOf(route: Route, place: 'path' | 'query'): JsonObject[] {
  const schema = place === 'path' ? route.params : route.query;
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: JsonObject;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

/** The errors that a route can answer with, as far as its declaration tells. */
function errorsOf(route: Route): [status: string, names: ErrorCode[]][] {
  const codes: ErrorCode[] = ['RATE_LIMITED', 'INTERNAL', 'SERVICE_UNAVAILABLE'];
  if (route.policy !== 'public') codes.push('UNAUTHENTICATED', 'TOKEN_EXPIRED');
  if (typeof route.policy === 'object') codes.push('FORBIDDEN', 'MFA_REQUIRED');
  if (route.stepUp) codes.push('STEP_UP_REQUIRED');
  if (route.params !== undefined) codes.push('NOT_FOUND');
  if (route.query !== undefined || route.body !== undefined) codes.push('VALIDATION_FAILED');
  if (route.body !== undefined) codes.push('MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  if (route.idempotent) codes.push('IDEMPOTENCY_KEY_REUSED');
  codes.push(...(route.errors ?? []));
  return [...Map.groupBy(codes, (code) => String(ERROR_STATUS[code]))];
}

const problemResponse = (codes: readonly ErrorCode[]): JsonObject => ({
  description: codes.join(', '),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/**
 * zod writes "any JSON value" as a recursive definition beside the schema, which references inside a larger document do not reach.
 * In JSON Schema it is simply `{}`.
 */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const {
    $schema: _dialect,
    $defs: _recursive,
    ...rest
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject;
  return JSON.parse(JSON.stringify(rest), (_key, value: unknown) =>
    refersToDefinition(value) ? {} : value,
  ) as JsonObject;
}

function refersToDefinition(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$ref' in value && String(value.$ref).startsWith('#/$defs/');
}
