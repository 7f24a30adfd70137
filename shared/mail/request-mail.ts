import { newId } from '../db/id.ts';
import type { Database } from '../db/pool.ts';
import { mailJobId, mailQueue } from '../queues/mail.queue.ts';
import { requestJob } from '../queues/outbox.ts';
import type { OutboxRow } from '../queues/outbox.repository.ts';
import { MAIL_DETAILS, type MailDetails, type MailTemplate } from './mail-template.ts';
import { insertMail, type MailDispatchRow } from './mail.repository.ts';

interface MailBasics {
  /** The address as it was typed in or as the account has it. */
  recipient: string;
  /** Whose mail it is; it goes with the account. Null where there is none, or where it must outlive it. */
  userId: string | null;
  /** What the mail's link is to finish. Of `reset_password` the worker makes it, for it alone may know whether there is an account. */
  accountRequestId?: string;
}

type Details<Template extends MailTemplate> =
  MailDetails<Template> extends Record<string, never>
    ? { details?: MailDetails<Template> }
    : { details: MailDetails<Template> };

/** A mail to be asked for: what its template tells beside is required where there is something. */
export type MailRequest = {
  [Template in MailTemplate]: MailBasics & { template: Template } & Details<Template>;
}[MailTemplate];

/**
 * Asks for a mail in the transaction of what it tells about. `Dispatcher.send` the row after the commit; the relay does it otherwise.
 *
 * @throws AppError UNAUTHENTICATED when the account is gone.
 */
export async function requestMail(
  tx: Database,
  { template, recipient, userId, accountRequestId, details }: MailRequest,
): Promise<OutboxRow> {
  const mail = { id: newId(), dispatch: 1 };
  await insertMail(tx, {
    ...mail,
    template,
    recipient,
    userId,
    accountRequestId: accountRequestId ?? null,
    details: MAIL_DETAILS[template].parse(details ?? {}),
  });
  return requestMailJob(tx, mail);
}

/** Asks for the job that sends a mail. */
export function requestMailJob(tx: Database, { id, dispatch }: MailDispatchRow): Promise<OutboxRow> {
  return requestJob(tx, {
    queue: mailQueue.name,
    job: 'send',
    payload: { mailId: id, dispatch },
    jobId: mailJobId({ id, dispatch }),
  });
}
