import { Pool, type PoolConfig } from 'pg';

/** The schema of BullMQ's PostgreSQL backend. */
const SCHEMA = 'bullmq';

/**
 * A pool for BullMQ's PostgreSQL backend, to be shared by all queues and workers of a process.
 * Each worker keeps one connection of it for LISTEN.
 */
export function createPool(uri: string, config: Pick<PoolConfig, 'max'>): Pool {
  return new Pool({ connectionString: uri, ...config, options: `-c search_path=${SCHEMA}`, keepAlive: true });
}
