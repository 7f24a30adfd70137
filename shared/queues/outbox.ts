import type { DatabasePool } from 'slonik';
import type { Logger } from 'pino';
import { newId } from '../db/id.ts';
import type { Database } from '../db/pool.ts';
import { withTimeout } from '../resilience/deadline.ts';
import type { QueueBackend } from './backend.ts';
import { deleteOutboxRows, insertOutboxRow, lockUnsentRows, OutboxRow } from './outbox.repository.ts';
import type { QueueName } from './queue-name.ts';
import { parseJob, type JobName, type JobPayload } from './queues.ts';

/** How long the process that wrote a row has to send it before the relay does. */
const RELAY_AFTER_MS = 1000;
export const RELAY_BATCH = 500;
const SEND_TIMEOUT_MS = 2000;

interface JobRequest<Name extends QueueName, Job extends JobName<Name>> {
  queue: Name;
  job: Job;
  payload: JobPayload<Name, Job>;
  jobId: string;
  /** 0 is served first. */
  priority?: number;
}

/**
 * Asks for a job in the transaction of the change that needs it. No queue can be written in a PostgreSQL transaction,
 * so the request is a row; `Dispatcher.send` after the commit, or the relay, hands it to the queue.
 *
 * @throws z.ZodError when the payload breaks the queue's contract.
 */
export async function requestJob<Name extends QueueName, Job extends JobName<Name>>(
  tx: Database,
  request: JobRequest<Name, Job>,
): Promise<OutboxRow> {
  const { payload } = parseJob(request.queue, request.job, request.payload);
  const row: OutboxRow = {
    id: newId(),
    queue: request.queue,
    job_name: request.job,
    job_id: request.jobId,
    payload: OutboxRow.shape.payload.parse(payload),
    priority: request.priority ?? 0,
  };
  await insertOutboxRow(tx, row);
  return row;
}

/** Sends requested jobs right after their commit, without keeping the caller waiting. What fails is left to the relay. */
export class Dispatcher {
  readonly #db: DatabasePool;
  readonly #backend: QueueBackend;
  readonly #log: Logger;
  readonly #sending = new Set<Promise<void>>();

  constructor(db: DatabasePool, backend: QueueBackend, log: Logger) {
    this.#db = db;
    this.#backend = backend;
    this.#log = log;
  }

  send(row: OutboxRow): void {
    this.#inBackground(row.queue, row.job_id, 'job left to the outbox relay', () => this.#send(row));
  }

  /** Takes back a job that is not needed any more, if no worker has it. Should it stay, its processor finds nothing to claim. */
  withdraw(queue: QueueName, jobId: string): void {
    this.#inBackground(queue, jobId, 'job not withdrawn', async () => {
      const removed = this.#backend.queue(queue).remove(jobId);
      await withTimeout(removed, SEND_TIMEOUT_MS, `The queue ${queue} did not answer in ${SEND_TIMEOUT_MS} ms.`);
    });
  }

  /** Waits for what is being sent. */
  async close(): Promise<void> {
    await Promise.all(this.#sending);
  }

  #inBackground(queue: QueueName, jobId: string, failure: string, work: () => Promise<void>): void {
    if (!this.#backend.isReady()) return;
    const sending = work()
      .catch((error: unknown) => {
        this.#log.warn({ err: error, queue, job_id: jobId }, failure);
      })
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async #send(row: OutboxRow): Promise<void> {
    await addJobs(this.#backend, row.queue, [row]);
    await deleteOutboxRows(this.#db, [row.id]);
  }
}

/**
 * Sends what was requested but not sent: the queue was away, or the process that wrote the row died.
 * A job sent twice is harmless: it has the same id, and its processor is fenced.
 *
 * @returns how many jobs were sent.
 */
export async function relayOutbox(db: DatabasePool, backend: QueueBackend): Promise<number> {
  return db.transaction(async (tx) => {
    const rows = await lockUnsentRows(tx, RELAY_AFTER_MS, RELAY_BATCH);
    if (rows.length === 0) return 0;
    for (const [queue, requests] of Map.groupBy(rows, (row) => row.queue)) {
      await addJobs(backend, queue, requests);
    }
    await deleteOutboxRows(
      tx,
      rows.map((row) => row.id),
    );
    return rows.length;
  });
}

/** Commands to an unreachable backend can hang for seconds; the sender's patience is shorter. */
async function addJobs(backend: QueueBackend, queue: QueueName, rows: readonly OutboxRow[]): Promise<void> {
  const added = backend.queue(queue).addBulk(
    rows.map((row) => ({
      name: row.job_name,
      data: row.payload,
      opts: { jobId: row.job_id, priority: row.priority },
    })),
  );
  await withTimeout(added, SEND_TIMEOUT_MS, `The queue ${queue} did not take its jobs in ${SEND_TIMEOUT_MS} ms.`);
}
