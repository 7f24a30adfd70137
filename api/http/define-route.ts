import type { z } from 'zod';
import type { Role } from '../../shared/contracts/auth.contract.ts';
import type { ErrorCode } from '../../shared/errors.ts';

/** Who is asking, as the access token says. */
export interface Actor {
  readonly id: string;
  readonly roles: readonly Role[];
  readonly sessionId: string;
  /** When they last proved who they are, in seconds since 1970. */
  readonly authenticatedAt: number;
  /** Whether they also proved a second factor then. */
  readonly secondFactor: boolean;
}

/**
 * Who may call a route. `public` routes know the actor when a token is sent, except those of rate class `auth`, where the body proves who it
 * is; `service` routes also take the operations token, for machines such as an autoscaler.
 */
export type Policy = 'public' | 'authenticated' | { readonly roles: readonly Role[]; readonly service?: true };

/**
 * Which budget of requests a route draws on. `mail` is `auth` for anybody who has a mail sent to whatever address they name; `submission` is
 * `write` for what leaves code of a learner behind; `revocation` and `password` are `write` and `auth` for what an owner does against a thief.
 */
export type RateClass =
  'auth' | 'mail' | 'password' | 'read' | 'write' | 'revocation' | 'submission' | 'ops' | 'unlimited';

/** How answers may be kept: not at all, by the asker after revalidation, or by anybody for a minute. */
export type CacheClass = 'no-store' | 'private' | 'public';

