import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { openWorker } from './in-process.ts';
import { awaitMail, readMailbox, type ReadMail } from './mailbox.ts';
import type { ProcessEnvironment } from './processes.ts';

export interface MailWorker {
  /** Waits for the newest mail to an address, and for as many before it. */
  mailTo: (address: string, count?: number) => Promise<ReadMail>;
  /** Waits for the newest mail with a subject, and for as many before it; those about something else come in whatever order. */
  mailAbout: (address: string, subject: string, count?: number) => Promise<ReadMail>;
  /** All that were sent to an address so far. */
  mailsTo: (address: string) => ReadMail[];
  close: () => Promise<void>;
}

/** A worker for mails alone, with a folder of its own. */
export async function openMailWorker(environment: ProcessEnvironment): Promise<MailWorker> {
  const dir = mkdtempSync(join(tmpdir(), 'learnify-test-mails-'));
  const extra = { WORKER_QUEUES: 'mail', MAIL_DIR: dir, MAILS_PER_RECIPIENT_PER_HOUR: '100', ...environment.extra };
  const worker = await openWorker({ ...environment, extra });
  const mailsTo = (address: string): ReadMail[] => readMailbox(dir).filter(({ to }) => to === address);
  return {
    mailTo: (address, count) => awaitMail(dir, address, count),
    mailAbout: (address, subject, count = 1) =>
      eventually(`mail ${count} about “${subject}”`, () => {
        const found = mailsTo(address).filter((mail) => mail.subject === subject);
        return found.length >= count ? found.at(-1) : null;
      }),
    mailsTo,
    close: async () => {
      await worker.close();
      rmSync(dir, { recursive: true });
    },
  };
}
