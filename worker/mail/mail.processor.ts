import { findMailToSend } from '../../shared/mail/mail.repository.ts';
import { createMailMetrics } from '../../shared/observability/mail.metrics.ts';
import type { OpenProcessorFor, Process } from '../processor.ts';
import type { MailDeps } from './mail-deps.ts';
import { MailError } from './mail-transport.ts';
import { openMailTransport } from './open-mail-transport.ts';
import { prepareMail } from './prepare-mail.ts';
import { settle } from './settle-mail.ts';

/** Sends the mails that accounts are about. */
export const openMail: OpenProcessorFor<'mail'> = (deps, concurrency) => {
  const transport = openMailTransport(deps.config, concurrency);
  deps.log.info({ transport: transport.kind }, 'mail transport');
  const mailMetrics = createMailMetrics(deps.registry);
  return Promise.resolve({
    process: createMailProcess({ ...deps, transport, mailMetrics }),
    checks: [],
    close: () => Promise.resolve(transport.close()),
  });
};

/**
 * A mail that was sent and could not be settled is sent again, under the same Message-ID: twice is better than never. No other step is left
 * half done that the next attempt does not do over.
 */
export function createMailProcess(deps: MailDeps): Process<'mail'> {
  return async (job, signal) => {
    const mail = await findMailToSend(deps.db, job.payload.mailId, job.payload.dispatch);
    if (mail === null) return;
    const prepared = await prepareMail(deps, mail);
    signal.throwIfAborted();
    if ('outcome' in prepared) {
      await settle(deps, mail, prepared.outcome);
      return;
    }
    try {
      await deps.transport.send(prepared.letter, signal);
    } catch (error) {
      if (!job.isLastAttempt && !(error instanceof MailError && error.permanent)) throw error;
      deps.log.error({ err: error, mail_id: mail.id, template: mail.template }, 'mail given up');
      await settle(deps, mail, 'failed');
      return;
    }
    await settle(deps, mail, 'sent');
  };
}
