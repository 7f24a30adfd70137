import { z } from 'zod';
import { Email, Name, NewPassword, Password, UserView } from './auth.contract.ts';
import { CleanText, Timestamp } from './common.contract.ts';

/** The opaque token of a link that was mailed. */
const MailedToken = CleanText.min(1, 'must not be empty').max(200);

/** The password is the one that was registered with: who follows a link that somebody else asked for does not know it. */
export const ConfirmRegistrationRequest = z.strictObject({ token: MailedToken, password: Password });

/** With the account's password, for the same reason. */
export const VerifyEmailRequest = z.strictObject({ token: MailedToken, password: Password });

export const VerificationMailAnswer = z.object({ status: z.literal('sent') });
export type VerificationMailAnswer = z.infer<typeof VerificationMailAnswer>;

export const ChangePasswordRequest = z.strictObject({ currentPassword: Password, newPassword: NewPassword });

export const ForgotPasswordRequest = z.strictObject({ email: Email });

/** The same for every address: whether it has an account is told to its mailbox alone. */
export const ForgotPasswordAnswer = z.object({ status: z.literal('sent_if_known') });
export type ForgotPasswordAnswer = z.infer<typeof ForgotPasswordAnswer>;

export const ResetPasswordRequest = z.strictObject({ token: MailedToken, newPassword: NewPassword });

/** An account as its owner sees it. */
export const OwnAccount = z.object({
  ...UserView.shape,
  emailVerified: z.boolean(),
  secondFactorActive: z.boolean(),
  createdAt: Timestamp,
});
export type OwnAccount = z.infer<typeof OwnAccount>;

export const ProfileChange = z.strictObject({ name: Name });

export const DeleteAccountRequest = z.strictObject({ password: Password });

export const DeleteAccountAnswer = z.object({ status: z.literal('erasing') });
export type DeleteAccountAnswer = z.infer<typeof DeleteAccountAnswer>;
