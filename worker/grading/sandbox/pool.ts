import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName } from './engines/engine.ts';
import { engines } from './engines/engines.ts';
import type { Isolation } from './isolation.ts';
import { RunnerProcess } from './runner-process.ts';
import { SandboxError } from './sandbox-error.ts';

/**
 * Why a runner was ended. `worn_out`: it served its number of jobs; `limit`: learner code hit one; `died`: nobody asked it to; `unneeded`: it
 * had nothing to do for long.
 */
export type RecycleReason =
  'worn_out' | 'memory' | 'limit' | 'wall_clock' | 'aborted' | 'died' | 'starved' | 'unneeded';

export type RunnerPoolHooks = {
  onRecycle?: (reason: RecycleReason, engine: EngineName) => void;
  onStartFailure?: (error: Error) => void;
};

export type RunnerPoolOptions = {
  engine: EngineName;
  /** Programs that run at the same time. */
  size: number;
  /** Runners beyond that, to step in when one is recycled. Default 1. */
  spare?: number;
  /** Runners kept though nobody needs them; default as the engine says. */
  warm?: number;
  /** After so long without need, in milliseconds, a runner beyond `warm` is ended. */
  idleMs?: number;
  isolation: Isolation;
  /** Jobs after which a runner is replaced, against slow leaks. */
  recycleAfter?: number;
  hooks?: RunnerPoolHooks;
};

export type PoolHealth = {
  ready: boolean;
  /** The last start failed, or several did. */
  failing: boolean;
  idle: number;
  busy: number;
  starting: number;
};

const DEFAULT_SPARE = 1;
const DEFAULT_RECYCLE_AFTER = 500;
const DEFAULT_IDLE_MS = 60_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;
/** After so many failed starts in a row those who wait are told, instead of waiting for ever. */
const FAILED_STARTS_TOLERATED = 3;

type Waiter = { resolve: (runner: RunnerProcess) => void; reject: (error: Error) => void };

