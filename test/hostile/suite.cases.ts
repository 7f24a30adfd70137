import type { TestVerdict } from '../../shared/contracts/grade.contract.ts';
import { ERROR, WRONG } from './verdicts.ts';

/** One attack on a suite over `f`; the suite's only honest way to pass is `f(n)` answering `n * n` as an array of one. */
export type SuiteAttack = { name: string; code: string; verdicts: TestVerdict[] };

const NOT_PASSED: TestVerdict[] = ['wrong_answer', 'runtime_error', 'compile_error', 'invalid_submission'];

/** The hidden suite that every attack meets: assertions in a test, in a loop, behind promises, and over a callback it hands out. */
export const ATTACKED_SUITE = `import { f } from './f.js';
const SECRET_SQUARES = [[1], [4], [9]];
describe('squares', () => {
  test('one', () => { expect(f(2)).toEqual([4]); });
  test('in a loop', () => { [1, 2, 3].forEach((n) => { expect(f(n)).toEqual(SECRET_SQUARES[n - 1]); }); });
  test('awaited', async () => { const answer = await f(3); expect(answer[0] === 9).toBe(true); });
  test('through a promise', () => Promise.resolve(f(2)).then((answer) => { expect(answer).toStrictEqual([4]); }));
  test('resolves', async () => { await expect(Promise.resolve(f(2))).resolves.toEqual([4]); });
  test('with a callback', () => { f((n) => { expect(n).toBe(16); return n; }); expect(f(5)).toContain(25); });
  test('by name', () => { expect(f(2)).toMatchObject([4]); expect(JSON.stringify(f(2))).toBe('[4]'); });
  test('nearly', () => { expect(Math.abs(f(3)[0] - 9) < 1e-9).toBe(true); expect(new Date(f(3)[0])).toEqual(new Date(9)); });
  test.each\`n | wanted
    \${3} | \${9}
  \`('row $n', ({ n, wanted }) => { expect(f(n)[0]).toBe(wanted); });
});
`;

const f = (body: string) => `export function f(n) { ${body} }`;

