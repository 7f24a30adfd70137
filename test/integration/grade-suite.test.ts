import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExerciseFile } from '../../shared/contracts/exercise.contract.ts';
import { Grade } from '../../shared/contracts/grade.contract.ts';
import { grade } from '../../worker/grading/grade.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, openSandbox } from '../support/grading.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

type Options = {
  code?: string;
  path?: string;
  entrypoint?: string;
  files?: ExerciseFile[];
  runSkipped?: boolean;
  weight?: number;
  visibility?: 'always' | 'never';
};

/** Grades a suite over `f.js`. */
async function run(content: string, options: Options = {}): Promise<Grade> {
  const {
    code = 'export const f = (n) => n;',
    path = 'f.test.js',
    entrypoint = 'f.js',
    files = [],
    ...test1
  } = options;
  const exercise = buildExercise({
    entrypoint,
    files,
    limits: { cpuMs: 500, wallMs: 10_000 },
    tests: [{ kind: 'suite', path, content, ...test1 }],
  });
  return Grade.parse(await grade(sandbox, exercise, code, AbortSignal.timeout(50_000)));
}

async function verdictsOf(content: string, options: Options = {}) {
  return (await run(content, options)).tests.map(({ name, verdict }) => `${name}: ${verdict}`);
}

/** Assertions that hold, and beside them some that do not. */
const holding = [
  'expect(f(1)).toBe(1)',
  'expect(NaN).toBe(NaN)',
  'expect(0).not.toBe(-0)',
  'expect({ a: [1, { b: 2 }] }).toEqual({ a: [1, { b: 2 }] })',
  'expect({ a: 1, b: undefined }).toEqual({ a: 1 })',
  'expect({ a: 1, b: undefined }).not.toStrictEqual({ a: 1 })',
  'class A { x = 1 } expect(new A()).toEqual({ x: 1 })',
  'class A { x = 1 } expect(new A()).not.toStrictEqual({ x: 1 })',
  'expect([1, , 3]).toEqual([1, undefined, 3])',
  'expect([1, , 3]).not.toStrictEqual([1, undefined, 3])',
  'expect(new Map([[{ k: 1 }, [2]]])).toEqual(new Map([[{ k: 1 }, [2]]]))',
  'expect(new Set([[1], [2]])).toEqual(new Set([[2], [1]]))',
  'expect(new Set([1])).not.toEqual(new Set([2]))',
  'expect(new Date(5)).toEqual(new Date(5))',
  'expect(/a/g).toEqual(/a/g)',
  'expect(new Uint8Array([1, 2])).toEqual(new Uint8Array([1, 2]))',
  'expect([1]).not.toEqual({ 0: 1, length: 1 })',
  'expect(new Error("a")).toEqual(new Error("a"))',
  'expect(new Error("a")).not.toEqual(new Error("b"))',
  'const a = []; a.push(a); const b = []; b.push(b); expect(a).toEqual(b)',
  'expect(10n).toBe(10n)',
  'expect({ [Symbol.for("s")]: 1 }).not.toEqual({ [Symbol.for("s")]: 2 })',
  'expect(() => { throw new RangeError("too far away") }).toThrow()',
  'expect(() => { throw new RangeError("too far away") }).toThrow("far")',
  'expect(() => { throw new RangeError("too far away") }).toThrow(/FAR/i)',
  'expect(() => { throw new RangeError("too far away") }).toThrow(RangeError)',
  'expect(() => { throw new RangeError("too far away") }).toThrow(new Error("too far away"))',
  'expect(() => { throw new RangeError("x") }).not.toThrow(TypeError)',
  'expect(() => { throw new RangeError("x") }).toThrowError(expect.objectContaining({ message: "x" }))',
  'expect(() => 1).not.toThrow()',
  'expect(0.1 + 0.2).toBeCloseTo(0.3)',
  'expect(1.005).toBeCloseTo(1.006, 2)',
  'expect(1).not.toBeCloseTo(1.1)',
  'expect([1, 2]).toContain(2)',
  'expect("hello").toContain("ell")',
  'expect(new Set(["a"])).toContain("a")',
  'expect([{ a: 1 }]).toContainEqual({ a: 1 })',
  'expect([{ a: 1 }]).not.toContain({ a: 1 })',
  'expect("hello").toMatch(/^h.*o$/)',
  'expect("hello").toMatch("ell")',
  'expect({ a: { b: 1, c: 2 }, d: [1] }).toMatchObject({ a: { b: 1 }, d: [1] })',
  'expect([{ a: 1, b: 2 }]).toMatchObject([{ a: 1 }])',
  'expect({ a: 1 }).not.toMatchObject({ b: 1 })',
  'expect("abc").toHaveLength(3)',
  'expect([]).toHaveLength(0)',
  'expect({ a: { b: [5] } }).toHaveProperty("a.b[0]", 5)',
  'expect({ "a.b": 1 }).toHaveProperty("a.b")',
  'expect({ a: { b: 1 } }).toHaveProperty(["a", "b"])',
  'expect({ a: 1 }).not.toHaveProperty("b")',
  'expect(new Map()).toBeInstanceOf(Map)',
  'expect(1).toBeDefined()',
  'expect(undefined).toBeUndefined()',
  'expect(null).toBeNull()',
  'expect(NaN).toBeNaN()',
  'expect("x").toBeTruthy()',
  'expect("").toBeFalsy()',
  'expect(2).toBeGreaterThan(1)',
  'expect(2n).toBeGreaterThanOrEqual(2)',
  'expect(1).toBeLessThan(2)',
  'expect(1).toBeLessThanOrEqual(1)',
  'expect({ a: 1, b: "x" }).toEqual({ a: expect.any(Number), b: expect.anything() })',
  'expect({ a: 1, b: 2 }).toEqual(expect.objectContaining({ a: 1 }))',
  'expect({ a: 1 }).toEqual(expect.not.objectContaining({ b: 1 }))',
  'expect([1, 2, 3]).toEqual(expect.arrayContaining([3, 1]))',
  'expect(["hello"]).toEqual([expect.stringContaining("ell")])',
  'expect(["hello"]).toEqual([expect.stringMatching(/^h/)])',
  'expect({ n: 0.30000000000000004 }).toEqual({ n: expect.closeTo(0.3) })',
  'const m = jest.fn((x) => x + 1); m(1); m(2); expect(m).toHaveBeenCalledTimes(2); expect(m).toHaveBeenCalledWith(1); expect(m).toHaveBeenLastCalledWith(2); expect(m).toHaveBeenNthCalledWith(1, 1); expect(m.mock.calls).toEqual([[1], [2]]); expect(m).toHaveReturnedWith(3); expect(m.mock.results[0].value).toBe(2)',
  'const m = jest.fn(); expect(m).not.toHaveBeenCalled(); expect(m()).toBeUndefined()',
  'const m = jest.fn().mockReturnValueOnce(1).mockReturnValue(2); expect([m(), m(), m()]).toEqual([1, 2, 2])',
  'const m = jest.fn().mockImplementation(() => { throw new Error("no") }); expect(m).toThrow("no"); expect(m.mock.results[0].type).toBe("throw")',
  'const s = jest.spyOn(Math, "random").mockReturnValue(0.5); expect(Math.random()).toBe(0.5); s.mockRestore(); expect(Math.random()).not.toBe(0.5)',
  'const s = jest.spyOn(console, "log").mockImplementation(() => {}); console.log("quiet"); expect(console.log).toHaveBeenCalledWith("quiet"); jest.restoreAllMocks()',
  'const s = vi.spyOn({ m() { return 1; } }, "m"); expect(s()).toBe(1)',
  'await expect(Promise.resolve([1])).resolves.toEqual([1])',
  'await expect(Promise.reject(new TypeError("no"))).rejects.toThrow(TypeError)',
  'await expect(Promise.reject(new TypeError("no"))).rejects.toThrow("no")',
  'await expect(Promise.reject(3)).rejects.toBe(3)',
  'await expect(Promise.resolve(1)).resolves.not.toBe(2)',
  'await expect(jest.fn().mockResolvedValue(7)()).resolves.toBe(7)',
  'await expect(jest.fn().mockRejectedValue(new Error("r"))()).rejects.toThrow("r")',
  'expect.assertions(2); expect(1).toBe(1); expect(2).toBe(2)',
  'expect.hasAssertions(); expect(1).toBe(1)',
  'const before = Date.now(); await new Promise((done) => setTimeout(done, 60_000)); expect(Date.now() - before).toBeGreaterThanOrEqual(60_000)',
  'const order = []; setTimeout(() => order.push("b"), 20); setTimeout(() => order.push("a"), 10); await new Promise((done) => setTimeout(done, 30)); expect(order).toEqual(["a", "b"])',
  'let n = 0; const id = setInterval(() => { if (++n === 3) clearInterval(id); }, 5); await new Promise((done) => setTimeout(done, 100)); expect(n).toBe(3)',
  'const original = { d: new Date(1), m: new Map([[1, { a: 1 }]]) }; const copy = structuredClone(original); expect(copy).toEqual(original); expect(copy.m.get(1)).not.toBe(original.m.get(1))',
  'class Own extends Error { constructor(m) { super(m); this.name = "Own"; } } expect(() => { throw new Own("x"); }).toThrow(Own)',
  'function Old() {} Old.prototype = Object.create(Error.prototype); Old.prototype.constructor = Old; Old.prototype.toString = () => "old"; expect(String(new Old())).toBe("old")',
  'Array.prototype.last = function () { return this[this.length - 1]; }; expect([1, 2].last()).toBe(2)',
];

