import { expect, test } from '@jest/globals';
import { loggedError } from '../../shared/observability/logged-error.ts';

test('an error is logged with its type, message, code, stack and causes, and with nothing that hangs on it', () => {
  const row = { email: 'ada@example.org', password_hash: '$argon2id$' };
  const cause = Object.assign(new Error('inner'), { values: ['s3cret'] });
  const error = Object.assign(new TypeError('outer', { cause }), {
    code: '23505',
    detail: 'Key (email_key)=(ada@example.org) already exists.',
    command: { name: 'auth', args: ['s3cret'] },
    client: { password: 's3cret' },
    row,
  });
  expect(loggedError(error)).toEqual({
    type: 'TypeError',
    message: 'outer: inner',
    stack: expect.stringMatching(/TypeError: outer[\s\S]+caused by: Error: inner/),
    code: '23505',
  });
});

test('the errors of an aggregate are logged the same way', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', address: '10.0.0.1' });
  expect(loggedError(new AggregateError([refused, 'odd'], 'all failed'))).toMatchObject({
    type: 'AggregateError',
    errors: [{ message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' }, 'odd'],
  });
  expect(JSON.stringify(loggedError(new AggregateError([refused])))).not.toContain('10.0.0.1');
});

test('a circle of causes ends, and what is no error stays what it is', () => {
  const error = new Error('round');
  error.cause = error;
  expect(loggedError(error)).toMatchObject({ message: expect.stringMatching(/^round/) });
  expect([loggedError('text'), loggedError(null), loggedError({ a: 1 })]).toEqual(['text', null, { a: 1 }]);
});
