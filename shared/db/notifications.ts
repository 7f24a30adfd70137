import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { currentUri, type PasswordSource } from '../config/database-password.ts';
import { withTimeout } from '../resilience/deadline.ts';
import type { Database } from './pool.ts';
import { sql } from './sql.ts';

/** What the platform tells by NOTIFY, sent by the repositories inside the transaction of the change. */
export const CHANNELS = {
  /** The id of a submission whose status changed. */
  submissionChanged: 'submission_changed',
  /** The id of a grading run that its learner cancelled. */
  runCancelled: 'submission_cancelled',
  /** That access tokens were revoked; which ones is asked of the database. */
  tokensRevoked: 'tokens_revoked',
} as const;
export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS];

/** Notifications as the rest of the process sees them: prompt while live, silent otherwise. Whoever needs them must also do without. */
export interface Notifications {
  /** Whether a notification sent now would arrive. Proven by a heartbeat that came back, not by an open connection. */
  isLive: () => boolean;
  subscribe: (channel: Channel, listener: (payload: string) => void) => void;
  /** Called at each change of `isLive`. On `true`, changes of the time before may have been missed. */
  onLiveChange: (listener: (live: boolean) => void) => void;
  close: () => Promise<void>;
}

interface NotificationOptions {
  /** A direct connection to PostgreSQL: LISTEN is state of a session, which a pooler in transaction mode does not keep. */
  uri: string;
  /** Asked at each new connection; without it the one of the URI counts. */
  password?: PasswordSource | undefined;
  channels: readonly Channel[];
  /** Sends the heartbeats: another connection than the listening one, as the true senders are. */
  db: Pick<Database, 'query'>;
  onError: (error: Error) => void;
}

/** Shown in `pg_stat_activity`. */
const APPLICATION_NAME = 'learnify-listen';
const CONNECT_TIMEOUT_MS = 3000;
const HEARTBEAT_INTERVAL_MS = 5000;
const HEARTBEAT_TIMEOUT_MS = 3000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/** Opens the process's one listening connection. It connects in the background, for ever again, and never throws. */
export function openNotifications(options: NotificationOptions): Notifications {
  const listener = new NotificationListener(options);
  void listener.run();
  return listener;
}

class NotificationListener implements Notifications {
  readonly #options: NotificationOptions;
  readonly #listeners = new Map<string, ((payload: string) => void)[]>();
  readonly #liveListeners: ((live: boolean) => void)[] = [];
  /** A channel of this process's own, so that the heartbeats of many processes wake none but their sender. */
  readonly #heartbeatChannel = `heartbeat_${randomUUID()}`;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #awaitedHeartbeat: { token: string; arrived: () => void } | null = null;
  #isLive = false;
  #backoffMs = FIRST_BACKOFF_MS;

  constructor(options: NotificationOptions) {
    this.#options = options;
  }

  isLive(): boolean {
    return this.#isLive;
  }

  subscribe(channel: Channel, listener: (payload: string) => void): void {
    this.#listeners.set(channel, [...(this.#listeners.get(channel) ?? []), listener]);
  }

  onLiveChange(listener: (live: boolean) => void): void {
    this.#liveListeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closing'));
    await this.#closed.promise;
  }

  async run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#session();
      } catch (error) {
        if (!signal.aborted) this.#options.onError(error instanceof Error ? error : new Error(String(error)));
      }
      this.#setLive(false);
      // Half of it is random: the processes of a cluster lose their database in the same moment.
      await sleep(this.#backoffMs * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(
        () => undefined,
      );
      this.#backoffMs = Math.min(2 * this.#backoffMs, MAX_BACKOFF_MS);
    }
    this.#closed.resolve();
  }

  /** One connection, from its opening until it is lost, falls silent, or the process closes. */
  async #session(): Promise<never> {
    const client = new Client({
      connectionString: currentUri(this.#options.uri, this.#options.password),
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    const lost = Promise.withResolvers<never>();
    // It may be rejected while nobody waits for it.
    lost.promise.catch(() => undefined);
    client.on('error', lost.reject);
    client.on('end', () => {
      lost.reject(new Error('The listening connection ended.'));
    });
    client.on('notification', ({ channel, payload }) => {
      this.#receive(channel, payload ?? '');
    });
    const { signal } = this.#closing;
    const close = (): void => {
      lost.reject(signal.reason);
    };
    signal.addEventListener('abort', close);
    try {
      await Promise.race([client.connect(), lost.promise]);
      for (const channel of [...this.#options.channels, this.#heartbeatChannel]) {
        await client.query(`LISTEN ${escapeIdentifier(channel)}`);
      }
      for (;;) {
        await Promise.race([this.#heartbeat(), lost.promise]);
        this.#backoffMs = FIRST_BACKOFF_MS;
        this.#setLive(true);
        await Promise.race([sleep(HEARTBEAT_INTERVAL_MS, undefined, { ref: false }), lost.promise]);
      }
    } finally {
      signal.removeEventListener('abort', close);
      // A connection that hangs would keep `end` waiting for its goodbye.
      await withTimeout(client.end(), CONNECT_TIMEOUT_MS, 'no goodbye').catch(() => undefined);
    }
  }

  /** @throws when a notification sent by somebody else does not come through this connection. */
  async #heartbeat(): Promise<void> {
    const token = randomUUID();
    const arrival = Promise.withResolvers<void>();
    this.#awaitedHeartbeat = { token, arrived: arrival.resolve };
    const roundTrip = Promise.all([
      this.#options.db.query(
        sql.typeAlias('void')`SELECT FROM pg_notify(${this.#heartbeatChannel}::text, ${token}::text)`,
      ),
      arrival.promise,
    ]);
    await withTimeout(roundTrip, HEARTBEAT_TIMEOUT_MS, 'Notifications do not arrive; is there a pooler in between?');
  }

  #receive(channel: string, payload: string): void {
    if (channel === this.#heartbeatChannel) {
      if (payload === this.#awaitedHeartbeat?.token) this.#awaitedHeartbeat.arrived();
      return;
    }
    for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
  }

  #setLive(live: boolean): void {
    if (live === this.#isLive) return;
    this.#isLive = live;
    for (const listener of this.#liveListeners) listener(live);
  }
}
