import type { MailDetails, MailTemplate } from '../../shared/mail/mail-template.ts';

/** What a mail says. Paragraphs are plain text; whoever makes HTML of them escapes it. */
export interface MailText {
  subject: string;
  paragraphs: readonly string[];
  /** The one thing that can be done from here: what its button says, and the page of the app. The token goes into its fragment. */
  action?: { label: string; page: string; hint: string };
  /** Said at the end. */
  footnote: string;
}

/** Every mail that is sent: those that can be asked for, and the one that a registration's turns into. */
export type MailTextName = MailTemplate | 'email_taken';

const NOT_YOU = 'If it was not you, you need do nothing: without this link nothing happens.';
const SECURITY = 'We send this whenever something changes that protects your account.';
const WAS_IT_YOU =
  'If it was not you, choose “Forgot your password?” on the login page now. A new password ends every session of your account.';

export const MAIL_TEXTS: Record<Exclude<MailTextName, 'mfa_changed'>, MailText> = {
  confirm_registration: {
    subject: 'Confirm your address to start with Learnify',
    paragraphs: [
      'Somebody, hopefully you, signed up for Learnify with this address. Confirm it, and your account is ready.',
    ],
    action: { label: 'Confirm my address', page: '/confirm-registration', hint: 'The link works once, for 24 hours.' },
    footnote: NOT_YOU,
  },
  email_taken: {
    subject: 'You have a Learnify account already',
    paragraphs: [
      'Somebody, perhaps you, tried to sign up for Learnify with this address. It has an account already, which nobody touched.',
      'You can simply log in. If you do not remember your password, choose “Forgot your password?” on the login page.',
    ],
    footnote: 'If it was not you, you need do nothing.',
  },
  verify_email: {
    subject: 'Confirm your address',
    paragraphs: [
      'Please confirm that this address is yours, so that we can help you back into your Learnify account one day.',
    ],
    action: {
      label: 'Confirm my address',
      page: '/confirm-email',
      hint: 'The link works once, for 24 hours, with your password.',
    },
    footnote: 'If you have no account with Learnify, you need do nothing.',
  },
  reset_password: {
    subject: 'Choose a new password',
    paragraphs: ['Somebody, hopefully you, asked for a new password for your Learnify account.'],
    action: { label: 'Choose a new password', page: '/reset-password', hint: 'The link works once, for an hour.' },
    footnote: `${NOT_YOU} Your password stays as it is.`,
  },
  password_changed: {
    subject: 'Your password was changed',
    paragraphs: [
      'The password of your Learnify account was changed just now. Other devices have to log in anew.',
      WAS_IT_YOU,
    ],
    footnote: SECURITY,
  },
  refresh_token_reused: {
    subject: 'We ended a session of your account',
    paragraphs: [
      'A session of your Learnify account was continued from two places at once. One of them may have been somebody else, so we ended it. Please log in again.',
      'If this happens more than once, choose a new password: that ends every session of your account.',
    ],
    footnote: SECURITY,
  },
  account_erased: {
    subject: 'Your account is being erased',
    paragraphs: [
      'As you asked, your Learnify account has been closed. What belongs to it is being erased now; this cannot be undone.',
      'Thank you for learning with us.',
    ],
    footnote: 'This is the last mail about this account.',
  },
};

const MFA_CHANGES: Record<MailDetails<'mfa_changed'>['change'], { subject: string; says: string }> = {
  activated: {
    subject: 'Your second factor is active',
    says: 'From now on, logging in to your Learnify account takes a code from your authenticator app. Keep the recovery codes in a safe place.',
  },
  disabled: {
    subject: 'Your second factor was switched off',
    says: 'Logging in to your Learnify account takes no code any more, only your password.',
  },
  recovery_codes_replaced: {
    subject: 'You have new recovery codes',
    says: 'The recovery codes of your Learnify account were replaced. The older ones do not work any more.',
  },
  recovery_code_used: {
    subject: 'A recovery code was used',
    says: 'One of the recovery codes of your Learnify account was used in the place of your authenticator app. It does not work again.',
  },
};

/** What the mail about a change of the second factor says. */
export function mfaChangedText({ change }: MailDetails<'mfa_changed'>): MailText {
  const { subject, says } = MFA_CHANGES[change];
  return { subject, paragraphs: [says, WAS_IT_YOU], footnote: SECURITY };
}
