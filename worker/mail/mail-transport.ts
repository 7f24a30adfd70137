import type { RenderedMail } from './render-mail.ts';

/** A mail as it goes out. */
export interface Letter extends RenderedMail {
  /** The same at each attempt, so that a mail sent twice can be recognised. */
  mailId: string;
  template: string;
  recipient: string;
}

/** What takes mails away from here. */
export interface MailTransport {
  readonly kind: 'smtp' | 'file';
  /** @throws MailError when it was not taken; the signal's reason when that is aborted. */
  send: (letter: Letter, signal: AbortSignal) => Promise<void>;
  close: () => void;
}

/** A mail that was not taken. What it says holds no address and nothing of the mail: it is logged. */
export class MailError extends Error {
  /** Whether it would be refused again, since it is about this mail and not about the server or the way to it. */
  readonly permanent: boolean;

  constructor(message: string, options: { permanent: boolean }) {
    super(message);
    this.name = 'MailError';
    this.permanent = options.permanent;
  }
}
