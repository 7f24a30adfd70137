/** Longer than any wait for a job: an idle worker asks its backend at least every five seconds. */
const STALE_AFTER_MS = 30_000;

/**
 * Tells a worker that fetches from one that only looks alive. Pings and `isRunning()` stayed green in known outages
 * in which workers had stopped fetching for good.
 */
export class FetchMonitor {
  readonly #slots: number;
  #lastFetchAt = Date.now();
  #active = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  fetched(): void {
    this.#lastFetchAt = Date.now();
  }

  jobStarted(): void {
    this.#active += 1;
  }

  jobEnded(): void {
    this.#active -= 1;
    this.#lastFetchAt = Date.now();
  }

  /** A worker with all slots taken has no reason to fetch. */
  isFetching(): boolean {
    return this.#active >= this.#slots || Date.now() - this.#lastFetchAt < STALE_AFTER_MS;
  }
}
