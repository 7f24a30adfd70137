import { createTransport } from 'nodemailer';
import type { WorkerConfig } from '../../shared/config/worker.config.ts';
import { MailError, type MailTransport } from './mail-transport.ts';
import { messageOf } from './message.ts';

type SmtpSettings = Pick<WorkerConfig, 'SERVER_ENV' | 'MAIL_FROM'>;

/** Together below the job's deadline: a server that stalls at any step is given up by us, with a reason that says where. */
const CONNECT_MS = 8000;
const GREETING_MS = 8000;
const SILENCE_MS = 12_000;

/** Sends mails over SMTP. Waiting and trying again is the queue's business: here is one try. */
export function openSmtpTransport(settings: SmtpSettings, url: string, concurrency: number): MailTransport {
  const transporter = createTransport({ ...smtpOptions(settings, url), pool: true, maxConnections: concurrency });
  return {
    kind: 'smtp',
    send: async (letter, signal) => {
      const message = messageOf(letter, settings.MAIL_FROM);
      try {
        await transporter.sendMail({ ...message, signal });
      } catch (error) {
        signal.throwIfAborted();
        throw toMailError(error);
      }
    },
    close: () => transporter.close(),
  };
}

/** What the library is to do with an SMTP URL. Certificates are always verified, against the system's and `NODE_EXTRA_CA_CERTS`. */
export function smtpOptions({ SERVER_ENV }: Pick<SmtpSettings, 'SERVER_ENV'>, url: string) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = protocol === 'smtps:';
  return {
    host,
    secure,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    // Without it, somebody on the way could take the offer of encryption out of the server's answer.
    requireTLS: !secure && SERVER_ENV === 'production' && !isLoopback(host),
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    tls: { minVersion: 'TLSv1.2' as const },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: SILENCE_MS,
    dnsTimeout: CONNECT_MS,
    idleTimeout: 30_000,
    // A connection that the server closed between two mails: once over a new one, before the queue waits.
    maxRequeues: 1,
  };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** What nodemailer says beside the message of an error, which may repeat addresses and user names that the server said. */
interface SmtpFailure {
  code?: string;
  command?: string;
  responseCode?: number;
  permanent?: boolean;
  originalCode?: string;
  timeoutType?: string;
}

/** A server's no is about the mail when it was said to the recipient or to the content; anything else may be put right meanwhile. */
const ABOUT_THE_MAIL = new Set(['RCPT TO', 'DATA']);

function toMailError(error: unknown): MailError {
  const { code = 'unknown', command, responseCode, permanent, originalCode, timeoutType } = error as SmtpFailure;
  if (responseCode !== undefined) {
    return new MailError(`The server answered ${responseCode} to ${command ?? 'the connection'} (${code}).`, {
      permanent: permanent === true && command !== undefined && ABOUT_THE_MAIL.has(command),
    });
  }
  const details = [code, originalCode, timeoutType, command].filter((detail) => detail !== undefined);
  return new MailError(`The server was not reached or not understood (${details.join(', ')}).`, {
    // The library itself would not send it.
    permanent: code === 'EENVELOPE' && command === 'API',
  });
}
