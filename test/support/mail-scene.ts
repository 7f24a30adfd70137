import { join } from 'node:path';
import { expect } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import {
  insertAccountRequest,
  takeAccountRequest,
  type AccountRequestPurpose,
  type AccountRequestRow,
} from '../../shared/identity/account-request.repository.ts';
import { hashOpaqueToken } from '../../shared/identity/opaque-token.ts';
import { requestMail, type MailRequest } from '../../shared/mail/request-mail.ts';
import type { UserRow } from '../../shared/identity/user.repository.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { uniquePrefix } from './backends.ts';
import { openWorkerDeps } from './in-process.ts';
import { readMailbox, type ReadMail } from './mailbox.ts';
import { mailIdOf, makeMailDir, openMailBench, type MailBench } from './mails.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export const APP_URL = 'https://app.example.org/learn';
export const MAILS_PER_HOUR = 3;

interface LinkedMail {
  id: string;
  accountRequestId: string;
}

/** A database, a folder for mails, and who writes mails into it. */
export interface MailScene {
  database: TestDatabase;
  deps: WorkerDeps;
  bench: MailBench;
  dir: string;
  /** Asks for a mail. @returns its id. */
  ask: (request: MailRequest) => Promise<string>;
  /** Asks for a mail and does its job. @returns its id. */
  send: (request: MailRequest) => Promise<string>;
  askToRegister: (email: string, name: string) => Promise<LinkedMail>;
  askToVerify: (user: UserRow) => Promise<LinkedMail>;
  mailsTo: (recipient: string) => ReadMail[];
  onlyMailTo: (recipient: string) => ReadMail;
  /** Uses a mailed token. */
  take: (purpose: AccountRequestPurpose, token: string) => Promise<AccountRequestRow | null>;
  /** Makes a request look as if it had been made so many hours earlier. */
  ageRequest: (id: string, hours: number) => Promise<void>;
  /** Makes a request look as if it had been used so many hours ago. */
  useRequest: (id: string, hours: number) => Promise<void>;
  close: () => Promise<void>;
}

export async function openMailScene(): Promise<MailScene> {
  const database = await createTestDatabase();
  const { db } = database;
  const deps = await openWorkerDeps({ databaseUri: database.uri, prefix: uniquePrefix() });
  const dir = join(makeMailDir(), 'not', 'there', 'yet');
  const bench = openMailBench(deps, { MAIL_DIR: dir, APP_URL, MAILS_PER_RECIPIENT_PER_HOUR: MAILS_PER_HOUR });
  const ask = async (request: MailRequest): Promise<string> => mailIdOf(await requestMail(db, request));
  const mailsTo = (recipient: string): ReadMail[] => readMailbox(dir).filter(({ to }) => to === recipient);
  return {
    database,
    deps,
    bench,
    dir,
    ask,
    send: async (request) => {
      const id = await ask(request);
      await bench.send(id);
      return id;
    },
    askToRegister: async (email, name) => {
      const accountRequestId = newId();
      const pending = { userId: null, email, name, passwordHash: 'none', lifetimeSeconds: 86_400 };
      await insertAccountRequest(db, { id: accountRequestId, purpose: 'register', ...pending });
      const mail = { template: 'confirm_registration', recipient: email, userId: null, accountRequestId } as const;
      return { id: await ask(mail), accountRequestId };
    },
    askToVerify: async ({ id: userId, email }) => {
      const accountRequestId = newId();
      const pending = { userId, email, lifetimeSeconds: 86_400 };
      await insertAccountRequest(db, { id: accountRequestId, purpose: 'verify_email', ...pending });
      const mail = { template: 'verify_email', recipient: email, userId, accountRequestId } as const;
      return { id: await ask(mail), accountRequestId };
    },
    mailsTo,
    onlyMailTo: (recipient) => {
      const mails = mailsTo(recipient);
      expect(mails).toHaveLength(1);
      return mails[0] as ReadMail;
    },
    take: (purpose, token) => takeAccountRequest(db, purpose, hashOpaqueToken(token)),
    ageRequest: async (id, hours) => {
      await db.query(sql.typeAlias('void')`
        UPDATE account_requests
        SET created_at = created_at - make_interval(hours => ${hours}), expires_at = expires_at - make_interval(hours => ${hours})
        WHERE id = ${id}`);
    },
    useRequest: async (id, hours) => {
      await db.query(sql.typeAlias('void')`
        UPDATE account_requests SET used_at = now() - make_interval(hours => ${hours}) WHERE id = ${id}`);
    },
    close: async () => {
      bench.close();
      await deps.backend.close();
      await deps.db.end();
      await database.drop();
    },
  };
}
