import { z } from 'zod';
import { NamedMoment, Timestamp } from './common.contract.ts';

const MAX_BIGINT = 2n ** 63n - 1n;

/** Ids of the audit log are numbers beyond what JSON carries safely. */
const AuditId = z
  .string()
  .regex(/^[1-9]\d{0,18}$/, 'must be the nextCursor of the page before')
  .refine((id) => !/^\d{19}$/.test(id) || BigInt(id) <= MAX_BIGINT, 'must be the nextCursor of the page before');

/** The newest records first; `from` counts, `to` does not. */
export const AuditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: AuditId.optional(),
  action: z
    .string()
    .regex(/^[a-z_.]{1,60}$/, 'must be the name of an action, such as login.failed')
    .optional(),
  actorId: z.guid('must be a UUID').optional(),
  from: NamedMoment.optional(),
  to: NamedMoment.optional(),
});
export type AuditQuery = z.output<typeof AuditQuery>;

/** What happened: who did what to whom, when, and from where. Without an actor it was a machine, a command, or somebody unknown. */
export const AuditRecord = z.object({
  id: z.string(),
  occurredAt: Timestamp,
  action: z.string(),
  actorId: z.guid().nullable(),
  target: z.string().nullable(),
  ip: z.string().nullable(),
  requestId: z.string().nullable(),
  details: z.record(z.string(), z.json()),
});
export type AuditRecord = z.output<typeof AuditRecord>;
