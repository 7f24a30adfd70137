const NANOSECONDS_PER_MS = 1_000_000n;

/** The clocks that an instance sees. The time of day stands still at a moment, in milliseconds since the epoch, or runs when that is null. */
export class WasiClock {
  readonly #fixedNs: bigint | null;

  constructor(fixedMs: number | null) {
    this.#fixedNs = fixedMs === null ? null : BigInt(Math.round(fixedMs)) * NANOSECONDS_PER_MS;
  }

  /** Nanoseconds. */
  now(clock: 'realtime' | 'monotonic' | 'cpu'): bigint {
    if (clock === 'monotonic') return process.hrtime.bigint();
    if (clock === 'realtime') return this.#fixedNs ?? BigInt(Date.now()) * NANOSECONDS_PER_MS;
    const { user, system } = process.threadCpuUsage();
    return BigInt(user + system) * 1000n;
  }
}

/** Fills bytes with the same numbers in every instance: a run can be repeated (xorshift32). */
export function seededRandom(): (bytes: Uint8Array) => void {
  let state = 0x9e3779b9;
  return (bytes) => {
    for (let index = 0; index < bytes.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[index] = state & 0xff;
    }
  };
}
