import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig, type Environment } from '../../shared/config/env.ts';
import { WorkerConfig } from '../../shared/config/worker.config.ts';

const load = (environment: Environment) =>
  loadConfig(WorkerConfig, { DATABASE_URL: 'postgres://app:pw@db:5432/app', ...environment });

/** The keys that are complained about. */
function badKeys(environment: Environment): string[] {
  try {
    load(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.split(':')[0] ?? '');
    throw error;
  }
}

const PRODUCTION = {
  SERVER_ENV: 'production',
  SMTP_URL: 'smtps://mail.example.org',
  MAIL_FROM: 'Learnify <hello@example.org>',
  APP_URL: 'https://app.example.org',
};

describe('the settings of mails', () => {
  test('need nothing outside production', () => {
    expect(load({})).toMatchObject({
      MAIL_FROM: { name: 'Learnify', address: 'no-reply@learnify.invalid' },
      APP_URL: 'http://localhost:3000',
      MAILS_PER_RECIPIENT_PER_HOUR: 5,
    });
  });

  test('in production say how, as whom and where to, all of it told at once', () => {
    expect(badKeys(PRODUCTION)).toEqual([]);
    expect(badKeys({ SERVER_ENV: 'production' })).toEqual(['SMTP_URL', 'MAIL_FROM', 'APP_URL']);
    for (const APP_URL of ['http://app.example.org', 'HTTP://app.example.org'])
      expect(badKeys({ ...PRODUCTION, APP_URL })).toEqual(['APP_URL']);
    expect(badKeys({ ...PRODUCTION, MAIL_FROM: 'no-reply@learnify.invalid' })).toEqual(['MAIL_FROM']);
    expect(badKeys({ ...PRODUCTION, MAIL_FROM: 'nobody', SMTP_URL: 'nowhere' })).toEqual(['SMTP_URL', 'MAIL_FROM']);
    expect(badKeys({ ...PRODUCTION, APP_URL: 'nowhere', WORKER_QUEUES: 'letters' })).toEqual([
      'APP_URL',
      'WORKER_QUEUES.0',
    ]);
  });

  test('in production may name a folder, and are not asked of workers that send none', () => {
    expect(badKeys({ SERVER_ENV: 'production', MAIL_DIR: '/var/mail/learnify' })).toEqual([]);
    expect(badKeys({ SERVER_ENV: 'production', WORKER_QUEUES: 'grading,review,maintenance' })).toEqual([]);
  });

  test.each([
    ['Learnify <hello@example.org>', { name: 'Learnify', address: 'hello@example.org' }],
    ['Die Lern-Äpp <hello@example.org>', { name: 'Die Lern-Äpp', address: 'hello@example.org' }],
    ['hello@example.org', { name: '', address: 'hello@example.org' }],
    ['<hello@example.org>', { name: '', address: 'hello@example.org' }],
  ])('read the sender %s', (MAIL_FROM, expected) => {
    expect(load({ MAIL_FROM }).MAIL_FROM).toEqual(expected);
  });

  test.each([
    'Learnify',
    'Learnify hello@example.org',
    'a@example.org, b@example.org',
    'Learnify <a@example.org>, Eve <e@evil.example>',
    'Learnify\r\nBcc: e@evil.example <a@example.org>',
    'Learnify <a@example.org',
    'hello@example.org>',
    '"Learnify" <a@b@example.org>',
  ])('refuse the sender %j', (MAIL_FROM) => {
    expect(badKeys({ MAIL_FROM })).toEqual(['MAIL_FROM']);
  });

  test.each([
    'http://mail.example.org',
    'smtp://mail.example.org?tls.rejectUnauthorized=false',
    'smtp://mail.example.org/path',
    'smtp://mail.example.org#fragment',
    'smtp://user:50%off@mail.example.org',
    'smtp://',
  ])('refuse %s as a server: what stands in a query could switch off checks', (SMTP_URL) => {
    expect(badKeys({ SMTP_URL })).toEqual(['SMTP_URL']);
  });

  test('put paths behind the address of the app, which holds nothing else', () => {
    expect(load({ APP_URL: 'https://example.org/learn/' }).APP_URL).toBe('https://example.org/learn');
    for (const APP_URL of [
      'https://example.org/?next=',
      'https://example.org/#x',
      'https://user:pw@example.org',
      'javascript:alert(1)',
    ])
      expect(badKeys({ APP_URL })).toEqual(['APP_URL']);
  });
});
