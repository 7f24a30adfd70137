import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { parseMail, type ReadMail } from './mailbox.ts';

export interface Delivery {
  from: string;
  to: string[];
  raw: string;
  mail: ReadMail;
  /** Whether it came over TLS. */
  secure: boolean;
  /** Who logged in to send it; null without a login. */
  user: string | null;
}

/** What the server says at a step of a conversation; null: go on. `never` answers nothing at all. */
type Say = { code: number; text: string } | 'never' | null;

interface PeerOptions {
  key?: string;
  cert?: string;
  credentials?: { user: string; pass: string };
  /** Asked for each recipient, with how many there were before. */
  onRecipient?: (address: string, index: number) => Say;
  /** Asked when a message has come, with how many there were before and what it says. */
  onMessage?: (index: number, mail: ReadMail) => Say;
}

/** A real SMTP server that keeps what it is sent and says what a test wants it to. */
export interface SmtpPeer {
  port: number;
  deliveries: Delivery[];
  /** Recipients asked for so far, refused ones as well. */
  recipients: string[];
  /** Logins tried so far. */
  logins: string[];
  connections: () => number;
  close: () => Promise<void>;
}

export async function openSmtpPeer(options: PeerOptions = {}): Promise<SmtpPeer> {
  const deliveries: Delivery[] = [];
  const recipients: string[] = [];
  const logins: string[] = [];
  let connections = 0;
  let messages = 0;
  const { key, cert, credentials, onRecipient, onMessage } = options;
  const settings: SMTPServerOptions = {
    logger: false,
    disableReverseLookup: true,
    closeTimeout: 100,
    authOptional: credentials === undefined,
    disabledCommands: [...(cert === undefined ? ['STARTTLS'] : []), ...(credentials === undefined ? ['AUTH'] : [])],
    ...(key === undefined || cert === undefined ? {} : { key, cert }),
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onAuth: ({ username, password }, _session, done) => {
      logins.push(username ?? '');
      const known = username === credentials?.user && password === credentials?.pass;
      done(known ? null : answer(535, 'Authentication failed'), known ? { user: username ?? '' } : undefined);
    },
    onRcptTo: ({ address }, _session, done) => {
      recipients.push(address);
      say(onRecipient?.(address, recipients.length - 1) ?? null, done);
    },
    onData: (stream, session, done) => {
      const { mailFrom, rcptTo } = session.envelope;
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString();
        const mail = parseMail(raw);
        const said = onMessage?.(messages++, mail) ?? null;
        if (said === null) {
          deliveries.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            raw,
            mail,
            secure: session.secure,
            user: typeof session.user === 'string' ? session.user : null,
          });
        }
        say(said, done);
      });
    },
  };
  const server = new SMTPServer(settings);
  // A client that does not like our certificate says so to the server as well.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    deliveries,
    recipients,
    logins,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function say(said: Say, done: (error?: Error | null) => void): void {
  if (said === 'never') return;
  done(said === null ? null : answer(said.code, said.text));
}

function answer(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
