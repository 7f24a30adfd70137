import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { emailKey } from '../../shared/identity/user.repository.ts';

describe('the key of an email address', () => {
  test.each([
    ['capitals', 'Ada@Example.COM', 'ada@example.com'],
    ['Unicode form', '\u212A@example.com', 'k@example.com'],
    ['full width', '\uFF41da\uFF20example.com', 'ada@example.com'],
    ['composition', 'Jose\u0301@example.com', 'jos\u00E9@example.com'],
    ['what nobody sees', 'a\u200Bd\u00ADa@exam\u2060ple.com', 'ada@example.com'],
    ['space around', '  ada@example.com\t', 'ada@example.com'],
    ['spelling of the domain', 'ada@B\u00FCcher.example', 'ada@xn--bcher-kva.example'],
  ])('is the same whatever the %s', (_what, typed, key) => {
    expect(emailKey(typed)).toBe(key);
  });

  test('tells domains apart that only look alike', () => {
    const [latin, cyrillic] = ['ada@apple.com', 'ada@\u0430pple.com'].map(emailKey);
    expect(latin).toBe('ada@apple.com');
    expect(cyrillic).toMatch(/^ada@xn--/);
  });

  test('keeps mailboxes apart that a provider may take for one', () => {
    expect(emailKey('a.da+x@example.com')).toBe('a.da+x@example.com');
  });

  test('of what is no address is still something', () => {
    for (const typed of ['', '@', 'ada', 'ada@', 'ada@exa mple', 'ada@[::1]', '@@'])
      expect(emailKey(typed)).toBe(typed);
  });

  test('of an ASCII address is its lower case, as it was before domains were spelled out', () => {
    const label = fc
      .stringMatching(/^[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?$/)
      .filter((text) => !/^.{2}--/.test(text));
    const address = fc.tuple(
      fc.stringMatching(/^[A-Za-z0-9_'+.-]{1,20}$/),
      label,
      fc.stringMatching(/^[A-Za-z]{2,8}$/),
    );
    fc.assert(
      fc.property(address, ([mailbox, host, top]) => {
        const typed = `${mailbox}@${host}.${top}`;
        expect(emailKey(typed)).toBe(typed.toLowerCase());
      }),
    );
  });

  test('is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.domain(), (mailbox, domain) => {
        const key = emailKey(`${mailbox}@${domain}`);
        expect(emailKey(key)).toBe(key);
      }),
    );
  });
});
