import { describe, expect, test } from '@jest/globals';
import { moduleStyle, scriptStyle } from '../../worker/grading/sandbox/runner/quickjs/modules.ts';
import { globalsPrefix } from '../../worker/grading/sandbox/runner/quickjs/suite-globals.ts';
import { TypeScriptSyntaxError, toJavaScript } from '../../worker/grading/sandbox/runner/quickjs/typescript-source.ts';

describe('toJavaScript', () => {
  test('blanks types out where they stand', () => {
    const source = 'const a: number = 1;\nfunction f<T>(x: T): T { return x as T; }';
    const { code, originOf } = toJavaScript(source);
    expect(code).toHaveLength(source.length);
    expect(code).not.toContain('number');
    expect(originOf({ line: 2, column: 7 })).toEqual({ line: 2, column: 7 });
  });

  test('writes new code where it must, and maps places back', () => {
    const source =
      'enum A {\n  X,\n  Y,\n}\nnamespace N {\n  export const q = 1;\n}\nclass P {\n  constructor(public x: number) {}\n}\nthrow new Error(`${A.X}${N.q}${P}`);\n';
    const { code, originOf } = toJavaScript(source);
    const line = code.split('\n').findIndex((text) => text.startsWith('throw')) + 1;
    expect(line).toBeGreaterThan(0);
    expect(originOf({ line, column: 7 }).line).toBe(11);
    expect(code).not.toContain('sourceMappingURL');
  });

  test('a syntax error names line and column', () => {
    const attempt = () => toJavaScript('let x: number = 1;\n\nfunction (');
    expect(attempt).toThrow(TypeScriptSyntaxError);
    expect(attempt).toThrow(expect.objectContaining({ place: { line: 3, column: 10 } }));
  });

  test('types can be imported as if they were values', () => {
    const { code } = toJavaScript(
      'export interface A { x: 1 }\nexport type B<T> = T[];\nexport class C {}\nexport interface C { y: 2 }\n',
    );
    expect(code).toContain('export const A = undefined, B = undefined;');
    expect(code).not.toContain('C = undefined');
  });
});

test.each([
  ['import x from "y";', 'module'],
  ['export const a = 1;', 'module'],
  ['module.exports = 1;', 'commonjs'],
  ['const fs = require("fs");', 'commonjs'],
  ['exports.f = 1;', 'commonjs'],
  ['1 + 1;', 'module'],
] as const)('moduleStyle of %s', (source, style) => {
  expect(moduleStyle(source)).toBe(style);
});

test.each([
  ['x = 5;', 'commonjs'],
  ['const line = await read();', 'module'],
  ['for await (const line of lines) {}', 'module'],
  ['import fs from "fs";', 'module'],
  ['async function main() {\n  await 1;\n}', 'commonjs'],
] as const)('scriptStyle of %s', (source, style) => {
  expect(scriptStyle(source)).toBe(style);
});

describe('globalsPrefix', () => {
  test('imports what a module does not bind itself', () => {
    const code =
      "import { describe, it as test } from '@jest/globals';\nconst { expect } = library;\nfunction xit() {}";
    const { prefix } = globalsPrefix(code, 'module');
    expect(prefix).not.toMatch(/\b(?:describe|test|expect|xit)\b,/);
    expect(prefix).toMatch(/\bit\b, .*\bbeforeEach\b/);
    expect(prefix).not.toContain('\n');
  });
});
