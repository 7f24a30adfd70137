import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { QueueDepth } from '../contracts/ops.contract.ts';

export type JobResult = 'completed' | 'retried' | 'postponed' | 'failed' | 'cancelled';

export interface QueueMetrics {
  depth: (depth: QueueDepth) => void;
  waited: (queue: string, seconds: number) => void;
  finished: (queue: string, result: JobResult, seconds: number) => void;
  recovered: (reason: 'stalled' | 'lock_lost' | 'drift' | 'quarantined') => void;
  outboxLag: (seconds: number) => void;
  drift: (runs: number) => void;
}

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** The `queue_*`, `job_*` and `outbox_*` metrics. */
export function createQueueMetrics(registry: Registry): QueueMetrics {
  const registers = [registry];
  const jobs = new Gauge({ name: 'queue_jobs', help: 'Jobs by state', labelNames: ['queue', 'state'], registers });
  const oldest = new Gauge({
    name: 'queue_oldest_job_age_seconds',
    help: 'Age of the oldest job that could run',
    labelNames: ['queue'],
    registers,
  });
  const wait = new Histogram({
    name: 'queue_job_wait_seconds',
    help: 'Time from enqueueing a job to starting it',
    labelNames: ['queue'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const duration = new Histogram({
    name: 'queue_job_duration_seconds',
    help: 'Time a job was worked on',
    labelNames: ['queue', 'result'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const recoveries = new Counter({
    name: 'job_recoveries_total',
    help: 'Jobs brought back after a fault of the platform',
    labelNames: ['reason'],
    registers,
  });
  const lag = new Gauge({
    name: 'outbox_lag_seconds',
    help: 'Age of the oldest requested job that is not in its queue',
    registers,
  });
  const drift = new Gauge({
    name: 'queue_drift',
    help: 'Unfinished work found without a live job in the last comparison',
    registers,
  });
  return {
    depth: ({ queue, waiting, active, delayed, prioritized, failed, oldestWaitingMs }) => {
      for (const [state, value] of Object.entries({ waiting, active, delayed, prioritized, failed }))
        jobs.set({ queue, state }, value);
      oldest.set({ queue }, oldestWaitingMs / 1000);
    },
    waited: (queue, seconds) => {
      wait.observe({ queue }, seconds);
    },
    finished: (queue, result, seconds) => {
      duration.observe({ queue, result }, seconds);
    },
    recovered: (reason) => {
      recoveries.inc({ reason });
    },
    outboxLag: (seconds) => {
      lag.set(seconds);
    },
    drift: (runs) => {
      drift.set(runs);
    },
  };
}