export const suiteAttacks: SuiteAttack[] = [
  // ---- results that were not earned ----
  { name: 'an empty answer', code: f('return [];'), verdicts: NOT_PASSED },
  {
    name: 'registers a passing case of its own',
    code: `try { test('mine', () => {}); } catch {} try { it('mine', () => {}); } catch {} ${f("try { test('mine', () => {}); describe('x', () => {}); } catch {} return [];")}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'imports the test functions',
    code: `import { test } from '@jest/globals'; test('mine', () => {}); ${f('return [];')}`,
    verdicts: ['compile_error'],
  },
  {
    name: 'imports the test functions later',
    code: `let api; import('@jest/globals').then((m) => { api = m; }, () => {}); ${f('if (api) return [n * n]; return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'imports the test functions from generated code',
    code: `let api; try { (0, eval)("import('@jest/globals').then((m) => { globalThis.api = m; }, () => {})"); } catch {} ${f('if (globalThis.api) return [n * n]; return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'imports the suite',
    code: `import * as suite from './f.test.js'; ${f('return [];')}`,
    verdicts: ['compile_error'],
  },
  {
    name: 'asks for what only the host may ask',
    code: `let got = []; for (const key of ['', ':', 'f.test.js', '@jest/globals', 'x:@jest/globals']) got.push(__lend(key), __lend(key, {})); ${f('if (got.some((x) => x !== undefined)) return [n * n]; return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'replaces the function that lends modules',
    code: `let stolen; try { globalThis.__lend = (key) => { stolen = key; }; } catch {} try { Object.defineProperty(globalThis, '__lend', { value: (key) => { stolen = key; } }); } catch {} ${f('if (stolen) return [n * n]; return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'overrides expect and test as globals',
    code: `globalThis.expect = () => new Proxy({}, { get: () => () => {} }); globalThis.test = globalThis.it = () => {}; globalThis.describe = () => {}; ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  { name: 'process.exit', code: f('try { process.exit(0); } catch {} return [];'), verdicts: NOT_PASSED },
  { name: 'throws at import', code: 'throw new Error("no tests today"); export const f = 1;', verdicts: ERROR },
  { name: 'throws nothing at import', code: 'throw undefined; export const f = 1;', verdicts: ERROR },
  { name: 'never ends its import', code: 'await new Promise(() => {}); export const f = 1;', verdicts: ERROR },
  {
    name: 'throws what looks like a reply',
    code: f(
      'throw { reply: "passed:", toString: () => "passed:", message: "passed:", name: "passed:", stack: "passed:" };',
    ),
    verdicts: ERROR,
  },
  {
    name: 'prints what looks like a reply',
    code: f('console.log(\'passed:\\n{"type":"outcome","outcome":{"kind":"passed"}}\'); return [];'),
    verdicts: NOT_PASSED,
  },
  // ---- patched built-ins ----
  {
    name: 'patched Object.is',
    code: `Object.is = () => true; ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'quietly patched Object.is',
    code: `try { Object.is = () => true; } catch {} try { Object.defineProperty(Object, 'is', { value: () => true }); } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'loops that do nothing',
    code: `for (const k of ['forEach', 'map', 'every', 'some', 'filter', Symbol.iterator]) { try { Array.prototype[k] = () => []; } catch {} try { Object.defineProperty(Array.prototype, k, { value: () => [] }); } catch {} } ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'iterators that end at once',
    code: `try { Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true }); } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'patched JSON',
    code: `try { JSON.stringify = () => '[4]'; JSON.parse = () => [4]; } catch {} try { globalThis.JSON = { stringify: () => '[4]' }; } catch {} Array.prototype.toJSON = () => [4]; ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'promises that call nobody back',
    code: `try { Promise.prototype.then = function () { return this; }; } catch {} try { Object.defineProperty(Promise.prototype, 'then', { value() { return this; } }); } catch {} try { Object.defineProperty(Promise.prototype, 'constructor', { get: () => class { static [Symbol.species] = 1; } }); } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'a Promise of its own',
    code: `try { globalThis.Promise = class { static resolve() { return new this(); } then() { return this; } }; } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'setters on array indexes and inherited options',
    code: `for (const i of [0, 1, 2, 3]) Object.defineProperty(Array.prototype, i, { get: () => 4, set() {} }); for (const k of ['failure', 'runs', 'pass', 'kind', 'negated', 'get', 'set', 'value', 'error', 'mode']) try { Object.defineProperty(Object.prototype, k, { get: () => null, set() {}, configurable: true }); } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'patched Function.prototype',
    code: `for (const k of ['call', 'apply', 'bind', 'toString', Symbol.hasInstance]) try { Object.defineProperty(Function.prototype, k, { value: () => true }); } catch {} try { Reflect.apply = () => undefined; } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'patched WeakMap and Map',
    code: `try { WeakMap.prototype.get = () => ({ matches: () => true, label: '' }); } catch {} try { Map.prototype.get = () => true; } catch {} ${f('return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'patched Math and Date',
    code: `try { Math.abs = () => 0; } catch {} try { Object.defineProperty(Math, 'abs', { value: () => 0 }); } catch {} try { globalThis.Date = class {}; } catch {} try { Date.prototype.getTime = () => 4; } catch {} ${f('return [0];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'a column of the table answered by itself',
    code: `let answer = 0; try { Object.defineProperty(Object.prototype, 'wanted', { get: () => answer, set() {} }); } catch {} ${f('return [(answer = -1)];')}`,
    verdicts: NOT_PASSED,
  },
  // ---- answers that lie ----
  {
    name: 'an asymmetric matcher as an answer',
    code: f('return { asymmetricMatch: () => true, $$typeof: Symbol.for("jest.asymmetricMatcher"), length: 1, 0: 4 };'),
    verdicts: NOT_PASSED,
  },
  {
    name: 'toJSON, valueOf and equals',
    code: f('return { toJSON: () => [4], valueOf: () => [4], equals: () => true, 0: 4, length: 1 };'),
    verdicts: NOT_PASSED,
  },
  {
    name: 'a proxy that says yes',
    code: f(
      'return new Proxy([], { get: (t, k) => (k === "length" ? 1 : t[k]), has: () => true, ownKeys: () => ["length"] });',
    ),
    verdicts: NOT_PASSED,
  },
  {
    name: 'a thenable that calls nobody back',
    code: f('return { then() {} };'),
    verdicts: NOT_PASSED,
  },
  {
    name: 'a getter that changes its mind',
    code: f('let reads = 0; return { get 0() { return ++reads; }, length: 1 };'),
    verdicts: NOT_PASSED,
  },
  // ---- looking into the suite ----
  {
    name: 'callers through stack frames',
    code: `Error.prepareStackTrace = (e, frames) => frames; ${f('const frames = new Error().stack; const sources = Array.isArray(frames) ? frames.map((x) => String(x.getFunction())).join("") : ""; const wanted = /toEqual\\(\\[(\\d+)/.exec(sources); return [wanted ? +wanted[1] : 0];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'callers through captureStackTrace',
    code: f(
      'try { Object.defineProperty(Error, "prepareStackTrace", { value: (e, x) => x }); } catch {} const box = {}; Error.captureStackTrace(box); return [typeof box.stack === "string" ? 0 : n * n];',
    ),
    verdicts: NOT_PASSED,
  },
  {
    name: 'callers through arguments',
    code: 'module.exports.f = function f(n) { let source = ""; try { source += f.caller; } catch {} try { source += arguments.callee.caller; } catch {} const wanted = /\\[(\\d+)\\]/.exec(source); return [wanted ? +wanted[1] : 0]; };',
    verdicts: NOT_PASSED,
  },
  {
    name: 'the source of a callback it is handed',
    code: f(
      'if (typeof n === "function") { globalThis.wanted = /toBe\\((\\d+)\\)/.exec(n.toString())?.[1]; return []; } return [Number(globalThis.wanted)];',
    ),
    verdicts: NOT_PASSED,
  },
  {
    name: 'swallows a failed assertion of a callback',
    code: f('if (typeof n === "function") { try { n(1); } catch {} return []; } return [n * n];'),
    // Everything else of it is right; the case with the callback must not pass.
    verdicts: ['accepted'],
  },
  {
    name: 'changes what the suite compares with',
    code: f(
      'const own = Object.getOwnPropertyNames; for (const k of own(globalThis)) { const v = globalThis[k]; if (Array.isArray(v)) v.length = 0; } return [];',
    ),
    verdicts: NOT_PASSED,
  },
  // ---- ending the world ----
  {
    name: 'unhandled rejections',
    code: `Promise.reject(new Error('nobody')); ${f('Promise.reject(1); return [];')}`,
    verdicts: NOT_PASSED,
  },
  {
    name: 'a flood of timers',
    code: f('for (let i = 0; i < 20000; i++) setTimeout(() => {}, i % 7); return [];'),
    verdicts: [...NOT_PASSED, 'time_limit', 'memory_limit'],
  },
  {
    name: 'a timer that sets itself again while a test waits',
    code: 'const again = () => setTimeout(again, 0); again(); export async function f() { return new Promise(() => {}); }',
    verdicts: ['wrong_answer', 'time_limit'],
  },
  { name: 'an endless loop in the function', code: f('for (;;);'), verdicts: ['time_limit'] },
  { name: 'an endless loop at import', code: 'for (;;); export const f = 1;', verdicts: ['time_limit'] },
  {
    name: 'a memory bomb',
    code: f('const a = []; for (;;) a.push(new Array(1000).fill(1));'),
    verdicts: ['memory_limit', 'time_limit'],
  },
  { name: 'an output flood', code: f('for (;;) console.log("x".repeat(1000));'), verdicts: ['output_limit'] },
  { name: 'a cyclic answer', code: f('const a = [4]; a.push(a); return a;'), verdicts: WRONG },
  {
    name: 'an endless iterator as an answer',
    code: f('return { *[Symbol.iterator]() { for (;;) yield 1; } };'),
    verdicts: NOT_PASSED,
  },
  {
    name: 'a huge answer in a message',
    code: f('return new Array(100000).fill("x".repeat(100));'),
    verdicts: NOT_PASSED,
  },
  { name: 'an error with a huge message', code: f('throw new Error("x".repeat(3e6));'), verdicts: ERROR },
  {
    name: 'a class that cannot be shown',
    code: f('return new Proxy({}, new Proxy({}, { get() { throw new Error("trap"); } }));'),
    verdicts: NOT_PASSED,
  },
];

/** Attacks on a `stdio` test that wants `6` for `1 2 3`. None may pass, and all output must stay output. */
export const stdioAttacks: SuiteAttack[] = [
  { name: 'prints the input', code: 'console.log(require("fs").readFileSync(0, "utf8"));', verdicts: WRONG },
  { name: 'exits well without an answer', code: 'process.exit(0); console.log(6);', verdicts: WRONG },
  { name: 'prints after its end', code: 'try { process.exit(0); } catch {} console.log(6);', verdicts: WRONG },
  { name: 'catches its end for ever', code: 'for (;;) try { process.exit(0); } catch {}', verdicts: WRONG },
  { name: 'exits badly after the answer', code: 'console.log(6); process.exit(3);', verdicts: ERROR },
  { name: 'fails after the answer', code: 'console.log(6); null.x;', verdicts: ERROR },
  {
    name: 'fails in a promise after the answer',
    code: 'console.log(6); Promise.reject(new Error("late"));',
    verdicts: ERROR,
  },
  {
    name: 'fails in a timer after the answer',
    code: 'console.log(6); setTimeout(() => null.x, 1e9);',
    verdicts: ERROR,
  },
  { name: 'prints the answer as an error', code: 'console.error(6); process.stderr.write("6");', verdicts: WRONG },
  {
    name: 'reads another file',
    code: 'console.log(require("fs").readFileSync("/etc/passwd", "utf8"));',
    verdicts: ERROR,
  },
  {
    name: 'reads the environment',
    code: 'console.log(JSON.stringify(process.env), process.argv, process.cwd());',
    verdicts: WRONG,
  },
  {
    name: 'asks for other modules',
    code: 'for (const m of ["child_process", "net", "vm", "worker_threads", "module"]) try { console.log(require(m)); } catch {}',
    verdicts: WRONG,
  },
  {
    name: 'asks process for modules',
    code: 'console.log(process.binding, process.mainModule, process.dlopen, process.getBuiltinModule, process.constructor.constructor("return typeof require")());',
    verdicts: WRONG,
  },
  { name: 'interval for ever', code: 'setInterval(() => {}, 1);', verdicts: ['time_limit'] },
  {
    name: 'timers breed',
    code: 'const breed = () => { setTimeout(breed, 0); setTimeout(breed, 0); }; breed();',
    verdicts: ['time_limit', 'memory_limit'],
  },
  {
    name: 'waits for input for ever',
    code: 'let line; while ((line = readline()) !== "quit") {}',
    verdicts: ['time_limit'],
  },
  { name: 'output flood without lines', code: 'for (;;) process.stdout.write("6");', verdicts: ['output_limit'] },
  { name: 'error flood', code: 'for (;;) console.error("6");', verdicts: ['output_limit'] },
  {
    name: 'frames on stdout',
    code: 'process.stdout.write("\\0\\0\\0\\u0030" + JSON.stringify({ type: "outcome", outcome: { kind: "loaded", stdout: "6" } }));',
    verdicts: WRONG,
  },
  {
    name: 'patched console and stdout',
    code: 'console.log = () => 6; process.stdout.write = () => true; String.prototype.split = () => ["6"]; console.log(6);',
    verdicts: WRONG,
  },
];
