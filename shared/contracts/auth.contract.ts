import { z } from 'zod';
import { CleanText } from './common.contract.ts';

export const Role = z.enum(['learner', 'instructor', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

export const Email = CleanText.trim().max(254).pipe(z.email('must be an email address'));

/** Controls, line separators and marks that turn the direction of writing: a name must not reshape the mail, log or page that it is put into. */
const RESHAPING = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;
export const Name = CleanText.trim()
  .min(1, 'must not be empty')
  .max(100)
  .refine((name) => !RESHAPING.test(name), 'must not contain control characters');

/** Any password that someone may try; only a new one has to be good. */
export const Password = CleanText.min(1, 'must not be empty').max(128);
/** Characters are counted as they are hashed: an accent typed apart from its letter makes no second one, nor does half of an emoji. */
export const NewPassword = CleanText.min(12, 'must have at least 12 characters')
  .max(128, 'must have at most 128 characters')
  .refine((password) => Array.from(password.normalize('NFKC')).length >= 12, {
    error: 'must have at least 12 characters',
    when: ({ issues }) => issues.length === 0,
  });

/** `username` is what the existing web frontend calls `name`. */
export const RegisterRequest = z
  .strictObject({ email: Email, password: NewPassword, name: Name.optional(), username: Name.optional() })
  .refine((body) => body.name !== undefined || body.username !== undefined, { path: ['name'], message: 'is required' });

/** What an earlier answer gave as `deviceToken`. */
export const DeviceToken = CleanText.max(100);

export const LoginRequest = z.strictObject({
  email: CleanText.trim().min(1).max(254),
  password: Password,
  deviceToken: DeviceToken.optional(),
});

export const RefreshRequest = z.strictObject({ refreshToken: CleanText.min(1).max(200) });

export const UserView = z.object({ id: z.guid(), email: z.string(), name: z.string(), roles: z.array(Role) });
export type UserView = z.infer<typeof UserView>;

/**
 * `token` repeats `accessToken`: the existing web frontend expects it there. `expiresIn` is in seconds.
 * `deviceToken` comes with a login, not with a refresh: kept and sent with the next login, it keeps others' wrong guesses from delaying it.
 */
export const AuthAnswer = z.object({
  user: UserView,
  accessToken: z.string(),
  expiresIn: z.int(),
  refreshToken: z.string(),
  token: z.string(),
  deviceToken: z.string().optional(),
});
export type AuthAnswer = z.infer<typeof AuthAnswer>;

/** Where addresses are confirmed first: the same for an address that is free and one that is taken; the mail says the rest. */
const RegistrationPending = z.object({ status: z.literal('confirmation_required') });

/** The account with its first tokens, or that a mail is on its way. */
export const RegisterAnswer = z.union([AuthAnswer, RegistrationPending]);
export type RegisterAnswer = z.infer<typeof RegisterAnswer>;
