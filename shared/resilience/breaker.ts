export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * What an error says of the other side: that it is there at least (`success`), that it may be out of order (`failure`), that it is and
 * every further call would end the same (`fatal`), or nothing.
 */
export type Judgement = 'success' | 'failure' | 'fatal' | 'nothing';

interface BreakerOptions {
  /** Failures among the calls of this long that open the breaker, when they are half of those calls at least. */
  failures: number;
  windowMs: number;
  /** How long nothing is called once it is open; then one call at a time is let through, as a probe. */
  openMs: number;
  judge: (error: unknown) => Judgement;
  onChange: (state: BreakerState) => void;
  /** The other side is well again after it was not. */
  onClose: () => void;
  now?: () => number;
}

/** Nothing was called: the other side is out of order. */
export class BreakerOpen extends Error {
  constructor() {
    super('the circuit breaker is open');
    this.name = 'BreakerOpen';
  }
}

/**
 * Keeps calls away from a service that is out of order, and finds out when it is well again.
 * Calls that began before the breaker changed its state say nothing about the state after.
 */
export class Breaker {
  readonly #options: Required<BreakerOptions>;
  #state: BreakerState = 'closed';
  #calls: { at: number; failed: boolean }[] = [];
  #openUntil = 0;
  #isProbing = false;
  /** Raised with every change of state. */
  #era = 0;

  constructor(options: BreakerOptions) {
    this.#options = { now: () => performance.now(), ...options };
    options.onChange('closed');
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** @throws BreakerOpen without calling anything; whatever the operation throws. */
  async run<Value>(operation: () => Promise<Value>): Promise<Value> {
    const era = this.#enter();
    try {
      const value = await operation();
      this.#record(era, 'success');
      return value;
    } catch (error) {
      this.#record(era, this.#options.judge(error));
      throw error;
    }
  }

  #enter(): number {
    if (this.#state === 'open') {
      if (this.#options.now() < this.#openUntil) throw new BreakerOpen();
      this.#become('half-open');
    }
    if (this.#state === 'half-open') {
      if (this.#isProbing) throw new BreakerOpen();
      this.#isProbing = true;
    }
    return this.#era;
  }

  #record(era: number, judgement: Judgement): void {
    if (era !== this.#era) return;
    if (judgement === 'fatal') return this.#open();
    if (this.#state === 'half-open') return this.#recordProbe(judgement);
    if (judgement === 'nothing') return;
    const now = this.#options.now();
    this.#calls.push({ at: now, failed: judgement === 'failure' });
    this.#calls = this.#calls.filter(({ at }) => at > now - this.#options.windowMs);
    const failed = this.#calls.filter((call) => call.failed).length;
    if (failed >= this.#options.failures && failed * 2 >= this.#calls.length) this.#open();
  }

  #recordProbe(judgement: Judgement): void {
    this.#isProbing = false;
    if (judgement === 'failure') return this.#open();
    if (judgement === 'nothing') return;
    this.#become('closed');
    this.#options.onClose();
  }

  #open(): void {
    this.#openUntil = this.#options.now() + this.#options.openMs;
    this.#become('open');
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#era += 1;
    this.#calls = [];
    this.#isProbing = false;
    this.#options.onChange(state);
  }
}
