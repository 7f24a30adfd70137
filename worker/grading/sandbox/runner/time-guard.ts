import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EngineLimits } from '../limits.ts';
import { residentKb } from './process-memory.ts';

/** Cells of the memory that the guard's thread and the guarded one share. Times in milliseconds, `rssLimit` in KB, 0 for none. */
export const CELL = { state: 0, cpuLimit: 1, wallLimit: 2, cpuStart: 3, wallStart: 4, slept: 5, rssLimit: 6 } as const;
export const STATE = { idle: 0, armed: 1, expired: 2 } as const;

/** `state` as an integer, for Atomics; the rest as floats, written before the state is. */
export type GuardCells = { state: Int32Array; times: Float64Array };

export function guardCells(buffer: SharedArrayBuffer): GuardCells {
  return { state: new Int32Array(buffer, 0, 1), times: new Float64Array(buffer) };
}

/**
 * Time limits for an engine that nothing can interrupt: a thread of its own watches the clock, and when a limit has passed it sends the
 * outcome in the engine's stead. That outcome is `spent`: whoever gets it kills the runner. Cpu time is that of the whole process.
 */
export class TimeGuard {
  readonly #cells: GuardCells;
  #cpuStart = 0;
  #wallStart = 0;

  private constructor(cells: GuardCells) {
    this.#cells = cells;
  }

  static async start(): Promise<TimeGuard> {
    const buffer = new SharedArrayBuffer(8 * Object.keys(CELL).length);
    const thread = new Worker(new URL('./time-guard-thread.ts', import.meta.url), { workerData: buffer });
    await once(thread, 'message');
    thread.unref();
    return new TimeGuard(guardCells(buffer));
  }

  /**
   * Starts the clock of one step. Where an engine has no memory limit of its own, the peak of the whole process may grow by so many bytes
   * meanwhile.
   */
  arm({ cpuMs, wallMs }: Pick<EngineLimits, 'cpuMs' | 'wallMs'>, mayGrowBytes?: number): void {
    const { state, times } = this.#cells;
    this.#cpuStart = threadCpuMs();
    this.#wallStart = performance.now();
    times[CELL.cpuLimit] = cpuMs;
    times[CELL.wallLimit] = wallMs;
    times[CELL.cpuStart] = processCpuMs();
    times[CELL.wallStart] = performance.timeOrigin + this.#wallStart;
    times[CELL.slept] = 0;
    times[CELL.rssLimit] = mayGrowBytes === undefined ? 0 : residentKb() + mayGrowBytes / 1024;
    Atomics.store(state, 0, STATE.armed);
    Atomics.notify(state, 0);
  }

  /**
   * Stops the clock and answers what the step took, in milliseconds, cpu time of this thread only. Where the guard was quicker it never
   * returns: the outcome is sent already, and the runner is about to be killed.
   */
  disarm(): { cpuMs: number; wallMs: number } {
    const { state } = this.#cells;
    const before = Atomics.compareExchange(state, 0, STATE.armed, STATE.idle);
    if (before === STATE.expired) for (;;) Atomics.wait(state, 0, STATE.expired);
    return { cpuMs: round(threadCpuMs() - this.#cpuStart), wallMs: round(performance.now() - this.#wallStart) };
  }

  /** Time that the program chose to sleep is no sign of a busy machine. To be told before the sleep. */
  willSleep(milliseconds: number): void {
    const { times } = this.#cells;
    times[CELL.slept] = (times[CELL.slept] ?? 0) + milliseconds;
  }
}

export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function round(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds * 10) / 10);
}
