import { z } from 'zod';
import { Role } from './auth.contract.ts';
import { CleanText, Timestamp } from './common.contract.ts';

/** An account as admins see it who are about to change its roles. */
export const UserRolesView = z.object({
  id: z.guid(),
  email: z.string(),
  name: z.string(),
  roles: z.array(Role),
  emailVerified: z.boolean(),
  secondFactorActive: z.boolean(),
  createdAt: Timestamp,
});
export type UserRolesView = z.output<typeof UserRolesView>;

export const UserLookupRequest = z.strictObject({ email: CleanText.trim().min(1).max(254) });

/** All roles that the account is to have. Everybody is a learner, named or not. */
export const UserRolesRequest = z.strictObject({
  roles: z
    .array(Role)
    .max(Role.options.length)
    .refine((roles) => new Set(roles).size === roles.length, 'must not name a role twice'),
});