export interface RequestFacts {
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The client's Idempotency-Key, on routes that declare to honour it. */
  readonly idempotencyKey: string | null;
  /** The id of the last event that a client which comes back to a stream has seen. */
  readonly lastEventId: string | null;
  /**
   * Aborted once nobody waits for the answer any more: the client is gone, or has it. Of what takes long (`waits`, streams, downloads) also
   * when the access token of the request is not taken any more.
   */
  readonly signal: AbortSignal;
  /** Whether the client's If-None-Match names the answer that this would become; null when it sent none. */
  readonly hasCopyOf: ((answer: unknown) => boolean) | null;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type ActorOf<P extends Policy> = P extends 'public' ? Actor | null : Actor;
type Absent = undefined;

export interface HandlerInput<P extends Policy, Params, Query, Body> {
  readonly actor: ActorOf<P>;
  readonly params: Parsed<Params>;
  readonly query: Parsed<Query>;
  readonly body: Parsed<Body>;
  readonly request: RequestFacts;
}

interface RouteDeclaration<
  P extends Policy,
  Params extends z.ZodObject | Absent,
  Query extends z.ZodType | Absent,
  Body extends z.ZodType | Absent,
  Response extends z.ZodType | Absent,
> {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** Express path below the base, such as `/exercises/:id`. */
  readonly path: string;
  /** Other paths under which the same route is served. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly tag: string;
  readonly policy: P;
  /** For what a stolen session must not do: the caller has to have proved who they are within the last minutes. */
  readonly stepUp?: true;
  readonly rate: RateClass;
  readonly cache: CacheClass;
  readonly status?: number;
  /** Other statuses of success that `statusOf` may give. */
  readonly otherStatuses?: readonly number[];
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly bodyLimitKb?: number;
  /** How many values (numbers, texts, lists and so on) a body may hold, where the usual number is too small. */
  readonly bodyLimitValues?: number;
  /** Whether an `Idempotency-Key` header is honoured. */
  readonly idempotent?: true;
  /** Errors that the declaration does not imply; for the documentation. */
  readonly errors?: readonly ErrorCode[];
  /** Whether such a request may wait on purpose. It is measured apart, under the pattern with `?wait`: waiting is not slowness. */
  readonly waits?: (query: Parsed<Query>) => boolean;
  /** What may leave: fields that the schema does not name are dropped. Absent: the answer has no body. */
  readonly response?: Response;
  readonly headers?: (answer: Parsed<Response>) => Record<string, string>;
  /** The status when it depends on the answer. */
  readonly statusOf?: (answer: Parsed<Response>) => number;
  readonly handler: (
    input: HandlerInput<P, Params, Query, Body>,
  ) => Promise<Response extends z.ZodType ? z.input<Response> : void>;
}

/** A declared route with its types erased, as mounting and documenting need it. */
export interface Route extends Omit<
  RouteDeclaration<Policy, z.ZodObject | Absent, z.ZodType | Absent, z.ZodType | Absent, z.ZodType | Absent>,
  'handler' | 'headers' | 'statusOf' | 'waits'
> {
  readonly handler: (input: HandlerInput<Policy, never, never, never>) => Promise<unknown>;
  readonly waits?: (query: never) => boolean;
  /** The events of a stream by name, with the schema of their data; absent on every other route. */
  readonly events?: EventSchemas;
  /** The name of the file that a download is saved as; absent on every other route. */
  readonly filename?: string;
  readonly headers?: (answer: never) => Record<string, string>;
  readonly statusOf?: (answer: never) => number;
}

/**
 * Declares an endpoint. Validation, authorisation, response filtering, documentation, metrics labels, rate limits and caching follow
 * from what is declared; there is no other way to add one.
 */
export function defineRoute<
  const P extends Policy,
  Params extends z.ZodObject | Absent = Absent,
  Query extends z.ZodType | Absent = Absent,
  Body extends z.ZodType | Absent = Absent,
  Response extends z.ZodType | Absent = Absent,
>(declaration: RouteDeclaration<P, Params, Query, Body, Response>): Route {
  return declaration;
}

export type EventSchemas = Readonly<Record<string, z.ZodType>>;

/** One event of a stream. `id` comes back as `lastEventId` from a client that lost its connection. */
export type StreamEvent<Events extends EventSchemas> = {
  [Name in keyof Events & string]: {
    readonly event: Name;
    readonly id: string;
    readonly data: z.input<Events[Name]>;
  };
}[keyof Events & string];

interface StreamDeclaration<
  P extends Policy,
  Params extends z.ZodObject | Absent,
  Query extends z.ZodType | Absent,
  Events extends EventSchemas,
> extends Pick<
  RouteDeclaration<P, Params, Query, Absent, Absent>,
  'path' | 'summary' | 'tag' | 'policy' | 'rate' | 'params' | 'query' | 'errors'
> {
  readonly events: Events;
  /**
   * Answers with the events to send; the stream ends with them. What throws before is answered as a problem, as on any route. Null: there
   * will be nothing more, which is answered with 204 so that browsers stop coming back. The events must end soon after `request.signal`.
   */
  readonly stream: (
    input: HandlerInput<P, Params, Query, Absent>,
  ) => Promise<AsyncIterable<StreamEvent<Events>> | null>;
}

/** Declares an endpoint that answers with server-sent events. Everything but the form of the answer is as with `defineRoute`. */
export function defineStream<
  const P extends Policy,
  const Events extends EventSchemas,
  Params extends z.ZodObject | Absent = Absent,
  Query extends z.ZodType | Absent = Absent,
>({ stream, ...declaration }: StreamDeclaration<P, Params, Query, Events>): Route {
  return { ...declaration, method: 'get', cache: 'no-store', handler: stream };
}

/** What a document is made of: its arrays come in pages, so that no more than one of them is held. */
export type DocumentParts<Document extends z.ZodObject> = {
  readonly [Key in keyof Document['shape']]: Document['shape'][Key] extends z.ZodArray<infer Item extends z.ZodType>
    ? AsyncIterable<readonly z.input<Item>[]>
    : z.input<Document['shape'][Key]>;
};

interface DownloadDeclaration<P extends Policy, Document extends z.ZodObject> extends Pick<
  RouteDeclaration<P, Absent, Absent, Absent, Absent>,
  'path' | 'summary' | 'tag' | 'policy' | 'stepUp' | 'rate' | 'errors'
> {
  readonly filename: string;
  /** What may leave, as on any route. */
  readonly response: Document;
  /** What throws before it answers is answered as a problem, as on any route. `request.signal` says when the parts are not read any more. */
  readonly download: (input: HandlerInput<P, Absent, Absent, Absent>) => Promise<DocumentParts<Document>>;
}

/** Declares an endpoint that answers with one JSON document, to be saved as a file, of any length: it is sent while it is read. */
export function defineDownload<const P extends Policy, Document extends z.ZodObject>({
  download,
  ...declaration
}: DownloadDeclaration<P, Document>): Route {
  return { ...declaration, method: 'get', cache: 'no-store', handler: download };
}