/**
 * Runner processes of one engine. Those to be kept warm are started at once, in parallel, and their number is kept up; more are started as they
 * are needed. A runner that is discarded is replaced in the background and takes no neighbour with it. Nobody waits for a start here: see
 * `health()` and `acquire()`.
 */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #hooks: RunnerPoolHooks;
  readonly #capacity: number;
  readonly #warm: number;
  readonly #idle: RunnerProcess[] = [];
  readonly #busy = new Set<RunnerProcess>();
  readonly #starting = new Set<Promise<void>>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #waiters: Waiter[] = [];
  readonly #closing = new AbortController();
  #failedStarts = 0;
  #unneeded: NodeJS.Timeout | undefined;

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    this.#hooks = options.hooks ?? {};
    this.#capacity = options.size + (options.spare ?? DEFAULT_SPARE);
    const { warm } = engines[options.engine];
    this.#warm = Math.min(this.#capacity, options.warm ?? (warm === 'every' ? this.#capacity : warm));
    this.#fill();
  }

  /**
   * A warm runner, for one program; give it back with `release` or `discard`.
   * @throws SandboxError `runner_unavailable` when runners repeatedly fail to start, `pool_closed`, or the signal's reason.
   */
  async acquire(signal: AbortSignal): Promise<RunnerProcess> {
    signal.throwIfAborted();
    if (this.#closing.signal.aborted) throw new SandboxError('pool_closed', 'the runner pool is closed');
    return new Promise<RunnerProcess>((resolve, reject) => {
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const done = () => signal.removeEventListener('abort', abort);
      const waiter: Waiter = {
        resolve: (runner) => (done(), resolve(runner)),
        reject: (error) => (done(), reject(error)),
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
      this.#serveWaiters();
      this.#fill();
    });
  }

  /** Gives back a runner that is fit for another program. */
  release(runner: RunnerProcess): void {
    if (runner.jobs >= (this.#options.recycleAfter ?? DEFAULT_RECYCLE_AFTER)) return this.discard(runner, 'worn_out');
    if (runner.peakRssKb > engines[this.#options.engine].maxRssKb) return this.discard(runner, 'memory');
    if (!runner.alive || this.#closing.signal.aborted) return this.discard(runner, 'died');
    this.#busy.delete(runner);
    // In front, so that those behind stay unused and can be let go.
    this.#idle.unshift(runner);
    this.#serveWaiters();
    this.#letGoUnneeded();
  }

  /** Ends a runner and has it replaced. */
  discard(runner: RunnerProcess, reason: RecycleReason): void {
    this.#busy.delete(runner);
    this.#end(runner);
    this.#hooks.onRecycle?.(reason, this.#options.engine);
    this.#fill();
    this.#serveWaiters();
  }

  /** `ready`: a program would find a runner now or as soon as one is free. */
  health(): PoolHealth {
    const idle = this.#idle.filter((runner) => runner.alive).length;
    const ready = idle + this.#busy.size > 0 && !this.#closing.signal.aborted;
    return { ready, failing: this.#failedStarts > 0, idle, busy: this.#busy.size, starting: this.#starting.size };
  }

  /** Process ids of the runners that are running a program, for operators and tests; each leads a process group. */
  busyPids(): number[] {
    return [...this.#busy].flatMap((runner) => runner.pid ?? []);
  }

  /** Ends all runners, also busy ones, and resolves when no process is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#unneeded);
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(new SandboxError('pool_closed', 'the runner pool was closed'));
    }
    for (const runner of [...this.#idle.splice(0), ...this.#busy]) this.#end(runner);
    await Promise.all(this.#starting);
    await Promise.all(this.#leaving);
  }

  #serveWaiters(): void {
    while (this.#waiters.length > 0 && this.#busy.size < this.#options.size) {
      const runner = this.#idle.shift();
      if (runner === undefined) return;
      if (!runner.alive) continue;
      this.#busy.add(runner);
      this.#waiters.shift()?.resolve(runner);
    }
  }

  /** Starts what is missing: the warm ones, and while there is work one for everybody who is served or waits, and the spares. */
  #fill(): void {
    if (this.#closing.signal.aborted) return;
    const served = this.#busy.size + this.#waiters.length;
    const needed = served === 0 ? 0 : served + (this.#options.spare ?? DEFAULT_SPARE);
    const wanted = Math.max(this.#warm, Math.min(this.#capacity, needed));
    for (let count = this.#idle.length + this.#busy.size + this.#starting.size; count < wanted; count++) {
      const start: Promise<void> = this.#start().finally(() => {
        this.#starting.delete(start);
        // A start that failed is tried again, after its backoff.
        this.#fill();
      });
      this.#starting.add(start);
    }
  }

  async #start(): Promise<void> {
    await this.#backOff();
    if (this.#closing.signal.aborted) return;
    try {
      const runner = await RunnerProcess.start(
        this.#options.engine,
        this.#options.isolation.layer,
        this.#closing.signal,
      );
      this.#failedStarts = 0;
      if (this.#closing.signal.aborted) return this.#end(runner);
      this.#watch(runner);
      this.#idle.push(runner);
      this.#serveWaiters();
      this.#letGoUnneeded();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#startFailed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Nothing after the first failure, then longer and longer; cut short by `close`. */
  async #backOff(): Promise<void> {
    if (this.#failedStarts === 0) return;
    const delayMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#failedStarts - 1));
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #startFailed(error: Error): void {
    this.#failedStarts += 1;
    this.#hooks.onStartFailure?.(error);
    if (this.#failedStarts < FAILED_STARTS_TOLERATED || this.#busy.size > 0) return;
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(new SandboxError('runner_unavailable', 'no runner can be started', { cause: error }));
    }
  }

  /** An idle runner that dies is replaced at once; a busy one is noticed by whoever uses it. */
  #watch(runner: RunnerProcess): void {
    void runner.exited.then(() => {
      const index = this.#idle.indexOf(runner);
      if (index < 0) return;
      this.#idle.splice(index, 1);
      this.#hooks.onRecycle?.('died', this.#options.engine);
      this.#fill();
    });
  }

  /** Ends what is beyond the warm ones once it has not been needed for a while. */
  #letGoUnneeded(): void {
    clearTimeout(this.#unneeded);
    if (this.#idle.length + this.#busy.size <= this.#warm) return;
    this.#unneeded = setTimeout(() => {
      while (this.#idle.length > 0 && this.#idle.length + this.#busy.size > this.#warm) {
        const runner = this.#idle.pop();
        if (runner !== undefined) this.discard(runner, 'unneeded');
      }
    }, this.#options.idleMs ?? DEFAULT_IDLE_MS).unref();
  }

  #end(runner: RunnerProcess): void {
    runner.kill();
    this.#leaving.add(runner.exited);
    void runner.exited.then(() => this.#leaving.delete(runner.exited));
  }
}
