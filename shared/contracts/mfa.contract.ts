import { z } from 'zod';
import { AuthAnswer, DeviceToken, Password } from './auth.contract.ts';
import { CleanText } from './common.contract.ts';

/** Six digits of an authenticator app, or a recovery code; spaces, dashes and case do not matter. */
const Code = CleanText.min(6)
  .max(40)
  .regex(/^[0-9A-Za-z\s-]*$/, 'must be the six digits of an authenticator app, or a recovery code');

/** `secret` is base32, for typing in; a QR code holds `otpauthUri`. */
export const MfaSetup = z.object({ secret: z.string(), otpauthUri: z.string() });
export type MfaSetup = z.infer<typeof MfaSetup>;

export const MfaActivateRequest = z.strictObject({ code: Code });

export const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });
export type RecoveryCodes = z.infer<typeof RecoveryCodes>;

/** An access token that says what has been proved just now; the refresh token stays as it is. */
export const AccessAnswer = z.object({ accessToken: z.string(), expiresIn: z.int(), token: z.string() });
export type AccessAnswer = z.infer<typeof AccessAnswer>;

export const MfaActivated = z.object({ ...RecoveryCodes.shape, ...AccessAnswer.shape });
export type MfaActivated = z.infer<typeof MfaActivated>;

/** The password was right; the code goes to `POST /auth/mfa/verify` within five minutes, with this token. */
const SecondFactorWanted = z.object({ mfaRequired: z.literal(true), mfaToken: z.string() });

export const LoginAnswer = z.union([AuthAnswer, SecondFactorWanted]);
export type LoginAnswer = z.infer<typeof LoginAnswer>;

export const MfaVerifyRequest = z.strictObject({
  mfaToken: CleanText.min(1).max(200),
  code: Code,
  deviceToken: DeviceToken.optional(),
});

/** `code` is wanted of accounts with a second factor. */
export const StepUpRequest = z.strictObject({ password: Password, code: Code.optional() });