const failing: [assertion: string, message: RegExp][] = [
  ['expect(f(1)).toBe(2)', /^expect\(received\)\.toBe\(expected\)\nexpected: 2\nreceived: 1\n.*f\.test\.js:\d+:\d+/],
  ['expect({ a: 1 }).toEqual({ a: 2 })', /expected: \{ a: 2 \}\nreceived: \{ a: 1 \}/],
  ['expect("a").toEqual("b")', /expected: "b"\nreceived: "a"/],
  ['expect(1).not.toBe(1)', /^expect\(received\)\.not\.toBe\(expected\)\nexpected: not 1/],
  ['expect(() => 1).toThrow(Error)', /expected: an exception of class Error\nreceived: nothing was thrown/],
  [
    'expect(() => { throw new Error("this") }).toThrow("that")',
    /whose message contains "that"\nreceived: thrown Error: this/,
  ],
  ['expect([1]).toContain(2)', /toContain/],
  ['expect({}).toHaveProperty("a.b")', /a property "a\.b"/],
  ['expect("abc").toHaveLength(2)', /expected: length 2\nreceived: length 3/],
  ['expect(jest.fn()).toHaveBeenCalledWith(1)', /expected: a call with \(1\)\nreceived: no call/],
  ['expect([1]).toEqual(expect.arrayContaining([2]))', /expected: expect\.arrayContaining/],
  ['await expect(Promise.resolve(1)).rejects.toThrow()', /received promise resolved to 1/],
  ['await expect(Promise.reject(new Error("x"))).resolves.toBe(1)', /received promise rejected with Error: x/],
  ['expect.assertions(2); expect(1).toBe(1)', /expected 2 assertions, received 1/],
  ['expect.hasAssertions()', /expected at least one assertion, received 0/],
  ['if (f(0)) expect(1).toBe(1)', /ended before it came to an assertion/],
  ['try { expect(1).toBe(2) } catch {}', /toBe/],
  ['expect(1n).toBeGreaterThan("x")', /toBeGreaterThan/],
];

