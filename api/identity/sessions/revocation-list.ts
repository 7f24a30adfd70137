import { setTimeout as sleep } from 'node:timers/promises';
import { CHANNELS, type Notifications } from '../../../shared/db/notifications.ts';
import type { Database } from '../../../shared/db/pool.ts';
import {
  listRevocations,
  type RevocationKind,
  type RevocationRow,
} from '../../../shared/identity/revocation.repository.ts';

/** What a revocation is compared with: whose the access token is, and when it was made, in milliseconds since 1970. */
export interface JudgedToken {
  readonly userId: string;
  readonly sessionId: string;
  readonly issuedAtMs: number;
}

export interface RevocationListOptions {
  db: Database;
  /** Makes it prompt. Without, or while they do not come, polling finds everything a second later. */
  notifications: Pick<Notifications, 'subscribe'>;
  /** How long a revocation is to be known: as long as an access token lives. */
  windowSeconds: number;
  /** More sessions and users than this are not held apart: see `judge`. */
  maxEntries?: number;
  pollMs?: number;
  onError: (error: Error) => void;
}

const POLL_MS = 1000;
const MAX_ENTRIES = 500_000;
/** The clocks of this machine and of the database may differ, and a poll may be late. */
const MARGIN_SECONDS = 60;

interface UserEntry {
  endedMs: number;
  staleMs: number;
  forgetAtMs: number;
}

/**
 * The access tokens that must not be taken any more although they have not expired. Held in memory, so that no request asks the database.
 * While the database is away the list stays as it is: nobody can end a session then, and within the life of an access token the last one has
 * expired, since none can be refreshed either.
 */
export class RevocationList {
  readonly #options: RevocationListOptions;
  readonly #keepMs: number;
  readonly #maxEntries: number;
  /** When to forget each session, by its id; in about the order of that. */
  readonly #sessions = new Map<string, number>();
  readonly #users = new Map<string, UserEntry>();
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #horizon: string | null = null;
  #newestMs = 0;
  #staleUntilMs = 0;
  #polling: Promise<void> | null = null;
  #nextPoll: Promise<void> | null = null;
  #polledAtMs = 0;
  #loop: Promise<void> = Promise.resolve();

  private constructor(options: RevocationListOptions) {
    this.#options = options;
    this.#keepMs = (options.windowSeconds + MARGIN_SECONDS) * 1000;
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES;
  }

  /** @throws when the revocations in force cannot be read: without them no token can be trusted. */
  static async open(options: RevocationListOptions): Promise<RevocationList> {
    const list = new RevocationList(options);
    await list.#read();
    options.notifications.subscribe(CHANNELS.tokensRevoked, () => void list.catchUp());
    list.#loop = list.#pollForEver();
    return list;
  }

  /**
   * Whether a token was revoked; null when it was not. When more was revoked at once than the list holds, everything older is `stale`: its
   * holders have to refresh, which those whose session ended cannot.
   */
  judge({ userId, sessionId, issuedAtMs }: JudgedToken): RevocationKind | null {
    if (this.#sessions.has(sessionId)) return 'ended';
    const user = this.#users.get(userId);
    if (user !== undefined && issuedAtMs <= user.endedMs) return 'ended';
    if (user !== undefined && issuedAtMs <= user.staleMs) return 'stale';
    return issuedAtMs <= this.#staleUntilMs ? 'stale' : null;
  }

  /** Waits until all that was committed before this call is known here. A failure is reported to `onError`; the next poll makes up for it. */
  catchUp(): Promise<void> {
    if (this.#polling === null) return this.#poll();
    // The poll under way may have looked before the commit; all who come now share the one after it.
    this.#nextPoll ??= this.#polling.then(() => {
      this.#nextPoll = null;
      return this.#poll();
    });
    return this.#nextPoll;
  }

  /** Calls `tell` whenever `judge` may have another answer than before. The answer ends that. */
  onChange(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** How many sessions and users are held. */
  get size(): number {
    return this.#sessions.size + this.#users.size;
  }

  /** How long ago the database was asked with success. */
  get ageMs(): number {
    return Date.now() - this.#polledAtMs;
  }

  /** Ends the polling and waits for a poll under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    while (this.#polling !== null) await this.#polling;
  }

  async #pollForEver(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(this.#options.pollMs ?? POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
      await this.catchUp();
    }
  }

  #poll(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    this.#polling = this.#read()
      .catch((error: unknown) => {
        this.#options.onError(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        this.#polling = null;
      });
    return this.#polling;
  }

  async #read(): Promise<void> {
    const askedAtMs = Date.now();
    const windowSeconds = this.#keepMs / 1000;
    let { revocations, horizon } = await listRevocations(this.#options.db, windowSeconds, this.#horizon);
    // Another database than before, such as a restored one, counts its transactions anew.
    if (this.#horizon !== null && BigInt(horizon) < BigInt(this.#horizon)) {
      ({ revocations, horizon } = await listRevocations(this.#options.db, windowSeconds, null));
    }
    for (const revocation of revocations) this.#hold(revocation);
    this.#horizon = horizon;
    this.#polledAtMs = askedAtMs;
    this.#forget();
    if (revocations.length > 0) for (const tell of this.#listeners) tell();
  }

  #hold({ session_id: sessionId, user_id: userId, kind, revoked_at_ms: revokedAtMs }: RevocationRow): void {
    const forgetAtMs = Date.now() + this.#keepMs;
    this.#newestMs = Math.max(this.#newestMs, revokedAtMs);
    if (sessionId !== null && !this.#sessions.has(sessionId)) this.#sessions.set(sessionId, forgetAtMs);
    if (userId !== null) {
      const known = this.#users.get(userId) ?? { endedMs: 0, staleMs: 0 };
      const field = kind === 'ended' ? 'endedMs' : 'staleMs';
      if (revokedAtMs <= known[field]) return;
      this.#users.delete(userId);
      this.#users.set(userId, { ...known, [field]: revokedAtMs, forgetAtMs });
    }
  }

  #forget(): void {
    if (this.size > this.#maxEntries) {
      this.#staleUntilMs = this.#newestMs;
      this.#sessions.clear();
      this.#users.clear();
      return;
    }
    const now = Date.now();
    for (const [sessionId, forgetAtMs] of this.#sessions) {
      if (forgetAtMs > now) break;
      this.#sessions.delete(sessionId);
    }
    for (const [userId, { forgetAtMs }] of this.#users) {
      if (forgetAtMs > now) break;
      this.#users.delete(userId);
    }
  }
}
