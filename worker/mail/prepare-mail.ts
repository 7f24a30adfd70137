import { newId } from '../../shared/db/id.ts';
import { insertAccountRequest, issueAccountRequestToken } from '../../shared/identity/account-request.repository.ts';
import { MAIL_DETAILS } from '../../shared/mail/mail-template.ts';
import {
  attachAccountRequest,
  countMailsBefore,
  type MailOutcome,
  type MailRow,
} from '../../shared/mail/mail.repository.ts';
import { hashOpaqueToken, newOpaqueToken } from '../../shared/identity/opaque-token.ts';
import { findUser, findUserByEmail, type UserRow } from '../../shared/identity/user.repository.ts';
import type { MailDeps } from './mail-deps.ts';
import { MAIL_TEXTS, mfaChangedText, type MailText } from './mail-texts.ts';
import type { Letter } from './mail-transport.ts';
import { renderMail } from './render-mail.ts';

type PrepareDeps = Pick<MailDeps, 'config' | 'db'>;

/** A mail ready to go, or why none is to be sent. */
export type PreparedMail = { letter: Letter } | { outcome: Exclude<MailOutcome, 'sent' | 'failed'> };

const RESET_LIFETIME_SECONDS = 3600;

/**
 * Decides what is sent to whom. Here, out of sight of whoever asked for the mail, is where accounts are looked up: the api does the same
 * whether there is one or not.
 */
export async function prepareMail(deps: PrepareDeps, mail: MailRow): Promise<PreparedMail> {
  if ((await countMailsBefore(deps.db, mail)) >= deps.config.MAILS_PER_RECIPIENT_PER_HOUR)
    return { outcome: 'too_many' };
  switch (mail.template) {
    case 'confirm_registration':
      return confirmRegistration(deps, mail);
    case 'reset_password':
      return resetPassword(deps, mail);
    case 'account_erased':
      return { letter: write(mail, { text: MAIL_TEXTS.account_erased, recipient: mail.recipient }) };
    case 'verify_email':
    case 'password_changed':
    case 'mfa_changed':
    case 'refresh_token_reused':
      return tellOwner(deps, mail, mail.template);
  }
}

/** Whoever has an account by now learns that somebody signed up with its address, and gets no token. */
async function confirmRegistration(deps: PrepareDeps, mail: MailRow): Promise<PreparedMail> {
  const owner = await findUserByEmail(deps.db, mail.recipient);
  if (owner !== null) return { letter: write(mail, { text: MAIL_TEXTS.email_taken, recipient: owner.email }) };
  return withLink(deps, mail, { text: MAIL_TEXTS.confirm_registration, recipient: mail.recipient });
}

/** To the address as the account has it: what was typed may only look the same. */
async function resetPassword(deps: PrepareDeps, mail: MailRow): Promise<PreparedMail> {
  const owner = await findUserByEmail(deps.db, mail.recipient);
  if (owner === null) return { outcome: 'no_account' };
  const accountRequestId = mail.account_request_id ?? (await openReset(deps, mail, owner));
  const addressed = { text: MAIL_TEXTS.reset_password, recipient: owner.email, greets: owner };
  return withLink(deps, { ...mail, account_request_id: accountRequestId }, addressed);
}

async function openReset({ db }: PrepareDeps, mail: MailRow, { id: userId, email }: UserRow): Promise<string> {
  const accountRequestId = newId();
  await db.transaction(async (tx) => {
    await insertAccountRequest(tx, {
      id: accountRequestId,
      purpose: 'reset_password',
      userId,
      email,
      lifetimeSeconds: RESET_LIFETIME_SECONDS,
    });
    await attachAccountRequest(tx, mail.id, { userId, accountRequestId });
  });
  return accountRequestId;
}

type OwnersTemplate = Exclude<MailRow['template'], 'confirm_registration' | 'reset_password' | 'account_erased'>;

/** What is sent to the owner of an account about it; nothing when the account is gone. */
async function tellOwner(deps: PrepareDeps, mail: MailRow, template: OwnersTemplate): Promise<PreparedMail> {
  const owner = mail.user_id === null ? null : await findUser(deps.db, mail.user_id);
  if (owner === null) return { outcome: 'no_account' };
  const text =
    template === 'mfa_changed' ? mfaChangedText(MAIL_DETAILS.mfa_changed.parse(mail.details)) : MAIL_TEXTS[template];
  const addressed = { text, recipient: mail.recipient, greets: owner };
  return text.action === undefined ? { letter: write(mail, addressed) } : withLink(deps, mail, addressed);
}

interface Addressed {
  text: MailText;
  recipient: string;
  /** Greeted by name once the address is confirmed: until then it may be a stranger's, and the name whatever somebody typed. */
  greets?: UserRow;
}

/**
 * Makes the token of the mail's link: it exists in the mail and nowhere else. It stands in the fragment, which browsers send to nobody, and the
 * link leads to the configured app, whatever host the request once came in by.
 */
async function withLink({ config, db }: PrepareDeps, mail: MailRow, addressed: Addressed): Promise<PreparedMail> {
  const token = newOpaqueToken();
  const { account_request_id: requestId } = mail;
  if (requestId === null || !(await issueAccountRequestToken(db, requestId, hashOpaqueToken(token))))
    return { outcome: 'expired' };
  return { letter: write(mail, addressed, `${config.APP_URL}${addressed.text.action?.page ?? ''}#token=${token}`) };
}

function write(mail: MailRow, { text, recipient, greets }: Addressed, link: string | null = null): Letter {
  const name = greets !== undefined && greets.email_verified_at !== null ? greets.name : null;
  return { ...renderMail(text, { name, link }), mailId: mail.id, template: mail.template, recipient };
}