describe('expect', () => {
  const suiteOf = (lines: string[]) =>
    `import { f } from './f.js';\n${lines.map((line, index) => `test('${index}', async () => { ${line} });`).join('\n')}`;

  test('assertions that hold pass', async () => {
    const { tests } = await run(suiteOf(holding));
    const wrong = tests.flatMap((found, index) =>
      found.verdict === 'accepted' ? [] : [[holding[index], found.message]],
    );
    expect(wrong).toEqual([]);
    expect(tests).toHaveLength(holding.length);
  });

  test('assertions that do not hold fail readably', async () => {
    const { tests } = await run(suiteOf(failing.map(([line]) => line)));
    expect(tests.map((found) => found.verdict)).toEqual(failing.map(() => 'wrong_answer'));
    tests.forEach((found, index) => expect(found.message).toMatch(failing[index]?.[1] ?? /never/));
  });
});

describe('describe and test', () => {
  test('names, tables and nesting', async () => {
    const content = `import { describe, test, it, expect } from '@jest/globals';
      import { f } from './f';
      describe('outer', () => {
        it('plain', () => { expect(f(1)).toBe(1); });
        describe('inner', () => {
          test.each([[1, 'a'], [2, 'b']])('%i is %s (%#)', (n, s) => { expect(typeof s).toBe('string'); });
          test.each([{ n: 1, deep: { s: 'x' } }])('$n and $deep.s', ({ n }) => { expect(f(n)).toBe(n); });
          it.each([3, 4])('single %p', (n) => { expect(f(n)).toBe(n); });
        });
      });
      describe.each([['x'], ['y']])('block %s', (s) => { test('inside', () => { expect(f(s)).toBe(s); }); });
      test.each\`
        a    | b
        \${1} | \${1}
        \${2} | \${2}
      \`('$a as $b', ({ a, b }) => { expect(f(a)).toBe(b); });`;
    expect(await verdictsOf(content)).toEqual(
      [
        'outer > plain',
        'outer > inner > 1 is a (0)',
        'outer > inner > 2 is b (1)',
        'outer > inner > 1 and "x"',
        'outer > inner > single 3',
        'outer > inner > single 4',
        'block x > inside',
        'block y > inside',
        '1 as 1',
        '2 as 2',
      ].map((name) => `${name}: accepted`),
    );
  });

  const SKIPPING = `const { f } = require('./f');
    test('first', () => expect(f(1)).toBe(1));
    xtest('x', () => expect(f(1)).toBe(2));
    xit('i', () => expect(f(1)).toBe(1));
    test.skip('s', () => expect(f(1)).toBe(1));
    xdescribe('d', () => { test('in it', () => expect(f(1)).toBe(1)); });
    test.todo('t');`;

  test('skipped cases weigh nothing', async () => {
    const result = await run(SKIPPING, { code: 'module.exports = { f: (n) => n };' });
    expect(result).toMatchObject({ verdict: 'accepted', score: 100 });
    expect(result.tests.map((found) => [found.verdict, found.weight])).toEqual([
      ['accepted', 1],
      ...Array.from({ length: 5 }, () => ['skipped', 0]),
    ]);
  });

  test('skipped cases are run when the author says so', async () => {
    const result = await run(SKIPPING, { code: 'module.exports = { f: (n) => n };', runSkipped: true, weight: 10 });
    expect(result.tests.map((found) => [found.verdict, found.weight])).toEqual([
      ['accepted', 2],
      ['wrong_answer', 2],
      ['accepted', 2],
      ['accepted', 2],
      ['accepted', 2],
      ['skipped', 0],
    ]);
    expect(result.score).toBe(80);
  });

  test('only', async () => {
    const content = `import { f } from './f.js';
      test('a', () => expect(f(1)).toBe(2));
      test.only('b', () => expect(f(1)).toBe(1));
      describe.only('c', () => { test('d', () => expect(f(1)).toBe(1)); });`;
    expect(await verdictsOf(content)).toEqual(['a: skipped', 'b: accepted', 'c > d: accepted']);
  });

  test('hooks run in the order of jest', async () => {
    const content = `import { f } from './f.js';
      const log = [];
      beforeAll(() => { log.push('A'); });
      beforeEach(async () => { log.push('e'); });
      afterEach(() => { log.push('x'); });
      describe('inner', () => {
        beforeAll(() => log.push('B'));
        beforeEach((done) => { setTimeout(() => { log.push('f'); done(); }, 10); });
        afterEach(() => log.push('y'));
        afterAll(() => log.push('Z'));
        test('one', () => expect(log.join('')).toBe('ABef'));
        test('two', () => expect(log.join('')).toBe('ABefyxef'));
      });
      test('three', () => expect(log.join('')).toBe('ABefyxefyxZe'));`;
    expect(await verdictsOf(content)).toEqual(['inner > one: accepted', 'inner > two: accepted', 'three: accepted']);
  });

  test('a hook that fails fails the cases of its block', async () => {
    const content = `import { f } from './f.js';
      describe('bad', () => { beforeAll(() => { throw new Error('no setup'); }); test('a', () => expect(f(1)).toBe(1)); test('b', () => expect(f(1)).toBe(1)); });
      test('c', () => expect(f(1)).toBe(1));`;
    const { tests } = await run(content);
    expect(tests.map((found) => found.verdict)).toEqual(['runtime_error', 'runtime_error', 'accepted']);
    expect(tests[1]?.message).toMatch(/^Error: no setup/);
  });

  test('done, promises and what never comes', async () => {
    const content = `import { f } from './f.js';
      test('done', (done) => { setTimeout(() => { expect(f(1)).toBe(1); done(); }, 5000); });
      test('done with an error', (done) => { done(new Error('given')); });
      test('never', () => new Promise(() => {}));
      test('after it', async () => { await null; expect(f(1)).toBe(1); });`;
    const { tests } = await run(content);
    expect(tests.map((found) => found.verdict)).toEqual(['accepted', 'runtime_error', 'runtime_error', 'accepted']);
    expect(tests[2]?.message).toBe('the test waits for something that never comes');
  });

  test('a case that hits a limit does not take the others with it', async () => {
    const content = `import { f } from './f.js';
      beforeEach(() => {});
      for (const n of [1, 2, 3, 4]) test('n' + n, () => { expect(f(n)).toBe(n); });`;
    const code = 'export function f(n) { if (n === 2) for (;;); return n; }';
    const exercise = buildExercise({
      entrypoint: 'f.js',
      limits: { cpuMs: 50, wallMs: 8000 },
      tests: [{ kind: 'suite', path: 'f.test.js', content }],
    });
    const result = await grade(sandbox, exercise, code, AbortSignal.timeout(50_000));
    expect(result.tests.map((found) => found.verdict)).toEqual(['accepted', 'time_limit', 'accepted', 'accepted']);
    expect(result.score).toBe(75);
  });

  test('a suite without a case is nobody’s success', async () => {
    const result = await run("import './f.js';");
    expect(result.tests).toMatchObject([{ verdict: 'runtime_error', message: '`f.test.js` defines no test' }]);
  });

  test('a suite may declare the names itself', async () => {
    const content = `import { f } from './f.js';
      import * as library from 'vitest';
      const { describe, test: check, expect } = library;
      describe('own', () => { check('names', () => { expect(f(1)).toBe(1); }); });`;
    expect(await verdictsOf(content)).toEqual(['own > names: accepted']);
  });
});

