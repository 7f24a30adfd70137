import { Client, Pool, type ClientConfig, type PoolConfig } from 'pg';
import { currentUri, type PasswordSource } from '../config/database-password.ts';

/** The schema of BullMQ's PostgreSQL backend. */
const SCHEMA = 'bullmq';

/**
 * A pool for BullMQ's PostgreSQL backend, to be shared by all queues and workers of a process.
 * Each worker keeps one connection of it for LISTEN. The password is asked for at each new connection; without it the one of the URI counts.
 */
export function createPool(uri: string, config: Pick<PoolConfig, 'max'>, password?: PasswordSource): Pool {
  // A password function beside a URI is not heard: pg lets the URI's absent password win. So each connection gets a URI of its own.
  class ClientOfNow extends Client {
    constructor(options?: ClientConfig) {
      super({ ...options, connectionString: currentUri(uri, password) });
    }
  }
  return new Pool({ ...config, Client: ClientOfNow, options: `-c search_path=${SCHEMA}`, keepAlive: true });
}
