import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { cancelAccountRequests } from '../../shared/identity/account-request.repository.ts';
import { buildUser } from '../support/factories.ts';
import { APP_URL, openMailScene, type MailScene } from '../support/mail-scene.ts';
import { findMail, openMailBench, outcomeOf } from '../support/mails.ts';

const CONFIRMED = '2026-01-01T00:00:00Z';
const TYPED_NAME = 'Buy pills at evil.example';

describe('mails', () => {
  let scene: MailScene;

  beforeAll(async () => {
    scene = await openMailScene();
  });
  afterAll(() => scene.close());

  const address = (): string => `${newId()}@example.org`;

  describe('written into a folder', () => {
    test('are whole messages that only their owner can read, named so that they sort by time', async () => {
      const { email, id: userId } = await buildUser(scene.database.db);
      const first = await scene.send({ template: 'password_changed', recipient: email, userId });
      const second = await scene.send({ template: 'refresh_token_reused', recipient: email, userId });
      const files = readdirSync(scene.dir);
      expect(files.every((name) => !name.startsWith('.'))).toBe(true);
      expect(files.filter((name) => name.includes(first) || name.includes(second)).sort()).toEqual([
        expect.stringMatching(new RegExp(`^[\\dT.Z-]+-password_changed-${first}\\.eml$`)),
        expect.stringMatching(new RegExp(`^[\\dT.Z-]+-password_changed-${first}\\.txt$`)),
        expect.stringMatching(new RegExp(`^[\\dT.Z-]+-refresh_token_reused-${second}\\.eml$`)),
        expect.stringMatching(new RegExp(`^[\\dT.Z-]+-refresh_token_reused-${second}\\.txt$`)),
      ]);
      for (const name of files) expect(statSync(join(scene.dir, name)).mode & 0o777).toBe(0o600);
      expect(statSync(scene.dir).mode & 0o777).toBe(0o700);
      expect(scene.mailsTo(email)[0]?.headers).toMatchObject({
        from: 'Learnify <no-reply@learnify.invalid>',
        subject: 'Your password was changed',
        'message-id': `<${first}@learnify.invalid>`,
        'auto-submitted': 'auto-generated',
        'mime-version': '1.0',
      });
    });

    test('that cannot be written are tried again, and given up after the last attempt', async () => {
      const [name] = readdirSync(scene.dir);
      const barred = openMailBench(scene.deps, { MAIL_DIR: join(scene.dir, name ?? '', 'below-a-file') });
      const { email, id: userId } = await buildUser(scene.database.db);
      const id = await scene.ask({ template: 'password_changed', recipient: email, userId });
      await expect(barred.send(id)).rejects.toThrow('ENOTDIR');
      expect(await outcomeOf(scene.database.db, id)).toBeNull();
      await barred.send(id, { isLastAttempt: true });
      expect(await outcomeOf(scene.database.db, id)).toBe('failed');
      expect(await barred.metrics()).toContain('mails_total{template="password_changed",outcome="failed"} 1');
      barred.close();
    });
  });

  describe('with a link', () => {
    test('lead to the configured app, with a token in the fragment of which only the hash is known here', async () => {
      const user = await buildUser(scene.database.db);
      const { id, accountRequestId } = await scene.askToVerify(user);
      await scene.bench.send(id);
      const mail = scene.onlyMailTo(user.email);
      expect(mail.link).toBe(`${APP_URL}/confirm-email#token=${mail.token}`);
      expect(mail.html).toContain(`href="${mail.link}"`);
      const [file = ''] = readdirSync(scene.dir).filter((name) => name.endsWith(`${id}.txt`));
      expect(readFileSync(join(scene.dir, file), 'utf8')).toContain(mail.link);
      expect(mail.token).toMatch(/^[\w-]{43}$/);
      const stored = await everythingStored();
      expect(stored).toContain(createHash('sha256').update(mail.token).digest('hex'));
      expect(stored).not.toContain(mail.token);
      expect(scene.bench.log()).not.toContain(mail.token);
      expect(await scene.take('verify_email', mail.token)).toMatchObject({ id: accountRequestId, user_id: user.id });
    });

    test('have a token that works once, for its purpose, and not after it was taken back', async () => {
      const user = await buildUser(scene.database.db);
      await scene.bench.send((await scene.askToVerify(user)).id);
      const { token } = scene.onlyMailTo(user.email);
      expect(await scene.take('reset_password', token)).toBeNull();
      expect(await scene.take('verify_email', `${token}x`)).toBeNull();
      const both = await Promise.all([scene.take('verify_email', token), scene.take('verify_email', token)]);
      expect(both.filter((row) => row !== null)).toHaveLength(1);

      await scene.bench.send((await scene.askToVerify(user)).id);
      const taken = scene.mailsTo(user.email).at(-1)?.token ?? '';
      await cancelAccountRequests(scene.database.db, user.id, 'verify_email');
      expect(await scene.take('verify_email', taken)).toBeNull();
    });

    test('that are sent again have a new token, and the one before stops working', async () => {
      const user = await buildUser(scene.database.db);
      const { id } = await scene.askToVerify(user);
      await scene.bench.send(id);
      const first = scene.onlyMailTo(user.email);
      await reopen(id);
      await scene.bench.send(id);
      // Within the same millisecond it takes the place of the first.
      const second = scene.mailsTo(user.email).at(-1);
      expect(second?.headers['message-id']).toBe(first.headers['message-id']);
      expect(await scene.take('verify_email', first.token)).toBeNull();
      expect(await scene.take('verify_email', second?.token ?? '')).not.toBeNull();
    });

    test('have their whole lifetime from the mail on, and none are sent for what has run out or is done', async () => {
      const user = await buildUser(scene.database.db);
      const late = await scene.askToVerify(user);
      await scene.ageRequest(late.accountRequestId, 23);
      await scene.bench.send(late.id);
      await scene.ageRequest(late.accountRequestId, 23);
      expect(await scene.take('verify_email', scene.onlyMailTo(user.email).token)).not.toBeNull();

      const expired = await scene.askToVerify(user);
      await scene.ageRequest(expired.accountRequestId, 25);
      await scene.bench.send(expired.id);
      expect(await outcomeOf(scene.database.db, expired.id)).toBe('expired');
      expect(scene.mailsTo(user.email)).toHaveLength(1);
    });
  });

  describe('about a new password', () => {
    const reset = (recipient: string): Promise<string> =>
      scene.send({ template: 'reset_password', recipient, userId: null });

    test('go to the address that the account has, however it was typed', async () => {
      const user = await buildUser(scene.database.db, { email: `Ada.${newId()}@example.org` });
      const id = await reset(user.email.toUpperCase());
      const mail = scene.onlyMailTo(user.email);
      expect(mail.link).toBe(`${APP_URL}/reset-password#token=${mail.token}`);
      expect(await findMail(scene.database.db, id)).toMatchObject({ outcome: 'sent', user_id: user.id });
      expect(await scene.take('reset_password', mail.token)).toMatchObject({ user_id: user.id, email: user.email });
    });

    test('are sent to nobody without an account, and nothing is kept that could be used', async () => {
      const stranger = address();
      const id = await reset(stranger);
      expect(await findMail(scene.database.db, id)).toEqual({
        outcome: 'no_account',
        dispatch: 1,
        recipient: stranger,
        user_id: null,
        account_request_id: null,
      });
      expect(scene.mailsTo(stranger)).toEqual([]);
    });

    test('make one request for all attempts', async () => {
      const user = await buildUser(scene.database.db);
      const id = await reset(user.email);
      const { account_request_id: first } = (await findMail(scene.database.db, id)) ?? {};
      await reopen(id);
      await scene.bench.send(id);
      expect((await findMail(scene.database.db, id))?.account_request_id).toBe(first);
      expect(await countRequests(user.id)).toBe(1);
    });
  });

  describe('about a registration', () => {
    test('confirm a free address, and repeat nothing that somebody typed', async () => {
      const email = address();
      const { id, accountRequestId } = await scene.askToRegister(email, TYPED_NAME);
      await scene.bench.send(id);
      const mail = scene.onlyMailTo(email);
      expect(mail.link).toBe(`${APP_URL}/confirm-registration#token=${mail.token}`);
      expect(mail.text + mail.html + mail.subject).not.toMatch(/pills|evil/);
      expect(mail.text).toMatch(/^Hello,\n/);
      expect(await scene.take('register', mail.token)).toMatchObject({ id: accountRequestId, email });
    });

    test('tell the owner of a taken address so, without a token', async () => {
      const owner = await buildUser(scene.database.db, { email_verified_at: CONFIRMED });
      const { id } = await scene.askToRegister(owner.email.toUpperCase(), TYPED_NAME);
      await scene.bench.send(id);
      const mail = scene.onlyMailTo(owner.email);
      expect(mail).toMatchObject({ subject: 'You have a Learnify account already', link: null });
      expect(mail.text + mail.html).not.toMatch(/pills|token=|Ada/);
      expect(await outcomeOf(scene.database.db, id)).toBe('sent');
    });
  });

  describe('to the owner of an account', () => {
    test('greet by name who has confirmed the address, escaped and on one line', async () => {
      const name = '<img src=x onerror=alert(1)>\r\nBcc: eve@evil.example & "co"';
      const user = await buildUser(scene.database.db, { name, email_verified_at: CONFIRMED });
      await scene.send({
        template: 'mfa_changed',
        recipient: user.email,
        userId: user.id,
        details: { change: 'activated' },
      });
      const mail = scene.onlyMailTo(user.email);
      expect(mail.subject).toBe('Your second factor is active');
      expect(mail.text).toContain('Hello <img src=x onerror=alert(1)> Bcc: eve@evil.example & "co",\n');
      expect(mail.html).toContain(
        'Hello &lt;img src=x onerror=alert(1)&gt; Bcc: eve@evil.example &amp; &quot;co&quot;,',
      );
      expect(mail.html).not.toContain('<img');
      expect(Object.keys(mail.headers)).not.toContain('bcc');
    });

    test('greet nobody by name who has not', async () => {
      const user = await buildUser(scene.database.db, { name: 'Visit evil.example' });
      await scene.send({ template: 'password_changed', recipient: user.email, userId: user.id });
      const { text, html } = scene.onlyMailTo(user.email);
      expect(text + html).not.toContain('evil');
    });

    test('have a text for everything that can be asked for', async () => {
      const user = await buildUser(scene.database.db);
      const to = { recipient: user.email, userId: user.id };
      for (const change of ['activated', 'disabled', 'recovery_codes_replaced', 'recovery_code_used'] as const) {
        // One each of the three that an hour allows.
        const { email: recipient, id: userId } = await buildUser(scene.database.db);
        await scene.send({ template: 'mfa_changed', recipient, userId, details: { change } });
        expect(scene.onlyMailTo(recipient).text).toMatch(/second factor|authenticator|recovery codes|password/);
      }
      for (const template of ['password_changed', 'refresh_token_reused'] as const)
        await scene.send({ template, ...to });
      await scene.send({ template: 'account_erased', recipient: user.email, userId: null });
      const subjects = scene.mailsTo(user.email).map(({ subject }) => subject);
      expect(subjects.sort()).toEqual([
        'We ended a session of your account',
        'Your account is being erased',
        'Your password was changed',
      ]);
    });

    test('are not sent when the account has gone', async () => {
      const user = await buildUser(scene.database.db);
      const erasing = await scene.ask({
        template: 'password_changed',
        recipient: user.email,
        userId: user.id,
      });
      await scene.database.db.query(
        sql.typeAlias('void')`UPDATE users SET erasing_since = now() WHERE id = ${user.id}`,
      );
      await scene.bench.send(erasing);
      expect(await outcomeOf(scene.database.db, erasing)).toBe('no_account');

      const { id } = await buildUser(scene.database.db);
      const gone = await scene.ask({ template: 'password_changed', recipient: user.email, userId: id });
      await scene.database.db.query(sql.typeAlias('void')`DELETE FROM users WHERE id = ${id}`);
      await scene.bench.send(gone);
      expect(await findMail(scene.database.db, gone)).toBeNull();
      expect(scene.mailsTo(user.email)).toEqual([]);
    });
  });

  async function reopen(id: string): Promise<void> {
    await scene.database.db.query(
      sql.typeAlias('void')`UPDATE mails SET outcome = NULL, settled_at = NULL WHERE id = ${id}`,
    );
  }

  function countRequests(userId: string): Promise<number> {
    return scene.database.db.oneFirst(sql.type(z.strictObject({ count: z.number() }))`
      SELECT count(*)::int AS count FROM account_requests WHERE user_id = ${userId}`);
  }

  /** Every row that is about mails, as text. */
  function everythingStored(): Promise<string> {
    return scene.database.db.oneFirst(sql.type(z.strictObject({ text: z.string() }))`
      SELECT (SELECT coalesce(string_agg(m::text, ' '), '') FROM mails m) || (SELECT coalesce(string_agg(r::text, ' '), '') FROM account_requests r)
        || (SELECT coalesce(string_agg(o::text, ' '), '') FROM outbox o) AS text`);
  }
});
