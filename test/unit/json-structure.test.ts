import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { parseJson } from '../../api/http/json-body.ts';
import { judgeJson, MAX_JSON_DEPTH } from '../../api/http/json-structure.ts';
import { AppError } from '../../shared/errors.ts';

const MANY = 100_000;
const codeOf = (text: string, maxValues = MANY): string | undefined => judgeJson(text, maxValues)?.error.code;
const pathOf = (text: string): string | undefined => judgeJson(text, MANY)?.error.errors[0]?.path;
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** JSON of every kind whose names are none of those that are refused. */
const ordinaryJson = fc
  .jsonValue({ maxDepth: 6, noUnicodeString: false, stringUnit: 'binary' })
  .filter((value) => !/"(__proto__|prototype)"/.test(JSON.stringify(value)));

describe('the structure of JSON that a stranger sent', () => {
  test('is taken as it is when there is nothing wrong with it', () => {
    fc.assert(
      fc.property(ordinaryJson, fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(judgeJson(text, MANY)).toBeNull();
        expect(parseJson(Buffer.from(text), MANY)).toEqual(JSON.parse(text.toWellFormed()));
      }),
      { numRuns: 500 },
    );
  });

  test('is refused with an error of ours, and no other, when it is no JSON at all', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', '__proto__', '\\u005f', ' ');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 200 }), (parts) => {
        const text = parts.join('');
        try {
          parseJson(Buffer.from(text), MANY);
          JSON.parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('may be nested to its limit and no deeper, in lists, in objects and in both', () => {
    expect(codeOf(nested(MAX_JSON_DEPTH))).toBeUndefined();
    for (const open of ['[', '{"a":', '[{"a":'])
      expect(codeOf(open.repeat(MAX_JSON_DEPTH + 1))).toBe('VALIDATION_FAILED');
    expect(codeOf('['.repeat(1_000_000))).toBe('VALIDATION_FAILED');
    expect(codeOf(`"${'['.repeat(100)}"`)).toBeUndefined();
    expect(codeOf(`[${'[],'.repeat(100)}[]]`)).toBeUndefined();
  });

  test('may hold values to its limit and no more', () => {
    for (const limit of [10, MANY]) {
      expect(codeOf(`[${'1,'.repeat(limit - 3)}1]`, limit)).toBeUndefined();
      expect(codeOf(`[${'1,'.repeat(limit)}1]`, limit)).toBe('PAYLOAD_TOO_LARGE');
      expect(codeOf(`{${'"a":1,'.repeat(limit)}}`, limit)).toBe('PAYLOAD_TOO_LARGE');
      expect(codeOf(`"${','.repeat(limit + 1)}"`, limit)).toBeUndefined();
    }
  });

  test('gives no name twice in one object, however it is written', () => {
    expect(pathOf('{"role":1,"role":2}')).toBe('role');
    expect(pathOf('{"a":[0,{"role":1,"x":{},"r\\u006fle":2}]}')).toBe('a.1.role');
    expect(codeOf('[{"role":1},{"role":2},{"x":{"role":3},"role":4}]')).toBeUndefined();
    expect(codeOf('{"a":"b","b":"a"}')).toBeUndefined();
    expect(codeOf('{"a\\"":1,"a":2}')).toBeUndefined();
    expect(codeOf('{"a\\\\":1,"a":2}')).toBeUndefined();
  });

  test('holds no names that pollute a prototype, at any depth and however they are written', () => {
    expect(pathOf('{"__proto__":{"admin":true}}')).toBe('__proto__');
    expect(pathOf('{"tests":[{"args":[{"\\u005f_proto\\u005F_":1}]}]}')).toBe('tests.0.args.0.__proto__');
    expect(pathOf('{"a":{"constructor":{"prototype":{"admin":true}}}}')).toBe('a.constructor.prototype');
    expect(codeOf('{"constructor":"Ferrari","prototype":"F40"}')).toBeUndefined();
    expect(codeOf('["__proto__",{"a":"__proto__"}]')).toBeUndefined();
  });

  test('is told apart from broken text, whose beginning is of no interest', () => {
    const codeOfBody = (bytes: Buffer): string => {
      try {
        parseJson(bytes, MANY);
        return 'none';
      } catch (error) {
        return (error as AppError).code;
      }
    };
    expect(codeOfBody(Buffer.from('{"__proto__":1'))).toBe('MALFORMED_JSON');
    expect(codeOfBody(Buffer.from('{"__proto__":1}'))).toBe('VALIDATION_FAILED');
    expect(codeOfBody(Buffer.from('['.repeat(100_000)))).toBe('VALIDATION_FAILED');
    expect(codeOfBody(Buffer.from('\ufeff{}'))).toBe('MALFORMED_JSON');
    expect(codeOfBody(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toBe('MALFORMED_JSON');
    expect(codeOfBody(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe('MALFORMED_JSON');
    expect(codeOfBody(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toBe('MALFORMED_JSON');
  });
});
