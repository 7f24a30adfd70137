import { z } from 'zod';
import { integer } from './env.ts';
import type { QueueName } from '../queues/queue-name.ts';

/** How mails are sent: over SMTP, or into a folder where there is no server. */

/** Nothing beside where the server is and who we are there: what libraries take from a query could switch off checks of certificates. */
const smtpUrl = z
  .url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' })
  .refine((value) => !URL.canParse(value) || isBare(new URL(value)), {
    error: 'may hold a user, a password, a host and a port only, each percent-encoded',
  });

function isBare(url: URL): boolean {
  const decodable = [url.username, url.password].every((part) => !/%(?![\da-f]{2})/i.test(part));
  return url.hostname !== '' && ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '' && decodable;
}

/** Without the slash at its end, so that paths can be put behind it. */
const appUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s):// URL' })
  .refine((value) => !URL.canParse(value) || isPlain(new URL(value)), {
    error: 'must hold no user, password, query or fragment',
  })
  .transform((value) => (value.endsWith('/') ? value.slice(0, -1) : value));

const isPlain = ({ username, password, search, hash }: URL): boolean => username + password + search + hash === '';

const NAMED_SENDER = /^(?:(?<name>[^<>"@\p{Cc}]{1,100}) )?<(?<address>[^\s<>"@\p{Cc}]{1,64}@[^\s<>"@\p{Cc}]{1,255})>$/u;
const BARE_SENDER = /^(?<address>[^\s<>"@\p{Cc}]{1,64}@[^\s<>"@\p{Cc}]{1,255})$/u;

export interface MailAddress {
  name: string;
  address: string;
}

function readSender(value: string): MailAddress | null {
  const { name = '', address } = (NAMED_SENDER.exec(value) ?? BARE_SENDER.exec(value))?.groups ?? {};
  return address === undefined ? null : { name, address };
}

const mailFrom = z
  .string()
  .refine((value) => readSender(value) !== null, { error: 'must look like Learnify <no-reply@example.org>' })
  .transform((value) => readSender(value) ?? { name: '', address: value });

export const mailSettings = {
  SMTP_URL: smtpUrl.optional(),
  MAIL_DIR: z.string().optional(),
  MAIL_FROM: mailFrom.default({ name: 'Learnify', address: 'no-reply@learnify.invalid' }),
  APP_URL: appUrl.default('http://localhost:3000'),
  MAILS_PER_RECIPIENT_PER_HOUR: integer(1, 1000).default(5),
};

interface MailValues {
  SERVER_ENV: 'development' | 'test' | 'production';
  WORKER_QUEUES: readonly QueueName[];
  SMTP_URL?: string | undefined;
  MAIL_DIR?: string | undefined;
  MAIL_FROM: MailAddress | string;
  APP_URL: string;
}

/** In production, whoever sends mails has to know how, as whom, and where their links lead: tokens travel there. */
export function requireMailTransport(
  values: Partial<MailValues>,
  context: z.core.$RefinementCtx<Partial<MailValues>>,
): void {
  if (values.SERVER_ENV !== 'production' || values.WORKER_QUEUES?.includes('mail') !== true) return;
  const refuse = (key: keyof MailValues, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  // Mails that stay in a folder here promise nothing to anybody.
  if (values.SMTP_URL === undefined && values.MAIL_DIR !== undefined) return;
  if (values.SMTP_URL === undefined) {
    refuse(
      'SMTP_URL',
      'is required in production by the queue mail (or set MAIL_DIR, or leave mail out of WORKER_QUEUES)',
    );
  }
  // A bad one is still text, and complained about already.
  if (typeof values.MAIL_FROM === 'object' && values.MAIL_FROM.address.endsWith('.invalid')) {
    refuse('MAIL_FROM', 'is required in production by the queue mail');
  }
  if (values.APP_URL !== undefined && URL.canParse(values.APP_URL) && new URL(values.APP_URL).protocol === 'http:') {
    refuse('APP_URL', 'must be an https:// URL in production: links with tokens lead there');
  }
}
