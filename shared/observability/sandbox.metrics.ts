import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface SandboxMetrics {
  graded: (verdict: string, engine: string, seconds: number) => void;
  recycled: (reason: string, engine: string) => void;
  waited: (engine: string, seconds: number) => void;
  repeatedAlone: (engine: string) => void;
  isolation: (layer: string) => void;
  /** How many runners there are, read at each scrape. */
  watchRunners: (read: () => readonly RunnerCounts[]) => void;
}

interface RunnerCounts {
  engine: string;
  idle: number;
  busy: number;
  starting: number;
}

export function createSandboxMetrics(registry: Registry): SandboxMetrics {
  const registers = [registry];
  const runs = new Counter({
    name: 'sandbox_runs_total',
    help: 'Programs graded',
    labelNames: ['verdict', 'engine'],
    registers,
  });
  const duration = new Histogram({
    name: 'sandbox_run_duration_seconds',
    help: 'Time to grade a program, waiting for a runner included',
    labelNames: ['engine'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60],
    registers,
  });
  const wait = new Histogram({
    name: 'sandbox_runner_wait_seconds',
    help: 'Time a program waited for a free runner',
    labelNames: ['engine'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const recycles = new Counter({
    name: 'sandbox_recycles_total',
    help: 'Runners ended, most of them to be replaced',
    labelNames: ['reason', 'engine'],
    registers,
  });
  const repeats = new Counter({
    name: 'sandbox_runs_repeated_alone_total',
    help: 'Programs that were run again with nothing beside them, since the machine was too busy to judge their time',
    labelNames: ['engine'],
    registers,
  });
  const layer = new Gauge({
    name: 'sandbox_isolation_layer',
    help: '1 for the isolation layer in force',
    labelNames: ['layer'],
    registers,
  });
  return {
    graded: (verdict, engine, seconds) => {
      runs.inc({ verdict, engine });
      duration.observe({ engine }, seconds);
    },
    recycled: (reason, engine) => {
      recycles.inc({ reason, engine });
    },
    waited: (engine, seconds) => {
      wait.observe({ engine }, seconds);
    },
    repeatedAlone: (engine) => {
      repeats.inc({ engine });
    },
    isolation: (active) => {
      layer.set({ layer: active }, 1);
    },
    watchRunners: (read) => {
      new Gauge({
        name: 'sandbox_runners',
        help: 'Processes that run programs',
        labelNames: ['engine', 'state'],
        registers,
        collect() {
          for (const { engine, idle, busy, starting } of read()) {
            this.set({ engine, state: 'idle' }, idle);
            this.set({ engine, state: 'busy' }, busy);
            this.set({ engine, state: 'starting' }, starting);
          }
        },
      });
    },
  };
}
