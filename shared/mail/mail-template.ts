import { z } from 'zod';

const nothing = z.strictObject({});

/** What each mail that can be asked for tells, beside what its row says. Never a secret, and nothing that a stranger typed. */
export const MAIL_DETAILS = {
  /** To the address of a registration that waits for it. Who has an account by then is told so in its place. */
  confirm_registration: nothing,
  verify_email: nothing,
  /** To whatever address was typed in. The worker finds out whether there is an account. */
  reset_password: nothing,
  password_changed: nothing,
  mfa_changed: z.strictObject({
    change: z.enum(['activated', 'disabled', 'recovery_codes_replaced', 'recovery_code_used']),
  }),
  refresh_token_reused: nothing,
  account_erased: nothing,
} as const satisfies Record<string, z.ZodType>;

export type MailTemplate = keyof typeof MAIL_DETAILS;
export type MailDetails<Template extends MailTemplate> = z.input<(typeof MAIL_DETAILS)[Template]>;

export const MailTemplate = z.enum(Object.keys(MAIL_DETAILS) as [MailTemplate, ...MailTemplate[]]);
