import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade, type GradableExercise } from '../../worker/grading/grade.ts';
import type { RecycleReason } from '../../worker/grading/sandbox/pool.ts';
import type { RunReport, Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { HONEST_GCD, buildExercise, callOfF, openSandbox } from '../support/grading.ts';

const recycled: RecycleReason[] = [];
const reports: RunReport[] = [];
let sandbox: Sandbox;

beforeAll(async () => {
  const hooks = {
    onRecycle: (reason: RecycleReason) => recycled.push(reason),
    onRun: (run: RunReport) => reports.push(run),
  };
  sandbox = await openSandbox({ size: 2, hooks });
});
afterAll(() => sandbox.close());

async function gradeOf(code: string, exercise: GradableExercise = buildExercise()): Promise<Grade> {
  return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
}

/** Grades `f()` against one expected answer and returns that test's result. */
async function answerOf(code: string, expected: unknown, limits = {}) {
  const result = await gradeOf(code, buildExercise({ tests: [callOfF([], expected)], limits }));
  const [first] = result.tests;
  if (first === undefined) throw new Error('a grade without tests');
  return first;
}

describe('verdicts', () => {
  test('a right solution is accepted, with measurements', async () => {
    const result = await gradeOf(HONEST_GCD);
    expect(result).toMatchObject({ verdict: 'accepted', score: 100, fault: null });
    expect(result.engine).toContain('quickjs');
    expect(result.tests[0]).toMatchObject({ input: [12, 18], expected: 6, actual: 6, message: null });
    expect(result.tests[0]?.memoryKb).toBeGreaterThan(500);
    expect(reports.at(-1)).toMatchObject({ result: 'completed' });
  });

  test('a plainly wrong solution is a wrong answer, with a diff', async () => {
    const result = await gradeOf('export const gcd = (a, b) => a + b;');
    expect(result).toMatchObject({ verdict: 'wrong_answer', score: 33, fault: 'learner' });
    expect(result.tests[0]).toMatchObject({
      actual: 30,
      diff: [{ path: '', kind: 'different', expected: 6, actual: 30 }],
    });
  });

  test('a mostly right solution is partial', async () => {
    const result = await gradeOf('export const gcd = (a, b) => (b === 0 ? a : a === 12 ? 6 : 0);');
    expect(result).toMatchObject({ verdict: 'partial', score: 67 });
  });

  test('a syntax error is told with its place, for every test', async () => {
    const result = await gradeOf('export function gcd(a, b) {\n  return a +;\n}');
    expect(result).toMatchObject({ verdict: 'compile_error', score: 0 });
    expect(result.tests.map((found) => found.verdict)).toEqual(['compile_error', 'compile_error', 'compile_error']);
    expect(result.tests[0]?.message).toMatch(/^SyntaxError: .*\n.*gcd\.js:2:/);
  });

  test('a missing function names what is exported', async () => {
    const result = await gradeOf('export function gdc() {}\nexport const other = 1;');
    expect(result.verdict).toBe('invalid_submission');
    expect(result.tests[0]?.message).toBe('`gcd.js` does not export a function named `gcd`; it exports: gdc, other');
  });

  test('an exception is told with line and column, without frames of ours', async () => {
    const result = await gradeOf(
      'export function gcd(a, b) {\n  return help(a);\n}\nfunction help(a) {\n  return a.b.c;\n}',
    );
    expect(result.verdict).toBe('runtime_error');
    expect(result.tests[0]?.message).toMatch(
      /^TypeError: .*\n    at help \(gcd\.js:5:\d+\)\n    at gcd \(gcd\.js:2:\d+\)$/,
    );
  });

  test('an exception while loading is a runtime error', async () => {
    const result = await gradeOf('throw new RangeError("early");\nexport const gcd = () => 1;');
    expect(result.verdict).toBe('runtime_error');
    expect(result.tests[2]?.message).toMatch(/^RangeError: early\n.*gcd\.js:1:/);
  });

  test('code that is endless from its first call is not called again', async () => {
    const result = await gradeOf('export function gcd() { for (;;); }', buildExercise({ limits: { cpuMs: 50 } }));
    expect(result.tests.map((found) => found.verdict)).toEqual(['time_limit', 'skipped', 'skipped']);
    expect(recycled).toContain('limit');
  });

  test('code that works at first may hit the time limit twice before the rest is skipped', async () => {
    const test1 = { kind: 'call', function: 'wait', args: [0], expected: 0 } as const;
    const slow = { ...test1, args: [1], expected: 1 };
    const result = await gradeOf(
      'export function wait(n) { while (n > 0); return n; }',
      buildExercise({
        limits: { cpuMs: 50 },
        tests: [
          { ...test1, name: 'quick' },
          { ...slow, name: 'slow' },
          { ...test1, name: 'quick again' },
          { ...slow, name: 'slow again' },
          { ...test1, name: 'never reached' },
        ],
      }),
    );
    expect(result.tests.map((found) => found.verdict)).toEqual([
      'accepted',
      'time_limit',
      'accepted',
      'time_limit',
      'skipped',
    ]);
  });

  test('an endless loop while loading is told once', async () => {
    const result = await gradeOf('for (;;);', buildExercise({ limits: { cpuMs: 50 } }));
    expect(result.tests.map((found) => found.verdict)).toEqual(['time_limit', 'skipped', 'skipped']);
  });

  test('tests after a limit run in a fresh instance', async () => {
    const code = 'let calls = 0;\nexport function f(n) { calls++; if (n === 0) for (;;); return calls; }';
    const tests = [callOfF([1], 1), callOfF([0], 0), callOfF([1], 1)];
    const result = await gradeOf(code, buildExercise({ tests, limits: { cpuMs: 50 } }));
    expect(result.tests.map((found) => found.verdict)).toEqual(['accepted', 'time_limit', 'accepted']);
  });

  test('a memory bomb hits the memory limit', async () => {
    expect(
      await answerOf('export function f() { const a = []; for (;;) a.push(new Array(1000).fill(1)); }', 1),
    ).toMatchObject({
      verdict: 'memory_limit',
      message: 'memory limit of 32 MB exceeded',
    });
  });

  test('20 MB of output hit the output limit and are clipped', async () => {
    const found = await answerOf(
      'export function f() { for (let i = 0; i < 20000; i++) console.log("x".repeat(1000)); return 1; }',
      1,
      {
        cpuMs: 2000,
      },
    );
    expect(found.verdict).toBe('output_limit');
    expect(found.stdout.length).toBeLessThanOrEqual(16 * 1024 + 1);
  });

  test('a huge answer is an output limit', async () => {
    expect(await answerOf('export const f = () => "x".repeat(2000000);', 1)).toMatchObject({ verdict: 'output_limit' });
  });
});

describe('answers', () => {
  test.each([
    ['undefined', 'undefined', [], 'returned undefined, expected an array'],
    ['NaN', 'NaN', 1, 'returned NaN, expected a number'],
    [
      'an infinite number inside',
      '[1, -Infinity]',
      [1],
      'returned a value that is not JSON: -Infinity at /1, expected an array',
    ],
    ['a function', '() => 1', 1, 'returned a value that is not JSON: a function, expected a number'],
    ['a symbol', 'Symbol("s")', null, 'returned a value that is not JSON: a symbol, expected null'],
    ['a BigInt', '{ n: 10n }', {}, 'returned a value that is not JSON: a BigInt (10n) at /n, expected an object'],
    ['a hole', '[1, , 3]', [1], 'returned a value that is not JSON: undefined at /1, expected an array'],
  ])('%s is not JSON and said so', async (_, expression, expected, message) => {
    expect(await answerOf(`export const f = () => (${expression});`, expected)).toMatchObject({
      verdict: 'wrong_answer',
      message,
    });
  });

  test('a cyclic answer is not JSON', async () => {
    const found = await answerOf('export function f() { const a = { b: [] }; a.b.push(a); return a; }', 1);
    expect(found.message).toBe('returned a value that is not JSON: a cyclic structure at /b/0, expected a number');
  });

  test.each([
    ['a promise is awaited', 'export async function f() { await null; return [1, 2]; }', [1, 2]],
    ['a generator is the list of its items', 'export function* f() { yield 1; yield 2; }', [1, 2]],
    ['an async generator too', 'export async function* f() { yield 1; await null; yield 2; }', [1, 2]],
    ['a Set is a list', 'export const f = () => new Set([1, 2]);', [1, 2]],
    ['a Map is a list of pairs', 'export const f = () => new Map([["a", 1]]);', [['a', 1]]],
    ['a typed array is a list', 'export const f = () => new Uint8Array([1, 2]);', [1, 2]],
    ['an undefined property is not there', 'export const f = () => ({ a: 1, b: undefined });', { a: 1 }],
    ['-0 is 0', 'export const f = () => -0;', 0],
    [
      'a class instance is its own properties',
      'class P { x = 1; get y() { return 2; } }\nexport const f = () => new P();',
      { x: 1 },
    ],
    ['text keeps every character', 'export const f = () => "é😀\\n\\u2028";', 'é😀\n\u2028'],
  ])('%s', async (_, code, expected) => {
    expect(await answerOf(code, expected)).toMatchObject({ verdict: 'accepted' });
  });

  test('an endless generator is an output limit', async () => {
    const found = await answerOf('export function* f() { for (;;) yield 1234567890; }', 1, { cpuMs: 2000 });
    expect(['output_limit', 'time_limit']).toContain(found.verdict);
  });

  test('a promise that never settles is told', async () => {
    const found = await answerOf('export const f = () => new Promise(() => {});', 1);
    expect(found).toMatchObject({ verdict: 'runtime_error', message: '`f` returned a promise that never settles' });
  });

  test('the clock stands where the exercise wants it', async () => {
    const exercise = buildExercise({ clock: '2024-02-29T12:00:00Z', tests: [callOfF([], '2024-02-29T12:00:00.000Z')] });
    const code = 'export const f = () => { for (let n = 0; n < 1e5; n++); return new Date().toISOString(); };';
    expect(await gradeOf(code, exercise)).toMatchObject({ verdict: 'accepted' });
  });

  test('Math.random gives the same numbers in every run', async () => {
    const code = 'export const f = () => Math.random();';
    const [first, second] = [await answerOf(code, 2), await answerOf(code, 2)];
    expect(first.actual).toBe(second.actual);
  });
});

describe('modules and output', () => {
  test('console output is kept per test; the grade shows that of loading and of visible tests only', async () => {
    const code =
      'console.log("loading");\nexport function f(n) { console.log("called", n, { a: [1, "x"] }); console.error("bad"); return n; }';
    const tests = [callOfF([1], 1), callOfF([2], 2, { visibility: 'never' })];
    const result = await gradeOf(code, buildExercise({ tests }));
    expect(result.stdout).toBe("loading\ncalled 1 { a: [ 1, 'x' ] }\nbad\n");
    expect(result.tests[1]?.stdout).toBe("called 2 { a: [ 1, 'x' ] }\nbad\n");
  });

  test('the exercise files can be imported, JSON too', async () => {
    const files = [
      { path: 'lib/helper.js', content: 'import data from "../data.json";\nexport const base = data.base;' },
      { path: 'data.json', content: '{ "base": 40 }' },
    ];
    const code = "import { base } from './lib/helper.js';\nexport const f = (n) => base + n;";
    expect(await gradeOf(code, buildExercise({ files, tests: [callOfF([2], 42)] }))).toMatchObject({
      verdict: 'accepted',
    });
  });

  test('CommonJS works, with require of the exercise files and true line numbers', async () => {
    const files = [
      { path: 'helper.js', content: 'exports.base = require("./data").base;' },
      { path: 'data.json', content: '{ "base": 40 }' },
    ];
    const tests = [callOfF([2], 42), callOfF([0], 0)];
    const code =
      "const { base } = require('./helper'); function f(n) { if (n === 0) null.x; return base + n; }\nmodule.exports = { f };";
    const result = await gradeOf(code, buildExercise({ files, tests }));
    expect(result.tests.map((found) => found.verdict)).toEqual(['accepted', 'runtime_error']);
    const column = code.indexOf('null.x') + 1;
    expect(result.tests[1]?.message).toMatch(new RegExp(`gcd\\.js:1:(${column - 1}|${column})\\)`));
  });

  test.each(["import fs from 'fs';", "import 'node:child_process';", "import x from '../../etc/passwd';"])(
    'nothing else can be imported: %s',
    async (line) => {
      const result = await gradeOf(`${line}\nexport const gcd = () => 1;`);
      expect(result.verdict).toBe('compile_error');
      expect(result.tests[0]?.message).toMatch(/cannot import '.*': only the exercise's own files can be imported/);
      expect(result.tests[0]?.message).not.toContain('/work');
    },
  );

  test('a default export serves when it is the function', async () => {
    expect((await gradeOf('export default function gcd(a, b) { return b ? gcd(b, a % b) : a; }')).verdict).toBe(
      'accepted',
    );
  });
});