describe('modules of a suite', () => {
  const CONTENT = "test('default', () => expect(f(1)).toBe(1));";

  test.each([
    ['ESM over ESM', "import { f } from './f.js';", 'export const f = (n) => n;'],
    ['ESM over CommonJS', "import { f } from './f.js';", 'module.exports = { f: (n) => n };'],
    ['ESM default over CommonJS', "import f from './f.js';", 'module.exports = (n) => n;'],
    ['ESM over exports.f', "import * as all from './f'; const f = all.f;", 'exports.f = (n) => n;'],
    ['CommonJS over CommonJS', "const { f } = require('./f');", 'module.exports = { f: (n) => n };'],
    ['CommonJS over ESM', "const { f } = require('./f.js');", 'export const f = (n) => n;'],
    ['CommonJS over an ESM default', "const f = require('./f.js').default;", 'export default (n) => n;'],
    [
      'a class',
      "import { Box } from './f.js'; const f = (n) => new Box(n).n;",
      'export class Box { constructor(n) { this.n = n; } }',
    ],
  ])('%s', async (_, line, code) => {
    expect(await verdictsOf(`${line}\n${CONTENT}`, { code })).toEqual(['default: accepted']);
  });

  test('private helper files are shared by suite and learner', async () => {
    const files = [
      {
        path: 'helper.js',
        content: "import { expect } from '@jest/globals';\nexport const same = (a, b) => expect(a).toBe(b);",
      },
      { path: 'data.json', content: '{ "one": 1 }' },
    ];
    const content =
      "import { f } from './f.js';\nimport { same } from './helper.js';\nimport data from './data.json';\ntest('helped', () => same(f(data.one), 1));";
    expect(await verdictsOf(content, { files })).toEqual(['helped: accepted']);
  });

  test('TypeScript: types imported without the word, enums, helper files by any name', async () => {
    const files = [
      {
        path: 'types.ts',
        content:
          'export interface Point { x: number }\nexport type Name = string;\nexport const origin: Point = { x: 0 };',
      },
      { path: 'more.ts', content: 'export enum Color { Red = 5 }' },
    ];
    const code =
      "import { Point, Name, origin } from './types';\nimport { Color } from './more.js';\nexport type { Point };\nexport class P { constructor(public readonly x: number) {} }\nexport const f = (n: number): number => n + origin.x + Color.Red + new P(0).x;";
    const content =
      "import { describe, expect, it } from '@jest/globals'\nimport { f, P, type Point } from './f.ts'\ndescribe('ts', () => { it('works', () => { const p: Point = { x: 1 }; expect(f(p.x)).toEqual(6); expect(new P(2)).toHaveProperty('x', 2) }) })";
    const exercise = { code, files, entrypoint: 'f.ts', path: 'f.test.ts' };
    expect(await verdictsOf(content, exercise)).toEqual(['ts > works: accepted']);
  });

  test('nothing of a hidden suite is in what its learner may print', async () => {
    const content = "import { f } from './f.js';\nf('secret');\ntest('t', () => { f('secret'); expect(1).toBe(1); });";
    const result = await run(content, { code: 'export const f = (n) => console.log(n);', visibility: 'never' });
    expect(result.stdout).toBe('');
  });
});
