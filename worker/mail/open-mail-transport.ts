import type { WorkerConfig } from '../../shared/config/worker.config.ts';
import { openFileTransport } from './file-transport.ts';
import type { MailTransport } from './mail-transport.ts';
import { openSmtpTransport } from './smtp-transport.ts';

/** Where mails lie that go nowhere, unless `MAIL_DIR` says otherwise. */
const DEFAULT_MAIL_DIR = '.local/mail';

/** Opens what sends mails here: a server, where there is one. */
export function openMailTransport(config: WorkerConfig, concurrency: number): MailTransport {
  if (config.SMTP_URL !== undefined) return openSmtpTransport(config, config.SMTP_URL, concurrency);
  return openFileTransport({ dir: config.MAIL_DIR ?? DEFAULT_MAIL_DIR, from: config.MAIL_FROM });
}
