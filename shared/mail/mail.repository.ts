import { z } from 'zod';
import { violatesForeignKey } from '../db/database-errors.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { accountGone } from '../errors.ts';
import { MailTemplate } from './mail-template.ts';
import { emailKey } from '../identity/user.repository.ts';

/** `sent`, or why nothing was: nobody to send it to, too many of them, too late, or no server took it. */
export type MailOutcome = 'sent' | 'no_account' | 'too_many' | 'expired' | 'failed';

interface NewMail {
  id: string;
  dispatch: number;
  template: MailTemplate;
  recipient: string;
  userId: string | null;
  accountRequestId: string | null;
  details: Record<string, string>;
}

export const MailRow = z.strictObject({
  id: z.string(),
  template: MailTemplate,
  recipient: z.string(),
  recipient_key: z.string(),
  user_id: z.string().nullable(),
  account_request_id: z.string().nullable(),
  details: z.record(z.string(), z.string()),
  /** Seconds since 1970. */
  created_at: z.int(),
});
export type MailRow = z.infer<typeof MailRow>;

const MailDispatchRow = z.strictObject({ id: z.string(), dispatch: z.number(), priority: z.number() });
export type MailDispatchRow = Pick<z.infer<typeof MailDispatchRow>, 'id' | 'dispatch'>;

/** @throws AppError UNAUTHENTICATED when the account is gone. */
export async function insertMail(tx: Database, mail: NewMail): Promise<void> {
  try {
    await tx.query(sql.typeAlias('void')`
      INSERT INTO mails (id, dispatch, template, recipient, recipient_key, user_id, account_request_id, details)
      VALUES (${mail.id}, ${mail.dispatch}, ${mail.template}, ${mail.recipient}, ${emailKey(mail.recipient)}, ${mail.userId},
        ${mail.accountRequestId}, ${sql.jsonb(mail.details)})`);
  } catch (error) {
    throw violatesForeignKey(error, 'mails_user_id_fkey') ? accountGone(error) : error;
  }
}

/** A mail that this job is to send; null when it is settled, was dispatched anew since, or is gone with its account. */
export async function findMailToSend(db: Database, id: string, dispatch: number): Promise<MailRow | null> {
  return db.maybeOne(sql.type(MailRow)`
    SELECT id, template, recipient, recipient_key, user_id, account_request_id, details, floor(extract(epoch FROM created_at))::int AS created_at
    FROM mails WHERE id = ${id} AND dispatch = ${dispatch} AND settled_at IS NULL`);
}

/**
 * How many mails that tell the same a recipient was sent, or is going to be, in the hour before this one: news of one kind must not keep back
 * news of another. Ids are ordered by time, so that of mails decided on at once the first ones count and the last ones are counted out.
 */
export async function countMailsBefore(db: Database, mail: MailRow): Promise<number> {
  const { count } = await db.one(sql.typeAlias('count')`
    SELECT count(*) FROM mails
    WHERE recipient_key = ${mail.recipient_key} AND template = ${mail.template} AND details = ${sql.jsonb(mail.details)} AND id < ${mail.id}
      AND created_at > to_timestamp(${mail.created_at}) - interval '1 hour' AND coalesce(outcome, 'sent') = 'sent'`);
  return count;
}

/** Ties a mail to the account that its address turned out to have, and to what its link is to finish. */
export async function attachAccountRequest(
  tx: Database,
  mailId: string,
  { userId, accountRequestId }: { userId: string; accountRequestId: string },
): Promise<void> {
  await tx.query(sql.typeAlias('void')`
    UPDATE mails SET user_id = ${userId}, account_request_id = ${accountRequestId} WHERE id = ${mailId}`);
}

/** Says what became of a mail. Returns false when that is known already, or the mail is gone with its account. */
export async function settleMail(db: Database, id: string, outcome: MailOutcome): Promise<boolean> {
  const settled = await db.query(sql.typeAlias('void')`
    UPDATE mails SET outcome = ${outcome}, settled_at = now() WHERE id = ${id} AND settled_at IS NULL`);
  return settled.rowCount === 1;
}

/** Unsettled mails older than the given age, by id. */
export async function listUnsettledMails(
  db: Database,
  olderThanMs: number,
  afterId: string | null,
  limit: number,
): Promise<readonly z.infer<typeof MailDispatchRow>[]> {
  return db.any(sql.type(MailDispatchRow)`
    SELECT id, dispatch, 0 AS priority FROM mails
    WHERE settled_at IS NULL AND created_at < now() - make_interval(secs => ${olderThanMs / 1000})
      AND (${afterId}::uuid IS NULL OR id > ${afterId}::uuid)
    ORDER BY id LIMIT ${limit}`);
}

/** Moves a mail whose job was lost to its next dispatch. Returns false when somebody did so already, or it is settled. */
export async function redispatchMail(db: Database, { id, dispatch }: MailDispatchRow): Promise<boolean> {
  const moved = await db.query(sql.typeAlias('void')`
    UPDATE mails SET dispatch = dispatch + 1 WHERE id = ${id} AND dispatch = ${dispatch} AND settled_at IS NULL`);
  return moved.rowCount === 1;
}

/** Gives up mails that nobody managed to send for so long that they would only confuse. Returns how many of each template. */
export async function expireOldMails(
  db: Database,
  hours: number,
): Promise<readonly { template: MailTemplate; count: number }[]> {
  return db.any(sql.type(z.strictObject({ template: MailTemplate, count: z.number() }))`
    WITH expired AS (
      UPDATE mails SET outcome = 'expired', settled_at = now()
      WHERE settled_at IS NULL AND created_at < now() - make_interval(hours => ${hours})
      RETURNING template)
    SELECT template, count(*)::int AS count FROM expired GROUP BY template`);
}

/**
 * Mails settled more than `days` ago go; those of nobody's account, which hold the address of a stranger or of somebody who left, after
 * `strangersDays`. Returns how many went.
 */
export async function deleteSettledMails(
  db: Database,
  { days, strangersDays }: { days: number; strangersDays: number },
): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM mails
    WHERE settled_at < now() - make_interval(days => ${days})
      OR (user_id IS NULL AND settled_at < now() - make_interval(days => ${strangersDays}))`);
  return deleted.rowCount;
}
