import type { Channel, Notifications } from './notifications.ts';

interface ChangeSource {
  notifications: Notifications;
  /** Where the keys of changed things are told. */
  channel: Channel;
  /** Tells which of the watched keys may have changed since it was asked last. One bounded query, whatever their number. */
  poll: (keys: readonly string[]) => Promise<readonly string[]>;
  onError: (error: Error) => void;
}

const POLL_INTERVAL_MS = 1000;

/**
 * Hints that a thing may have changed: at once by NOTIFY, or within a second by asking the database while notifications do not come.
 * A hint is no news: whoever gets one reads the row and compares. Watch first, read after, and no change is missed.
 */
export class ChangeWatch {
  readonly #source: ChangeSource;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #timer: NodeJS.Timeout;
  /** Counts how often notifications came or went. What changed in between is told by nobody, so each time needs a poll of its own. */
  #epoch = 0;
  #caughtUpEpoch = -1;
  #polling: Promise<void> | null = null;

  constructor(source: ChangeSource) {
    this.#source = source;
    source.notifications.subscribe(source.channel, (key) => {
      this.#hint(key);
    });
    source.notifications.onLiveChange(() => {
      this.#epoch += 1;
      this.#pollIfNeeded();
    });
    this.#timer = setInterval(() => {
      this.#pollIfNeeded();
    }, POLL_INTERVAL_MS);
    this.#timer.unref();
  }

  /** @returns a function that ends the watching. */
  watch(key: string, onHint: () => void): () => void {
    const watchers = this.#watchers.get(key) ?? new Set();
    watchers.add(onHint);
    this.#watchers.set(key, watchers);
    return () => {
      watchers.delete(onHint);
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    };
  }

  /** Ends the polling and waits for a poll under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#watchers.clear();
    await this.#polling;
  }

  #pollIfNeeded(): void {
    const isCaughtUp = this.#caughtUpEpoch === this.#epoch;
    if (this.#polling !== null || (this.#source.notifications.isLive() && isCaughtUp)) return;
    // Only a poll that began after notifications came again has seen all that was missed.
    const epoch = this.#epoch;
    this.#polling = this.#poll()
      .then((succeeded) => {
        if (succeeded) this.#caughtUpEpoch = epoch;
      })
      .finally(() => {
        this.#polling = null;
      });
  }

  async #poll(): Promise<boolean> {
    if (this.#watchers.size === 0) return true;
    try {
      for (const key of await this.#source.poll([...this.#watchers.keys()])) this.#hint(key);
      return true;
    } catch (error) {
      this.#source.onError(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  #hint(key: string): void {
    for (const onHint of this.#watchers.get(key) ?? []) onHint();
  }
}
