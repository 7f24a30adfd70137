/**
 * Lets ordinary work run side by side and quarantined work run alone: work that killed its worker twice
 * shall take no neighbour with it the third time.
 */
export class ExclusiveLane {
  #shared = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  /** Runs beside others, after any work that asked to be alone before. */
  async beside<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#alone;
    const running = work();
    const settled = running.catch(() => undefined);
    this.#shared.add(settled);
    try {
      return await running;
    } finally {
      this.#shared.delete(settled);
    }
  }

  /** Waits for what runs, then runs with nothing beside it. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#alone;
    const turn = (async () => {
      await before;
      await Promise.all(this.#shared);
      return work();
    })();
    this.#alone = turn.catch(() => undefined);
    return turn;
  }
}
