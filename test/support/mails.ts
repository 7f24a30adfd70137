import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { createMailMetrics } from '../../shared/observability/mail.metrics.ts';
import { mailQueue } from '../../shared/queues/mail.queue.ts';
import type { OutboxRow } from '../../shared/queues/outbox.repository.ts';
import { createMailProcess } from '../../worker/mail/mail.processor.ts';
import { openMailTransport } from '../../worker/mail/open-mail-transport.ts';
import type { WorkerDeps } from '../../worker/processor.ts';

const MailRecord = z.strictObject({
  outcome: z.string().nullable(),
  dispatch: z.number(),
  recipient: z.string(),
  user_id: z.string().nullable(),
  account_request_id: z.string().nullable(),
});

/** What the database knows of a mail; null when it is gone. */
export function findMail(db: Database, id: string): Promise<z.infer<typeof MailRecord> | null> {
  return db.maybeOne(sql.type(MailRecord)`
    SELECT outcome, dispatch, recipient, user_id, account_request_id FROM mails WHERE id = ${id}`);
}

export async function outcomeOf(db: Database, id: string): Promise<string | null> {
  return (await findMail(db, id))?.outcome ?? null;
}

/** Makes a mail look as if it had been asked for, and settled if it was, so long ago. */
export async function ageMail(db: Database, id: string, hours: number): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE mails SET created_at = created_at - make_interval(hours => ${hours}), settled_at = settled_at - make_interval(hours => ${hours})
    WHERE id = ${id}`);
}

/** The id of the mail that a request for one is about. */
export function mailIdOf(row: OutboxRow): string {
  return mailQueue.jobs.send.parse(row.payload).mailId;
}

export interface MailBench {
  /** Does the job of a mail, as its queue would. */
  send: (
    mailId: string,
    options?: { dispatch?: number; isLastAttempt?: boolean; signal?: AbortSignal },
  ) => Promise<void>;
  metrics: () => Promise<string>;
  /** Everything that was logged. */
  log: () => string;
  close: () => void;
}

/** The mail processor in this process, as a worker's settings make it, without a queue. */
export function openMailBench(deps: WorkerDeps, settings: Partial<WorkerDeps['config']>): MailBench {
  const config = { ...deps.config, ...settings };
  const registry = new Registry();
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const transport = openMailTransport(config, 2);
  const log = pino({ level: 'debug' }, sink);
  const process = createMailProcess({ ...deps, config, log, transport, mailMetrics: createMailMetrics(registry) });
  return {
    send: async (mailId, { dispatch = 1, isLastAttempt = false, signal = AbortSignal.timeout(30_000) } = {}) => {
      const job = { id: newId(), name: 'send', payload: { mailId, dispatch }, isLastAttempt } as const;
      try {
        await process(job, signal);
      } catch (error) {
        // As the queue does.
        log.warn({ err: error }, 'job retried');
        throw error;
      }
    },
    metrics: () => registry.metrics(),
    log: () => lines.join(''),
    close: () => transport.close(),
  };
}

/** A folder for mails, in the one that global setup removes. */
export function makeMailDir(): string {
  return mkdtempSync(join(process.env['LEARNIFY_TEST_MAIL'] ?? tmpdir(), 'box-'));
}
