import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { linesOf, plainText, visibleSource } from '../../worker/review/sanitise.ts';

const plain = (text: string) => plainText(text, 200);

describe('source that is sent', () => {
  test('loses what cannot be seen, and no line', () => {
    expect(visibleSource('a\u200bb\u202ec\u2066d\u0000e\u{e0041}f\ufeff')).toBe('abcdef');
    expect(visibleSource('a\u001b[31mb\u001b]8;;x\u0007c')).toBe('abc');
    expect(linesOf(visibleSource('a\r\n\u200b\r\tb\u2028c\n'))).toEqual(['a', '', '\tb c', '']);
    expect(linesOf(visibleSource('a\u001b]b\nc\u0007\u001b[\nd'))).toHaveLength(3);
  });
});

describe('text that is shown', () => {
  test.each([
    ['HTML', 'a <script>alert(1)</script> b <img src=x onerror=alert(1)> c', 'a alert(1) b c'],
    ['tags inside of tags', '<scr<script>ipt>alert(1)</scr</script>ipt>', '< scr ipt>alert(1)< /scr ipt>'],
    ['comments and doctypes', 'a <!-- b --> c <!doctype html> d', 'a c d'],
    [
      'links and images',
      'see [this](https://x.example/a(b)) and ![that](http://y.example) or [ref][1]',
      'see this and that or ref',
    ],
    [
      'addresses',
      'see https://x.example/?q=1 www.y.example javascript:void data:text/html,x',
      'see (link removed) (link removed) (link removed) (link removed)',
    ],
    ['fences', 'a\n```js\nb\n```\nc', 'a ` b ` c'],
    ['escape sequences', '\u001b[31mred\u001b[0m', 'red'],
    ['bidi and zero-width characters', 'a\u202eb\u200bc\u2069', 'abc'],
    ['stacked marks', `a${'\u0301'.repeat(40)}b`, 'á\u0301\u0301\u0301b'],
    ['halves of pairs', 'a\ud800b', 'ab'],
    ['white space', '  a \n\n\t b  ', 'a b'],
  ])('loses %s', (_, text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test.each([
    'if i < n and a[i] > b, then 3 < 4',
    'A `Map<string, number>` would do; so would x => y.',
    'data: the list; file: the path; don’t “quote”',
    'arr[0] is undefined (see above)',
    'naïve, 日本語, Ελληνικά, 😀',
  ])('keeps what means something: %s', (text) => {
    expect(plain(text).replaceAll('< s', '<s')).toBe(text);
  });

  test('is cut between words, within the limit', () => {
    expect(plainText('some words and longer', 12)).toBe('some words…');
    expect(plainText('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(plainText(`${'x'.repeat(8)}😀😀`, 10)).toBe(`${'x'.repeat(8)}…`);
    expect(plainText('anything', 0)).toBe('');
  });

  test('makes no element, link or invisible character, whatever it is made of', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '</',
        'script',
        '<img src=x ',
        '<!--',
        '-->',
        '[',
        ']',
        '(',
        ')',
        '](',
        '!',
        'https://',
        'javascript:',
        '```',
        '\u202e',
        '\u001b[1m',
        '\n',
        '"',
        '<a',
      ),
      fc.string({ maxLength: 4, unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.integer({ min: 0, max: 120 }), (parts, limit) => {
        const shown = plainText(parts.join(''), limit);
        expect(shown.length).toBeLessThanOrEqual(limit);
        expect(shown).not.toMatch(/<[a-z/!?]|\]\(|\]\[|```|[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\u200b-\u200f]/iu);
        expect(shown).not.toMatch(/(?<!\w)(?:https?|javascript):\/?\/?[^\s<>"'`)\]…]/i);
      }),
      { numRuns: 500 },
    );
  });
});
