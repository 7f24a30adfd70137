/** Why the engine must stop now. `starved`: the wall limit passed, but the machine hardly gave this thread any cpu. */
export type StopReason = 'time_limit' | 'starved' | 'output_limit';

/** Below this share of wall time spent on a cpu, a missed wall limit is blamed on the machine. */
const STARVED_CPU_SHARE = 0.5;

/**
 * Measures one load or call, and tells when its time is up. Cpu time of this thread decides, so that a loaded machine does not
 * fail a learner; wall time is only the outer bound.
 */
export class Stopwatch {
  readonly #limits: { cpuMs: number; wallMs: number };
  readonly #wallStart = performance.now();
  readonly #cpuStart = threadCpuMs();
  #nextLook: number;

  constructor(limits: { cpuMs: number; wallMs: number }) {
    this.#limits = limits;
    this.#nextLook = this.#wallStart + Math.min(limits.cpuMs, limits.wallMs);
  }

  /** Cheap enough for an interrupt handler: one thread cannot use more cpu than wall time, so cpu is read only when it may be up. */
  expired(): StopReason | null {
    const now = performance.now();
    if (now < this.#nextLook) return null;
    const cpuMs = this.cpuMs();
    if (cpuMs >= this.#limits.cpuMs) return 'time_limit';
    const wallMs = now - this.#wallStart;
    if (wallMs >= this.#limits.wallMs) return cpuMs < wallMs * STARVED_CPU_SHARE ? 'starved' : 'time_limit';
    this.#nextLook = now + Math.max(1, Math.min(this.#limits.cpuMs - cpuMs, this.#limits.wallMs - wallMs));
    return null;
  }

  cpuMs(): number {
    return threadCpuMs() - this.#cpuStart;
  }

  wallMs(): number {
    return performance.now() - this.#wallStart;
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
