import { Gauge, Histogram, type Registry } from 'prom-client';
import type { DatabasePool, Interceptor } from 'slonik';

export interface DatabaseMetrics {
  watchPool: (pool: Pick<DatabasePool, 'state'>) => void;
  observeQuery: (queryType: string, seconds: number) => void;
  observeWait: (seconds: number) => void;
}

/** The `db_*` metrics. */
export function createDatabaseMetrics(registry: Registry): DatabaseMetrics {
  const registers = [registry];
  let state: DatabasePool['state'] | undefined;
  new Gauge({
    name: 'db_connections_open',
    help: 'Connections of the pool, in use or idle',
    registers,
    collect() {
      const pool = state?.();
      this.set(pool === undefined ? 0 : pool.acquiredConnections + pool.idleConnections);
    },
  });
  new Gauge({
    name: 'db_connections_idle',
    help: 'Connections of the pool that nobody uses',
    registers,
    collect() {
      this.set(state?.().idleConnections ?? 0);
    },
  });
  const wait = new Histogram({
    name: 'db_connections_wait_duration_seconds',
    help: 'Time from asking the pool for a connection to having it',
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 3],
    registers,
  });
  const duration = new Histogram({
    name: 'db_query_duration_seconds',
    help: 'Time from sending a query to having its rows',
    labelNames: ['query_type'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  return {
    watchPool: (pool) => {
      state = pool.state;
    },
    observeQuery: (queryType, seconds) => {
      duration.observe({ query_type: queryType }, seconds);
    },
    observeWait: (seconds) => {
      wait.observe(seconds);
    },
  };
}

/** Feeds the metrics from the pool's own events. */
export function observeDatabase(metrics: DatabaseMetrics): Interceptor {
  const askedAt = new WeakMap<object, number>();
  const sentAt = new WeakMap<object, number>();
  return {
    name: 'observe-database',
    beforePoolConnection: (context) => {
      askedAt.set(context, performance.now());
      return null;
    },
    afterPoolConnection: (context) => {
      const asked = askedAt.get(context);
      if (asked !== undefined) metrics.observeWait((performance.now() - asked) / 1000);
      return null;
    },
    beforeQueryExecution: (context) => {
      sentAt.set(context, performance.now());
      return null;
    },
    afterQueryExecution: (context, _query, result) => {
      const sent = sentAt.get(context);
      if (sent !== undefined)
        metrics.observeQuery(result.command?.toLowerCase() ?? 'other', (performance.now() - sent) / 1000);
      return null;
    },
  };
}
