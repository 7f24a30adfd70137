import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { WorkerConfig } from '../../shared/config/worker.config.ts';
import { requestMail } from '../../shared/mail/request-mail.ts';
import type { UserRow } from '../../shared/identity/user.repository.ts';
import { smtpOptions } from '../../worker/mail/smtp-transport.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { buildUser } from '../support/factories.ts';
import { openWorkerDeps } from '../support/in-process.ts';
import { mailIdOf, openMailBench, outcomeOf, type MailBench } from '../support/mails.ts';
import { selfSigned } from '../support/self-signed.ts';
import { openSmtpPeer, type SmtpPeer } from '../support/smtp-peer.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CREDENTIALS = { user: 'learnify@example.org', pass: 'p@ss/wörd:1' };
const LOGIN = `${encodeURIComponent(CREDENTIALS.user)}:${encodeURIComponent(CREDENTIALS.pass)}`;
const FROM = { name: 'Learnify', address: 'hello@learn.example.org' };

describe('mails over SMTP', () => {
  let database: TestDatabase;
  let deps: WorkerDeps;
  let user: UserRow;
  let peer: SmtpPeer | undefined;
  let bench: MailBench | undefined;
  const certificate = selfSigned();
  const usualAuthorities = getCACertificates('default');

  beforeAll(async () => {
    database = await createTestDatabase();
    deps = await openWorkerDeps({ databaseUri: database.uri, prefix: uniquePrefix() });
  });
  beforeEach(async () => {
    user = await buildUser(database.db);
  });
  afterEach(async () => {
    bench?.close();
    bench = undefined;
    await peer?.close();
    peer = undefined;
    setDefaultCACertificates(usualAuthorities);
  });
  afterAll(async () => {
    await deps.backend.close();
    await deps.db.end();
    await database.drop();
  });

  const openPeer = async (options: Parameters<typeof openSmtpPeer>[0] = {}): Promise<SmtpPeer> =>
    (peer = await openSmtpPeer(options));
  const openBench = (url: string, settings: Partial<WorkerConfig> = {}): MailBench =>
    (bench = openMailBench(deps, { SMTP_URL: url, MAIL_FROM: FROM, ...settings }));
  const askForMail = async (): Promise<string> =>
    mailIdOf(await requestMail(database.db, { template: 'password_changed', recipient: user.email, userId: user.id }));

  test('arrive with sender, recipient and a message id that is the same at each attempt', async () => {
    const { port, deliveries } = await openPeer();
    const { send } = openBench(`smtp://127.0.0.1:${port}`);
    const id = await askForMail();
    await send(id);
    expect(deliveries).toMatchObject([
      {
        from: FROM.address,
        to: [user.email],
        secure: false,
        user: null,
        mail: {
          to: user.email,
          subject: 'Your password was changed',
          headers: { from: 'Learnify <hello@learn.example.org>', 'message-id': `<${id}@learn.example.org>` },
        },
      },
    ]);
    expect(await outcomeOf(database.db, id)).toBe('sent');
  });

  test('share connections, as many as there are jobs at once', async () => {
    const server = await openPeer();
    const { send } = openBench(`smtp://127.0.0.1:${server.port}`);
    const ids = [];
    for (let count = 0; count < 5; count++) ids.push(await askForMail());
    await Promise.all(ids.map((id) => send(id)));
    expect(server.deliveries).toHaveLength(5);
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  describe('with a login', () => {
    test('go over STARTTLS once the certificate is trusted, with the user and password of the URL', async () => {
      const { port, deliveries } = await openPeer({ ...certificate, credentials: CREDENTIALS });
      setDefaultCACertificates([...usualAuthorities, certificate.cert]);
      const { send, log } = openBench(`smtp://${LOGIN}@localhost:${port}`);
      await send(await askForMail());
      expect(deliveries).toMatchObject([{ secure: true, user: CREDENTIALS.user }]);
      expect(log()).not.toContain(CREDENTIALS.pass);
    });

    test('are not sent to a server whose certificate is not trusted, and no password is given to it', async () => {
      const server = await openPeer({ ...certificate, credentials: CREDENTIALS });
      const { send, log } = openBench(`smtp://${LOGIN}@localhost:${server.port}`);
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow(/not reached or not understood \(\w+, DEPTH_ZERO_SELF_SIGNED_CERT/);
      expect(server.logins).toEqual([]);
      expect(server.recipients).toEqual([]);
      expect(await outcomeOf(database.db, id)).toBeNull();
      expect(log()).not.toContain('@');
    });

    test('wait while the password is wrong: that is not about the mail', async () => {
      const server = await openPeer({ ...certificate, credentials: { ...CREDENTIALS, pass: 'changed' } });
      setDefaultCACertificates([...usualAuthorities, certificate.cert]);
      const { send, log } = openBench(`smtp://${LOGIN}@localhost:${server.port}`);
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow('The server answered 535 to AUTH PLAIN (EAUTH).');
      expect(server.logins).toEqual([CREDENTIALS.user]);
      expect(await outcomeOf(database.db, id)).toBeNull();
      expect(log()).not.toMatch(/@|p@ss/);
    });
  });

  describe('in production', () => {
    test('insist on encryption, but for a relay on the same machine', () => {
      const requires = (url: string, SERVER_ENV: WorkerConfig['SERVER_ENV'] = 'production') =>
        smtpOptions({ SERVER_ENV }, url).requireTLS;
      expect(requires('smtp://mail.example.org')).toBe(true);
      expect(requires('smtp://127.0.0.1.example.org')).toBe(true);
      for (const host of ['localhost', '127.0.0.1', '[::1]']) expect(requires(`smtp://${host}:25`)).toBe(false);
      expect(requires('smtp://mail.example.org', 'development')).toBe(false);
      expect(smtpOptions({ SERVER_ENV: 'production' }, 'smtps://mail.example.org')).toMatchObject({
        secure: true,
        port: 465,
        tls: { minVersion: 'TLSv1.2' },
      });
      expect(smtpOptions({ SERVER_ENV: 'production' }, 'smtp://[::1]:2525')).toMatchObject({ host: '::1', port: 2525 });
    });

    test('are not sent where the offer of encryption was taken out of the server’s answer', async () => {
      // To this name, a loopback address by other means, a server without STARTTLS answers.
      const server = await openPeer();
      const { send } = openBench(`smtp://0.0.0.0:${server.port}`, { SERVER_ENV: 'production' });
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow(/STARTTLS/);
      expect(server.recipients).toEqual([]);
      expect(await outcomeOf(database.db, id)).toBeNull();
    });
  });

  describe('that a server does not take', () => {
    test('now (451) are sent by the next attempt', async () => {
      const { port, deliveries } = await openPeer({
        onMessage: (index) => (index === 0 ? { code: 451, text: `Try later, ${user.email}` } : null),
      });
      const { send, log } = openBench(`smtp://127.0.0.1:${port}`);
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow('The server answered 451 to DATA (EMESSAGE).');
      expect(await outcomeOf(database.db, id)).toBeNull();
      await send(id);
      expect(deliveries).toHaveLength(1);
      expect(await outcomeOf(database.db, id)).toBe('sent');
      expect(log()).not.toContain(user.email);
    });

    test('now are given up after the last attempt', async () => {
      const { port } = await openPeer({ onRecipient: () => ({ code: 450, text: 'Mailbox busy' }) });
      const { send, metrics } = openBench(`smtp://127.0.0.1:${port}`);
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow('450');
      await send(id, { isLastAttempt: true });
      expect(await outcomeOf(database.db, id)).toBe('failed');
      expect(await metrics()).toContain('mails_total{template="password_changed",outcome="failed"} 1');
    });

    test.each([
      ['its recipient (550)', { onRecipient: () => ({ code: 550, text: `No such user ${user.email}` }) }],
      ['its content (554)', { onMessage: () => ({ code: 554, text: `Spam for ${user.email}` }) }],
    ])('for %s are given up at once, and the log names no address', async (_what, options) => {
      const server = await openPeer(options);
      const { send, log } = openBench(`smtp://127.0.0.1:${server.port}`);
      const id = await askForMail();
      await send(id);
      expect(await outcomeOf(database.db, id)).toBe('failed');
      expect(server.recipients).toHaveLength(1);
      expect(log()).toMatch(/The server answered 55[04] to (RCPT TO|DATA)/);
      expect(log()).not.toContain('@');
    });
  });

  describe('while the server', () => {
    test('is away, wait', async () => {
      // A port that nobody is given by chance.
      const { send } = openBench('smtp://127.0.0.1:1');
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow(/not reached .*ECONNREFUSED/);
      expect(await outcomeOf(database.db, id)).toBeNull();
    });

    test('hangs up before the greeting, wait', async () => {
      const rude = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
      const { send } = openBench(`smtp://127.0.0.1:${(rude.address() as AddressInfo).port}`);
      const id = await askForMail();
      await expect(send(id)).rejects.toThrow('not reached or not understood');
      expect(await outcomeOf(database.db, id)).toBeNull();
      await new Promise((resolve) => rude.close(resolve));
    });

    test('stalls, are left by the job’s deadline, and the connection with them', async () => {
      const server = await openPeer({ onRecipient: (_address, index) => (index === 0 ? 'never' : null) });
      const { send } = openBench(`smtp://127.0.0.1:${server.port}`);
      const id = await askForMail();
      const deadline = new AbortController();
      const sending = send(id, { signal: deadline.signal });
      await eventually('the server was asked for the recipient', () => server.recipients.length === 1);
      deadline.abort(new Error('deadline passed'));
      await expect(sending).rejects.toThrow('deadline passed');
      expect(await outcomeOf(database.db, id)).toBeNull();
      await send(id);
      expect(server.deliveries).toHaveLength(1);
      expect(await outcomeOf(database.db, id)).toBe('sent');
    });

    test('dribbles a greeting that never ends, are left all the same', async () => {
      const sockets = new Set<Socket>();
      const dribbling = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => sockets.delete(socket));
        socket.write('220-patience\r\n');
      });
      await new Promise<void>((resolve) => dribbling.listen(0, '127.0.0.1', resolve));
      const { send } = openBench(`smtp://127.0.0.1:${(dribbling.address() as AddressInfo).port}`);
      const deadline = new AbortController();
      const sending = send(await askForMail(), { signal: deadline.signal });
      await eventually('connected', () => sockets.size === 1);
      deadline.abort(new Error('deadline passed'));
      await expect(sending).rejects.toThrow('deadline passed');
      await eventually('hung up', () => sockets.size === 0);
      await new Promise((resolve) => dribbling.close(resolve));
    });
  });
});
