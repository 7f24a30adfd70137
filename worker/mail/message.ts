import type { SendMailOptions } from 'nodemailer';
import type { MailAddress } from '../../shared/config/mail.section.ts';
import { MailError, type Letter } from './mail-transport.ts';

/** Nothing that ends a line, a name or a list of addresses. Contracts see to it at the front door; nothing gets past here. */
const ONE_ADDRESS = /^[^\s\p{Cc}\p{Cf}<>()[\]\\,:;"@]+@[^\s\p{Cc}\p{Cf}<>()[\]\\,:;"@]+$/u;

/**
 * A letter as the library wants it: addresses as objects, which it does not take apart, and nothing that it would fetch.
 *
 * @throws MailError when the recipient is anything but one address.
 */
export function messageOf(letter: Letter, from: MailAddress): SendMailOptions {
  if (!ONE_ADDRESS.test(letter.recipient))
    throw new MailError('The recipient is not one plain address.', { permanent: true });
  return {
    from,
    to: { name: '', address: letter.recipient },
    subject: letter.subject,
    text: letter.text,
    html: letter.html,
    messageId: `<${letter.mailId}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    // Out-of-office answers are not wanted (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
