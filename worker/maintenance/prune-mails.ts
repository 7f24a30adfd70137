import { deleteEndedAccountRequests } from '../../shared/identity/account-request.repository.ts';
import { deleteSettledMails, expireOldMails } from '../../shared/mail/mail.repository.ts';
import { createMailMetrics } from '../../shared/observability/mail.metrics.ts';
import type { WorkerDeps } from '../processor.ts';

/** A mail that nobody managed to send for so long would only confuse. */
const SEND_WITHIN_HOURS = 24;
const KEEP_MAILS = { days: 30, strangersDays: 3 };
const KEEP_REQUESTS = { usedDays: 1, expiredDays: 7 };

/** Gives up mails that are too old to be sent, and forgets old ones with what their links were for. */
export async function pruneMails({
  db,
  log,
  registry,
}: Pick<WorkerDeps, 'db' | 'log' | 'registry'>): Promise<Record<'mails' | 'account_requests', number>> {
  const metrics = createMailMetrics(registry);
  for (const { template, count } of await expireOldMails(db, SEND_WITHIN_HOURS)) {
    metrics.settled(template, 'expired', count);
    log.error({ template, mails: count }, 'mails given up that nobody managed to send in a day');
  }
  return {
    account_requests: await deleteEndedAccountRequests(db, KEEP_REQUESTS),
    mails: await deleteSettledMails(db, KEEP_MAILS),
  };
}
