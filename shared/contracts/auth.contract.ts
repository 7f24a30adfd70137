import { z } from 'zod';
import { CleanText } from './common.contract.ts';

export const Role = z.enum(['learner', 'instructor', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

const Email = CleanText.trim().max(254).pipe(z.email('must be an email address'));
const Name = CleanText.trim().min(1, 'must not be empty').max(100);

/** Any password that someone may try; only a new one has to be good. */
const Password = CleanText.min(1, 'must not be empty').max(128);
const NewPassword = CleanText.min(12, 'must have at least 12 characters').max(128, 'must have at most 128 characters');

/** `username` is what the existing web frontend calls `name`. */
export const RegisterRequest = z
  .strictObject({ email: Email, password: NewPassword, name: Name.optional(), username: Name.optional() })
  .refine((body) => body.name !== undefined || body.username !== undefined, { path: ['name'], message: 'is required' });

export const LoginRequest = z.strictObject({ email: CleanText.trim().min(1).max(254), password: Password });

export const RefreshRequest = z.strictObject({ refreshToken: CleanText.min(1).max(200) });

export const UserView = z.object({ id: z.guid(), email: z.string(), name: z.string(), roles: z.array(Role) });
export type UserView = z.infer<typeof UserView>;

/** `token` repeats `accessToken`: the existing web frontend expects it there. `expiresIn` is in seconds. */
export const AuthAnswer = z.object({
  user: UserView,
  accessToken: z.string(),
  expiresIn: z.int(),
  refreshToken: z.string(),
  token: z.string(),
});
export type AuthAnswer = z.infer<typeof AuthAnswer>;
