import { z } from 'zod';
import { Timestamp } from './common.contract.ts';

/** One login of an account that is still in force. */
const SessionView = z.object({
  id: z.guid(),
  /** `api`: an app or a browser; `ops`: the operators' pages. */
  kind: z.enum(['api', 'ops']),
  createdAt: Timestamp,
  /** When it was last used or, of kind `api`, last refreshed. */
  lastUsedAt: Timestamp,
  expiresAt: Timestamp,
  /** From where it was begun. */
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  /** Whether a second factor was proved in it. */
  secondFactor: z.boolean(),
  /** Whether this very request belongs to it. */
  current: z.boolean(),
});

export const SessionList = z.object({ items: z.array(SessionView) });
export type SessionList = z.infer<typeof SessionList>;
