import { z } from 'zod';

export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON of the body; null when there is none. */
  body: unknown;
  text: string;
}

/** Speaks HTTP as a frontend would: no access to anything inside. */
export class Client {
  readonly #baseUrl: string;
  readonly #token: string | undefined;

  constructor(baseUrl: string, token?: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  as(token: string): Client {
    return new Client(this.#baseUrl, token);
  }

  /** The same account at another process. */
  at(baseUrl: string): Client {
    return new Client(baseUrl, this.#token);
  }

  get(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Answer> {
    return this.request('GET', path, undefined, headers, signal);
  }

  /** The answer as it comes in, not read yet. */
  open(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#baseUrl + path, {
      headers: { ...this.#authorization(), ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', path, body === undefined ? undefined : JSON.stringify(body), headers);
  }

  patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('PATCH', path, JSON.stringify(body), headers);
  }

  /** Sends the body as it is. */
  async request(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Answer> {
    const response = await fetch(this.#baseUrl + path, {
      method,
      redirect: 'manual',
      headers: {
        ...this.#authorization(),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : null,
    };
  }

  #authorization(): Record<string, string> {
    return this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` };
  }

  /** Registers a new learner and speaks for them from then on. */
  async registerLearner(): Promise<{
    client: Client;
    userId: string;
    email: string;
    password: string;
    refreshToken: string;
  }> {
    const email = `learner-${crypto.randomUUID()}@example.com`;
    const password = 'correct horse battery staple';
    const answer = await this.post('/api/v1/auth/register', { email, password, name: 'Lin' });
    const { accessToken, refreshToken, user } = AuthBody.parse(answer.body);
    return { client: this.as(accessToken), userId: user.id, email, password, refreshToken };
  }
}

const AuthBody = z.object({ accessToken: z.string(), refreshToken: z.string(), user: z.object({ id: z.string() }) });
