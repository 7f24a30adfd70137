import { z } from 'zod';
import { Role } from '../contracts/auth.contract.ts';
import { MetaCategory } from '../contracts/course.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

/**
 * What is kept about one account, for its owner; what it learned and wrote is in `learning-export.repository.ts`. Lists come page by page:
 * each function reads the rows after the last one of the page before, in the order of an index that begins with the account.
 */

const ProfileRow = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  roles: z.array(Role),
  createdAt: z.string(),
  updatedAt: z.string(),
  emailVerifiedAt: z.string().nullable(),
  passwordChangedAt: z.string(),
  secondFactorActivatedAt: z.string().nullable(),
});

export async function findExportedProfile(db: Database, userId: string): Promise<z.infer<typeof ProfileRow> | null> {
  return db.maybeOne(sql.type(ProfileRow)`
    SELECT u.id, u.email, u.name, u.roles, u.created_at AS "createdAt", u.updated_at AS "updatedAt",
      u.email_verified_at AS "emailVerifiedAt", u.password_changed_at AS "passwordChangedAt", m.activated_at AS "secondFactorActivatedAt"
    FROM users u LEFT JOIN mfa_secrets m ON m.user_id = u.id
    WHERE u.id = ${userId} AND u.erasing_since IS NULL`);
}

const ArchetypeRow = z.strictObject({
  metaCategory: MetaCategory,
  domain: z.string(),
  skillLevel: z.string(),
  variables: z.json(),
  updatedAt: z.string(),
});

export async function findExportedArchetype(
  db: Database,
  userId: string,
): Promise<z.infer<typeof ArchetypeRow> | null> {
  return db.maybeOne(sql.type(ArchetypeRow)`
    SELECT meta_category AS "metaCategory", domain, skill_level AS "skillLevel", variables, updated_at AS "updatedAt"
    FROM archetypes WHERE user_id = ${userId}`);
}

const SessionRow = z.strictObject({
  id: z.string(),
  kind: z.enum(['api', 'ops']),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  secondFactor: z.boolean(),
  createdAt: z.string(),
  lastUsedAt: z.string(),
  expiresAt: z.string(),
  revokedAt: z.string().nullable(),
  revokedReason: z.string().nullable(),
});
type SessionRow = z.infer<typeof SessionRow>;

export async function listExportedSessions(
  db: Database,
  userId: string,
  after: SessionRow | null,
  limit: number,
): Promise<readonly SessionRow[]> {
  return db.any(sql.type(SessionRow)`
    SELECT id, kind, host(ip) AS ip, user_agent AS "userAgent", second_factor AS "secondFactor", created_at AS "createdAt",
      last_used_at AS "lastUsedAt", expires_at AS "expiresAt", revoked_at AS "revokedAt", revoked_reason AS "revokedReason"
    FROM sessions
    WHERE user_id = ${userId} AND (${after?.id ?? null}::uuid IS NULL OR id > ${after?.id ?? null}::uuid)
    ORDER BY id LIMIT ${limit}`);
}

const DeviceRow = z.strictObject({ createdAt: z.string(), lastUsedAt: z.string() });

/** There are few of them at a time, and nothing but their tokens to tell them apart. */
export async function listExportedDevices(db: Database, userId: string): Promise<readonly z.infer<typeof DeviceRow>[]> {
  return db.any(sql.type(DeviceRow)`
    SELECT created_at AS "createdAt", last_used_at AS "lastUsedAt" FROM known_devices WHERE user_id = ${userId} ORDER BY created_at`);
}

const MailRow = z.strictObject({
  id: z.string(),
  template: z.string(),
  createdAt: z.string(),
  outcome: z.string().nullable(),
});
type MailRow = z.infer<typeof MailRow>;

export async function listExportedMails(
  db: Database,
  userId: string,
  after: MailRow | null,
  limit: number,
): Promise<readonly MailRow[]> {
  return db.any(sql.type(MailRow)`
    SELECT id, template, created_at AS "createdAt", outcome FROM mails
    WHERE user_id = ${userId} AND (${after?.id ?? null}::uuid IS NULL OR id > ${after?.id ?? null}::uuid)
    ORDER BY id LIMIT ${limit}`);
}

const AuditRow = z.strictObject({
  id: z.string(),
  occurredAt: z.string(),
  action: z.string(),
  by: z.enum(['you', 'somebody else']),
  target: z.string().nullable(),
  ip: z.string().nullable(),
  requestId: z.string().nullable(),
  details: z.json(),
});
type AuditRow = z.infer<typeof AuditRow>;

/** What somebody did, and what was done to them: the latter without where from. */
export async function listExportedAuditEntries(
  db: Database,
  userId: string,
  after: AuditRow | null,
  limit: number,
): Promise<readonly AuditRow[]> {
  const isOwn = sql.fragment`(actor_id IS NOT NULL AND actor_id = ${userId}::uuid)`;
  return db.any(sql.type(AuditRow)`
    SELECT id::text AS id, occurred_at AS "occurredAt", action, CASE WHEN ${isOwn} THEN 'you' ELSE 'somebody else' END AS by, target,
      CASE WHEN ${isOwn} THEN host(ip) END AS ip, CASE WHEN ${isOwn} THEN request_id END AS "requestId", details
    FROM audit_log
    WHERE (actor_id = ${userId}::uuid OR target = ${userId}) AND id > ${after?.id ?? '0'}::bigint
    ORDER BY audit_log.id LIMIT ${limit}`);
}
