import { Counter, type Registry } from 'prom-client';
import type { MailTemplate } from '../mail/mail-template.ts';
import type { MailOutcome } from '../mail/mail.repository.ts';

export interface MailMetrics {
  settled: (template: MailTemplate, outcome: MailOutcome, count?: number) => void;
}

const NAME = 'mails_total';

/** Sending and upkeep may share a process, and then the counter. */
export function createMailMetrics(registry: Registry): MailMetrics {
  const known = registry.getSingleMetric(NAME) as Counter<'template' | 'outcome'> | undefined;
  const mails =
    known ??
    new Counter({
      name: NAME,
      help: 'Mails by what became of them',
      labelNames: ['template', 'outcome'],
      registers: [registry],
    });
  return {
    settled: (template, outcome, count = 1) => {
      mails.inc({ template, outcome }, count);
    },
  };
}
