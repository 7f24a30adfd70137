import { settleMail, type MailOutcome, type MailRow } from '../../shared/mail/mail.repository.ts';
import { persist } from '../persist.ts';
import type { MailDeps } from './mail-deps.ts';

/** Notes what became of a mail, and waits for a database that restarts just then: forgetting it would send the mail twice. */
export async function settle(deps: MailDeps, { id, template }: MailRow, outcome: MailOutcome): Promise<void> {
  if (!(await persist(deps, (db) => settleMail(db, id, outcome)))) return;
  deps.mailMetrics.settled(template, outcome);
  deps.log.info({ mail_id: id, template, outcome }, 'mail settled');
}
