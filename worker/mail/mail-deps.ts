import type { MailMetrics } from '../../shared/observability/mail.metrics.ts';
import type { WorkerDeps } from '../processor.ts';
import type { MailTransport } from './mail-transport.ts';

/** What sending a mail works with. */
export interface MailDeps extends Pick<WorkerDeps, 'config' | 'db' | 'log'> {
  transport: MailTransport;
  mailMetrics: MailMetrics;
}
