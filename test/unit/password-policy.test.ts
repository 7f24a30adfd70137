import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { findProblem, requireGoodPassword } from '../../api/identity/accounts/password.policy.ts';
import { NewPassword } from '../../shared/contracts/auth.contract.ts';

const OWNER = { email: 'ada.lovelace@example.com', name: 'Augusta Ada Byron' };
const KNOWN = /email address or name/;
const COMMON = /common or follows a pattern/;

describe('a new password', () => {
  test.each([
    'correct horse battery staple',
    'harbour lights at dusk',
    'quiet rivers run deep',
    'xK9#mQ2$vL7p',
    'dtrkuzqpbwma',
    'Zwölf Boxkämpfer jagen Viktor',
    'пять синих китов поют',
    '青い鯨が五頭歌っています静かに',
  ])('may be %p', (password) => {
    expect(findProblem(password, OWNER)).toBeNull();
  });

  test.each([
    ['the mailbox', 'ada.lovelace rows a boat', KNOWN],
    ['a word of the mailbox', 'my-lovelace-passphrase', KNOWN],
    ['a word of the name in capitals', 'BYRON-rows-a-boat-home', KNOWN],
    ['a word of the name with digits for letters', 'l0v3l4c3 rows a boat', KNOWN],
    ['a word of the name with an accent', 'býrön rows a boat home', KNOWN],
    ['one sign', 'aaaaaaaaaaaaaaaa', /different characters/],
    ['two signs in turns', '121212121212121212', /different characters/],
    ['a common one made longer', 'password1234', COMMON],
    ['a common one twice', 'letmeinletmein', COMMON],
    ['a common one with signs for letters', 'p@$$w0rd!!!!', COMMON],
    ['a year behind a word', 'Passw0rd!2024', COMMON],
    ['a season and a year', 'Summer2024!!!', COMMON],
    ['keys in a row', 'qwertyuiop123', COMMON],
    ['keys in columns', '1qaz2wsx3edc', COMMON],
    ['the alphabet', 'abcdefghijkl', COMMON],
    ['a date', '12.04.1987-1987', COMMON],
    ['a pattern over and over', 'xaB1!xaB1!xaB1!', COMMON],
    ['our name', 'learnify2024!', COMMON],
    ['the provider of the address', 'example.com2024', COMMON],
  ])('may not be %s', (_what, password, message) => {
    expect(findProblem(password, OWNER)).toMatch(message);
  });

  test('is judged as it will be hashed: wide letters are letters', async () => {
    const wide = 'ｐａｓｓｗｏｒｄ１２３４';
    const clean = { breachedPasswords: { includes: () => Promise.resolve(false) } };
    await expect(requireGoodPassword(clean, wide, OWNER, 'newPassword')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'newPassword', message: expect.stringMatching(COMMON) }],
    });
  });

  test('is not refused for short words or numbers that an address happens to have', () => {
    const owner = { email: 'al-b477-77e5@example.com', name: 'Li Bo' };
    expect(findProblem('correct horse battery staple', owner)).toBeNull();
  });

  test('is judged by its first 32 characters, however long it is', () => {
    expect(findProblem(`${'a'.repeat(32)}quiet rivers run deep`, OWNER)).toMatch(COMMON);
    expect(findProblem(`quiet rivers run deep, and ${'a'.repeat(90)}`, OWNER)).toBeNull();
  });

  test('gets an answer whatever characters it is of', () => {
    const text = fc.string({
      unit: fc.constantFrom(
        'p',
        '4',
        '$',
        'w',
        '0',
        'rd',
        '!',
        '1',
        '|',
        '@',
        'aß',
        '\u0301',
        '\u{1F600}',
        '\uD800',
        ' ',
      ),
      minLength: 12,
      maxLength: 128,
    });
    fc.assert(
      fc.property(text, fc.emailAddress(), fc.string({ maxLength: 100 }), (password, email, name) => {
        expect(findProblem(password, { email, name }) ?? 'must be fine').toMatch(/^(must|is) /);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the length of a new password', () => {
  const problems = (password: string) =>
    NewPassword.safeParse(password).error?.issues.map(({ message }) => message) ?? [];

  test.each([
    ['letters', 'a'.repeat(11), 'a'.repeat(12)],
    ['letters with their accents apart', 'e\u0301'.repeat(11), 'e\u0301'.repeat(12)],
    ['emoji, which are two units each', '\u{1F600}'.repeat(11), '\u{1F600}'.repeat(12)],
    ['signs that are one character for two', '\u1100\u1161'.repeat(11), '\u1100\u1161'.repeat(12)],
  ])('is counted in characters as they are hashed: %s', (_what, short, long) => {
    expect(problems(short)).toEqual(['must have at least 12 characters']);
    expect(problems(long)).toEqual([]);
  });

  test('is at most 128', () => {
    expect(problems('a'.repeat(128))).toEqual([]);
    expect(problems('a'.repeat(129))).toEqual(['must have at most 128 characters']);
  });
});
