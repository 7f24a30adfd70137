import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { newId } from '../../shared/db/id.ts';
import { sql } from '../../shared/db/sql.ts';
import { prune } from '../../worker/maintenance/prune.ts';
import { buildUser } from '../support/factories.ts';
import { MAILS_PER_HOUR, openMailScene, type MailScene } from '../support/mail-scene.ts';
import { ageMail, findMail, outcomeOf } from '../support/mails.ts';

describe('mails', () => {
  let scene: MailScene;

  beforeAll(async () => {
    scene = await openMailScene();
  });
  afterAll(() => scene.close());

  describe('in too great numbers', () => {
    test('are not sent: an hour brings so many of one kind to one address, however it is typed', async () => {
      const user = await buildUser(scene.database.db);
      const typed = [user.email, user.email.toUpperCase(), user.email, user.email, user.email];
      const ids = await Promise.all(
        typed.map((recipient) => scene.ask({ template: 'reset_password', recipient, userId: null })),
      );
      // All at once: the decision does not depend on who is first.
      await Promise.all(ids.map((id) => scene.bench.send(id)));
      const outcomes = await Promise.all(ids.map((id) => outcomeOf(scene.database.db, id)));
      expect(outcomes.filter((outcome) => outcome === 'sent')).toHaveLength(MAILS_PER_HOUR);
      expect(outcomes.filter((outcome) => outcome === 'too_many')).toHaveLength(2);
      expect(scene.mailsTo(user.email)).toHaveLength(MAILS_PER_HOUR);

      const other = await scene.send({ template: 'password_changed', recipient: user.email, userId: user.id });
      expect(await outcomeOf(scene.database.db, other)).toBe('sent');
    });

    test('do not keep back other news of the same kind: who replaces codes often still tells of switching the factor off', async () => {
      const { email: recipient, id: userId } = await buildUser(scene.database.db);
      const tell = async (change: 'recovery_codes_replaced' | 'disabled') => {
        const id = await scene.send({ template: 'mfa_changed', recipient, userId, details: { change } });
        return outcomeOf(scene.database.db, id);
      };
      for (let sent = 0; sent < MAILS_PER_HOUR; sent += 1) expect(await tell('recovery_codes_replaced')).toBe('sent');
      expect(await tell('recovery_codes_replaced')).toBe('too_many');
      expect(await tell('disabled')).toBe('sent');
    });

    test('do not keep out those of the next hour: what was not sent does not count', async () => {
      const user = await buildUser(scene.database.db);
      const flood = await Promise.all(
        Array.from({ length: 6 }, () => scene.ask({ template: 'reset_password', recipient: user.email, userId: null })),
      );
      for (const id of flood) await scene.bench.send(id);
      for (const [index, id] of flood.entries()) await ageMail(scene.database.db, id, index < MAILS_PER_HOUR ? 2 : 0);
      const next = await scene.send({ template: 'reset_password', recipient: user.email, userId: null });
      expect(await outcomeOf(scene.database.db, next)).toBe('sent');
    });
  });

  describe('with a header or a second recipient put into the address', () => {
    test.each([
      'ada@example.org\r\nBcc: eve@evil.example',
      'ada@example.org\nSubject: cheap',
      'ada@example.org\u0000',
      'ada@example.org,eve@evil.example',
      'ada@example.org>,<eve@evil.example',
      '"ada" <eve@evil.example>',
      'ada@example.org eve@evil.example',
      'undisclosed:ada@example.org;',
      'ada\u2028@example.org',
      'ada',
      '@example.org',
      '',
    ])('are given up at once: %j', async (recipient) => {
      const before = readdirSync(scene.dir).length;
      const id = await insertMailDirectly(recipient);
      await scene.bench.send(id);
      expect(await outcomeOf(scene.database.db, id)).toBe('failed');
      expect(readdirSync(scene.dir)).toHaveLength(before);
    });
  });

  describe('that are settled', () => {
    test('are left alone, and so are those that another job is about', async () => {
      const user = await buildUser(scene.database.db);
      const id = await scene.send({ template: 'password_changed', recipient: user.email, userId: user.id });
      await scene.bench.send(id);
      expect(scene.mailsTo(user.email)).toHaveLength(1);

      const moved = await scene.ask({
        template: 'password_changed',
        recipient: user.email,
        userId: user.id,
      });
      await scene.database.db.query(sql.typeAlias('void')`UPDATE mails SET dispatch = 2 WHERE id = ${moved}`);
      await scene.bench.send(moved);
      expect(await outcomeOf(scene.database.db, moved)).toBeNull();
      await scene.bench.send(moved, { dispatch: 2 });
      expect(await outcomeOf(scene.database.db, moved)).toBe('sent');
    });

    test('are counted by kind and outcome, and logged without an address', async () => {
      await scene.send({ template: 'reset_password', recipient: `${newId()}@example.org`, userId: null });
      expect(await scene.bench.metrics()).toMatch(/mails_total\{template="reset_password",outcome="no_account"\} 1\n/);
      expect(scene.bench.log()).toContain('"outcome":"no_account"');
      expect(scene.bench.log()).not.toMatch(/@|token=/);
    });

    test('are forgotten after a month, those to strangers after days', async () => {
      const { email: recipient, id: userId } = await buildUser(scene.database.db);
      const kept = await scene.send({ template: 'password_changed', recipient, userId });
      const old = await scene.send({ template: 'password_changed', recipient, userId });
      const toStranger = await scene.send({
        template: 'reset_password',
        recipient: `${newId()}@example.org`,
        userId: null,
      });
      await ageMail(scene.database.db, kept, 29 * 24);
      await ageMail(scene.database.db, old, 31 * 24);
      await ageMail(scene.database.db, toStranger, 4 * 24);
      await prune(scene.deps);
      expect(await outcomeOf(scene.database.db, kept)).toBe('sent');
      expect(await findMail(scene.database.db, old)).toBeNull();
      expect(await findMail(scene.database.db, toStranger)).toBeNull();
    });

    test('include those that nobody managed to send in a day', async () => {
      const { email: recipient, id: userId } = await buildUser(scene.database.db);
      const [stuck, waiting] = [
        await scene.ask({ template: 'password_changed', recipient, userId }),
        await scene.ask({ template: 'password_changed', recipient, userId }),
      ];
      await ageMail(scene.database.db, stuck, 25);
      await ageMail(scene.database.db, waiting, 23);
      await prune(scene.deps);
      expect(await outcomeOf(scene.database.db, stuck)).toBe('expired');
      expect(await outcomeOf(scene.database.db, waiting)).toBeNull();
      expect(await scene.deps.registry.metrics()).toMatch(
        /mails_total\{template="password_changed",outcome="expired"\} 1\n/,
      );
    });

    test('go with what their links were for: a day after its use, a week after its end', async () => {
      const user = await buildUser(scene.database.db);
      const used = await scene.askToVerify(user);
      const justUsed = await scene.askToVerify(user);
      const ended = await scene.askToVerify(user);
      const justEnded = await scene.askToVerify(user);
      await scene.useRequest(used.accountRequestId, 25);
      await scene.useRequest(justUsed.accountRequestId, 23);
      // They last a day.
      await scene.ageRequest(ended.accountRequestId, 8 * 24 + 1);
      await scene.ageRequest(justEnded.accountRequestId, 8 * 24 - 1);
      await prune(scene.deps);
      const left = [];
      for (const { id } of [used, justUsed, ended, justEnded])
        left.push((await findMail(scene.database.db, id)) !== null);
      expect(left).toEqual([false, true, false, true]);
    });
  });

  /** What contracts would not let through. */
  async function insertMailDirectly(recipient: string): Promise<string> {
    const id = newId();
    // PostgreSQL stores no NUL; there it ends here already.
    const stored = recipient.replaceAll('\u0000', '\u0001');
    await scene.database.db.query(sql.typeAlias('void')`
      INSERT INTO mails (id, template, recipient, recipient_key) VALUES (${id}, 'account_erased', ${stored}, ${id})`);
    return id;
  }
});
