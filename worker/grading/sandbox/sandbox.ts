import type { WarmEngine } from '../../../shared/config/worker.config.ts';
import { ExclusiveLane } from '../exclusive-lane.ts';
import type { EngineName, PythonEngine } from './engines/engine.ts';
import type { Isolation } from './isolation.ts';
import { RunnerPool, type PoolHealth, type RunnerPoolHooks } from './pool.ts';

/** One run of a program, for metrics. Times in milliseconds; `waitMs` is the wait for a free runner. */
export type RunReport = {
  engine: EngineName;
  result: 'completed' | 'retried' | 'failed';
  wallMs: number;
  waitMs: number;
  cpuMs: number;
};

export type SandboxHooks = RunnerPoolHooks & {
  onRun?: (report: RunReport) => void;
  /** A run was stretched by load and is repeated with nothing beside it. */
  onRepeatAlone?: (engine: EngineName) => void;
};

export type SandboxOptions = {
  /** Programs of one engine that run at the same time; how many there are of all engines together is for the caller to bound. */
  size: number;
  spare?: number;
  isolation: Isolation;
  /** Default: the portable one. */
  python?: PythonEngine;
  /** Engines whose runners are started at once; the others when they are first needed. Default: none. */
  warm?: readonly EngineName[];
  recycleAfter?: number;
  idleMs?: number;
  hooks?: SandboxHooks;
};

export type EngineHealth = PoolHealth & { engine: EngineName };

export type SandboxHealth = Omit<PoolHealth, 'failing'> & { isolation: Isolation; engines: readonly EngineHealth[] };

/** Everything that runs learner code in this process: a pool of runners for each engine. */
export class Sandbox {
  readonly python: PythonEngine;
  readonly isolation: Isolation;
  readonly hooks: SandboxHooks;
  /** Programs run side by side, but for those that are repeated because the machine was busy. */
  readonly lane = new ExclusiveLane();
  readonly #options: SandboxOptions;
  readonly #pools = new Map<EngineName, RunnerPool>();

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.python = options.python ?? 'python-wasi';
    this.isolation = options.isolation;
    this.hooks = options.hooks ?? {};
    for (const engine of options.warm ?? []) this.pool(engine);
  }

  /** The runners of an engine; opened when first asked for. */
  pool(engine: EngineName): RunnerPool {
    const known = this.#pools.get(engine);
    if (known !== undefined) return known;
    const { size, spare, isolation, recycleAfter, idleMs, warm = [], hooks } = this.#options;
    const pool = new RunnerPool({
      engine,
      size,
      isolation,
      ...(spare === undefined ? {} : { spare }),
      ...(recycleAfter === undefined ? {} : { recycleAfter }),
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(warm.includes(engine) ? {} : { warm: 0 }),
      ...(hooks === undefined ? {} : { hooks }),
    });
    this.#pools.set(engine, pool);
    return pool;
  }

  /**
   * `ready`: a program of any engine that is kept warm finds a runner now, as soon as one is free, or as soon as it has started; programs of one
   * engine at least need not wait for a start.
   */
  health(): SandboxHealth {
    const engines = [...this.#pools].map(([engine, pool]) => ({ engine, ...pool.health() }));
    const sum = (count: (health: PoolHealth) => number) => engines.reduce((total, health) => total + count(health), 0);
    const warm = engines.filter(({ engine }) => this.#options.warm?.includes(engine));
    return {
      ready: warm.some(({ ready }) => ready) && warm.every(({ ready, failing }) => ready || !failing),
      idle: sum(({ idle }) => idle),
      busy: sum(({ busy }) => busy),
      starting: sum(({ starting }) => starting),
      isolation: this.isolation,
      engines,
    };
  }

  /** Process ids of the runners that are running a program, for operators and tests; each leads a process group. */
  busyPids(): number[] {
    return [...this.#pools.values()].flatMap((pool) => pool.busyPids());
  }

  /** Ends all runners, also busy ones, and resolves when no process is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }
}

/** The engines that a worker keeps ready, of the names in its configuration. */
export function warmEngines(names: readonly WarmEngine[], python: PythonEngine): EngineName[] {
  return names.map((name) => (name === 'python' ? python : name));
}
