import {
  createPostgresBackend,
  createRedisBackend,
  Queue,
  Worker,
  type IQueueBackend,
  type PgPool,
  type Processor,
  type WorkerOptions,
} from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { Pool } from 'pg';
import type { PasswordSource } from '../config/database-password.ts';
import type { QueueDefinition } from './define-queue.ts';
import { createPool } from './postgres-backend.ts';
import { QueueName } from './queue-name.ts';
import { QUEUES } from './queues.ts';

/**
 * The connection profiles: a producer answers a request, so it fails at once while the backend is away;
 * a consumer waits for the backend for ever.
 */
export type BackendRole = 'producer' | 'consumer';

interface BackendOptions {
  role: BackendRole;
  redisUrl: string | undefined;
  databaseUri: string;
  /** Asked at each new connection to PostgreSQL; without it the one of the URI counts. */
  databasePassword?: PasswordSource | undefined;
  prefix: string;
  onError: (error: Error) => void;
}

type TunedWorkerOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/** Where the queues live: Redis in production, BullMQ's PostgreSQL backend where there is no Redis. */
export interface QueueBackend {
  readonly kind: 'redis' | 'postgres';
  /** Whether a command would be sent now rather than fail or wait. */
  isReady: () => boolean;
  /** @throws when the backend does not answer. */
  ping: () => Promise<void>;
  queue: (name: QueueName) => Queue;
  /** `onFetch` is called each time the worker has asked the backend for a job and got an answer, be it "none". */
  createWorker: (
    definition: QueueDefinition,
    processor: Processor,
    options: TunedWorkerOptions,
    onFetch: () => void,
  ) => Worker;
  close: () => Promise<void>;
}

/** Connects the queues of a process. Nothing is fetched before `createWorker`. Workers are closed by who made them. */
export function openQueueBackend(options: BackendOptions): QueueBackend {
  const backend = options.redisUrl === undefined ? openPostgres(options) : openRedis(options, options.redisUrl);
  const queues = new Map(QueueName.options.map((name) => [name, openQueue(name, backend, options)]));
  return {
    kind: backend.kind,
    isReady: backend.isReady,
    ping: backend.ping,
    queue: (name) => {
      const queue = queues.get(name);
      if (queue === undefined) throw new TypeError(`There is no queue named ${name}.`);
      return queue;
    },
    createWorker: (definition, processor, workerOptions, onFetch) => {
      const factory: typeof createRedisBackend = (...args) => reportFetches(backend.factory(...args), onFetch);
      return new Worker(
        definition.name,
        processor,
        { ...workerOptions, connection: backend.connection, prefix: options.prefix },
        factory,
      );
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await backend.close();
    },
  };
}

interface Connected extends Pick<QueueBackend, 'kind' | 'isReady' | 'ping' | 'close'> {
  connection: Redis;
  factory: typeof createRedisBackend;
}

function openRedis({ role, onError }: BackendOptions, url: string): Connected {
  const redis = new Redis(url, REDIS_PROFILES[role]);
  redis.on('error', onError);
  return {
    kind: 'redis',
    connection: redis,
    factory: createRedisBackend,
    isReady: () => redis.status === 'ready',
    ping: async () => {
      if (redis.status !== 'ready') throw new Error(`The connection to Redis is ${redis.status}.`);
      await redis.ping();
    },
    close: async () => {
      redis.disconnect();
      await Promise.resolve();
    },
  };
}

/** The default back-off left a producer down for 18 s after Redis was back. */
const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times, 5), 1000);

const REDIS_PROFILES = {
  producer: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
    commandTimeout: 2000,
    retryStrategy,
  },
  consumer: { maxRetriesPerRequest: null, connectTimeout: 5000, retryStrategy },
} as const satisfies Record<BackendRole, RedisOptions>;

/** One pool serves all queues and workers of a process; every worker keeps one connection of it for LISTEN. */
const POSTGRES_POOL_MAX = { producer: 3, consumer: 5 + QueueName.options.length } as const satisfies Record<
  BackendRole,
  number
>;

function openPostgres({ role, databaseUri, databasePassword, onError }: BackendOptions): Connected {
  const pool = createPool(databaseUri, { max: POSTGRES_POOL_MAX[role] }, databasePassword);
  pool.on('error', onError);
  // Every queue and every worker listens for errors of the pool that they share.
  pool.setMaxListeners(4 * QueueName.options.length + 10);
  return {
    kind: 'postgres',
    // BullMQ's types know only Redis connections at this place; the PostgreSQL factory takes the pool.
    connection: pool as unknown as Redis,
    factory: postgresFactory(pool),
    isReady: () => true,
    ping: async () => {
      await pool.query('SELECT 1');
    },
    close: () => pool.end(),
  };
}

function postgresFactory(pool: Pool): typeof createRedisBackend {
  const factory = (...[name, options, placement]: Parameters<typeof createRedisBackend>): IQueueBackend =>
    createPostgresBackend(name, { ...options, connection: pool as unknown as PgPool }, placement);
  return factory as unknown as typeof createRedisBackend;
}

function openQueue(name: QueueName, { connection, factory }: Connected, { prefix, onError }: BackendOptions): Queue {
  const { attempts, backoff, retention } = QUEUES[name];
  const queue = new Queue(
    name,
    {
      connection,
      prefix,
      defaultJobOptions: {
        attempts,
        backoff: { type: 'exponential', delay: backoff.delayMs, jitter: backoff.jitter },
        // Pruned by maintenance: `{ count }` and `{ age }` make finishing jobs deadlock on the PostgreSQL backend.
        removeOnComplete: retention.completedMs === 0,
        removeOnFail: retention.failedMs === 0,
      },
    },
    factory,
  );
  queue.on('error', onError);
  return queue;
}

/** A worker's `isRunning()` and its pings can look healthy while it fetches nothing; what it fetches cannot. */
function reportFetches<Backend extends IQueueBackend>(backend: Backend, onFetch: () => void): Backend {
  const moveToActive = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...args) => {
    const fetched: unknown[] = await moveToActive(...args);
    onFetch();
    return fetched;
  };
  return backend;
}
