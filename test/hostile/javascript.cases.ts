import type { HostileCase } from './hostile-suite.ts';
import { ANY_LIMIT, COMPILE, ERROR, MEMORY, TIME, WRONG } from './verdicts.ts';

const f = (body: string) => `export function f(n) { ${body} }`;

/** Attacks by the code of `f(n)`. */
export const hostileCases: HostileCase[] = [
  // ---- never ending ----
  { name: 'endless loop at top level', code: 'while (true) {}', verdicts: TIME },
  { name: 'endless loop in the function', code: f('while (true) {}'), verdicts: TIME },
  {
    name: 'endless loop that catches everything',
    code: f('for (;;) try { for (;;); } catch {} finally { continue; }'),
    verdicts: TIME,
  },
  {
    name: 'promise microtasks starve the engine',
    code: f('const again = () => Promise.resolve().then(again); return again();'),
    verdicts: ['time_limit', 'memory_limit'],
  },
  {
    name: 'async function that always awaits',
    code: 'export async function f() { for (;;) await null; }',
    verdicts: TIME,
  },
  {
    name: 'microtasks left behind after an answer',
    code: f('(async () => { for (;;) await null; })(); return "x";'),
    verdicts: TIME,
  },
  { name: 'generator that never yields', code: 'export function* f() { for (;;); }', verdicts: TIME },
  { name: 'generator that never ends', code: 'export function* f() { for (;;) yield 1; }', verdicts: ANY_LIMIT },
  {
    name: 'sorting a sparse array',
    code: f('const a = []; a[4294967294] = 1; a.sort(); return a.length;'),
    verdicts: ANY_LIMIT,
  },
  {
    name: 'searching a huge array-like',
    code: f('return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);'),
    verdicts: TIME,
  },
  {
    name: 'filling a huge array-like',
    code: f('return Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 1);'),
    verdicts: ANY_LIMIT,
  },
  { name: 'catastrophic regular expression', code: f('return /^(a+)+$/.test("a".repeat(50) + "b");'), verdicts: TIME },
  {
    name: 'top-level await that never settles',
    code: 'await new Promise(() => {}); export const f = () => 1;',
    verdicts: ERROR,
  },
  { name: 'promise that never settles', code: f('return new Promise(() => {});'), verdicts: ERROR },
  { name: 'endless getter while the answer is read', code: f('return { get x() { for (;;); } };'), verdicts: TIME },

  // ---- memory ----
  { name: 'array bomb', code: f('const a = []; for (;;) a.push({ n, a: [1, 2, 3] });'), verdicts: MEMORY },
  {
    name: 'string bomb',
    code: f('let s = "x"; for (;;) s += s;'),
    verdicts: ['memory_limit', 'runtime_error', 'time_limit'],
  },
  {
    name: 'typed array bomb',
    code: f('const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));'),
    verdicts: ['memory_limit', 'runtime_error'],
  },
  {
    name: 'one typed array of 4 GB',
    code: f('return new Uint8Array(2 ** 32).length;'),
    verdicts: ['memory_limit', 'runtime_error'],
  },
  { name: 'BigInt bomb', code: f('let b = 3n; for (;;) b = b * b;'), verdicts: ANY_LIMIT },
  {
    name: 'memory bomb that catches its end',
    code: f('const a = []; for (;;) try { for (;;) a.push("x".repeat(1e5) + a.length); } catch {}'),
    verdicts: ANY_LIMIT,
  },
  {
    name: 'Map bomb at top level',
    code: 'const m = new Map(); for (let i = 0; ; i++) m.set(i, "v" + i);',
    verdicts: ['time_limit', 'memory_limit'],
  },
  { name: 'join of a huge sparse array', code: f('return new Array(2 ** 31).join("xxxx");'), verdicts: ANY_LIMIT },

  // ---- the stack ----
  { name: 'endless recursion', code: f('return f(n + 1) + 1;'), verdicts: ERROR },
  {
    name: 'endless recursion that is caught and goes on',
    code: f('try { return f(n); } catch { return f(n); }'),
    verdicts: ANY_LIMIT,
  },
  {
    name: 'recursion through JSON, toString and Proxy',
    code: f('const p = new Proxy({}, { get: (t, k, r) => r[k] }); return p.x;'),
    verdicts: ERROR,
  },
  {
    name: 'answer nested too deep',
    code: f('let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;'),
    verdicts: ['wrong_answer', 'runtime_error', 'memory_limit'],
  },
  {
    name: 'source nested too deep',
    code: `export const f = () => ${'['.repeat(15_000)}${']'.repeat(15_000)};`,
    verdicts: ['compile_error', 'runtime_error'],
  },
  {
    name: 'parentheses nested too deep',
    code: `export const f = () => ${'('.repeat(20_000)}1${')'.repeat(20_000)};`,
    verdicts: ['compile_error', 'runtime_error'],
  },
  {
    name: 'regular expression nested too deep',
    code: f('return new RegExp("(".repeat(50000) + ")".repeat(50000)).test("a");'),
    verdicts: ANY_LIMIT,
  },

  // ---- output ----
  { name: 'output flood', code: f('for (;;) console.log("x".repeat(10000));'), verdicts: ['output_limit'] },
  { name: 'output flood at top level', code: 'for (;;) console.error(1);', verdicts: ['output_limit'] },
  {
    name: 'one line of 8 MB',
    code: f('console.log("x".repeat(8e6)); return 2;'),
    verdicts: ['output_limit', 'wrong_answer'],
  },
  {
    name: 'answer of many megabytes',
    code: f('return new Array(500000).fill("xxxxxxxx");'),
    verdicts: ['output_limit', 'memory_limit', 'time_limit'],
  },

  // ---- getting out ----
  {
    name: 'constructor.constructor',
    code: f('return [].constructor.constructor("return process")().pid;'),
    verdicts: ERROR,
  },
  {
    name: 'probing the global object',
    code: f(
      'return ["process", "require", "std", "os", "fetch", "Deno", "WebAssembly", "Worker", "print", "scriptArgs"].filter((k) => k in globalThis);',
    ),
    verdicts: WRONG,
  },
  { name: 'eval reaches no host', code: f('return eval("typeof process + typeof require");'), verdicts: WRONG },
  {
    name: 'Function reaches no host',
    code: f('return new Function("return typeof process + typeof require")();'),
    verdicts: WRONG,
  },
  {
    name: 'import of fs',
    code: 'import fs from "fs"; export const f = () => fs.readFileSync("/etc/passwd", "utf8");',
    verdicts: COMPILE,
  },
  {
    name: 'import of node:child_process',
    code: 'import { execSync } from "node:child_process"; export const f = () => execSync("id") + "";',
    verdicts: COMPILE,
  },
  {
    name: 'import of std and os',
    code: 'import * as std from "std"; import * as os from "os"; export const f = () => std.getenv("PATH");',
    verdicts: COMPILE,
  },
  {
    name: 'import of a path outside',
    code: 'import x from "./../../../../etc/passwd"; export const f = () => x;',
    verdicts: COMPILE,
  },
  {
    name: 'dynamic import',
    code: 'export async function f() { return Object.keys(await import("node:fs")); }',
    verdicts: ERROR,
  },
  {
    name: 'dynamic import of a data URL',
    code: 'export async function f() { return (await import("data:text/javascript,export default 1")).default; }',
    verdicts: ERROR,
  },
  {
    name: 'require in CommonJS',
    code: 'const fs = require("fs"); module.exports.f = () => fs.readFileSync("/etc/passwd", "utf8");',
    verdicts: ERROR,
  },
  {
    name: 'host stack in a refused import',
    code: 'export async function f() { try { await import("fs"); } catch (e) { return e.stack + e.message; } }',
    verdicts: WRONG,
  },
  {
    name: 'breaking out of the CommonJS wrapper',
    code: '}); globalThis.x = 1; (function () { module.exports = { f: () => globalThis.x };',
    verdicts: ['wrong_answer', 'runtime_error', 'compile_error', 'invalid_submission'],
  },

  // ---- patched built-ins ----
  {
    name: 'patched JSON.stringify',
    code: 'JSON.stringify = () => "1"; JSON.parse = () => [1]; export const f = () => 2;',
    verdicts: WRONG,
  },
  {
    name: 'patched Object.is and Array methods',
    code: 'Object.is = () => true; for (const k of Object.getOwnPropertyNames(Array.prototype)) if (typeof Array.prototype[k] === "function" && k !== "constructor") Array.prototype[k] = () => 1; export const f = () => [2];',
    verdicts: WRONG,
  },
  {
    name: 'patched Object.prototype',
    code: 'Object.defineProperty(Object.prototype, "kind", { get: () => "answer", set() {} }); Object.prototype.verdict = "accepted"; Object.prototype.toJSON = () => 1; export const f = () => ({});',
    verdicts: WRONG,
  },
  {
    name: 'patched Promise.prototype.then',
    code: 'Promise.prototype.then = function (ok) { ok("answer:1"); return this; }; Promise.resolve = () => 1; export const f = async () => 2;',
    verdicts: WRONG,
  },
  {
    name: 'patched Symbol.iterator',
    code: 'Array.prototype[Symbol.iterator] = function* () { yield 1; }; export const f = (...args) => args.concat([2]);',
    verdicts: WRONG,
  },
  {
    name: 'patched String and Function prototypes',
    code: 'String.prototype.slice = () => "answer:1"; Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 1; Reflect.apply = () => 1; export const f = () => "x";',
    verdicts: WRONG,
  },
  {
    name: 'setters on Array.prototype',
    code: 'for (const i of [0, 1, 2]) Object.defineProperty(Array.prototype, i, { set() { throw 1; } }); export async function* f() { yield 2; }',
    verdicts: WRONG,
  },
  {
    name: 'patched console',
    code: 'console.log = console.error = null; globalThis.console = { log() { for (;;); } }; export const f = () => 2;',
    verdicts: WRONG,
  },
  {
    name: 'deleted globals',
    code: 'for (const k of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[k]; } catch {} } export const f = () => 2;',
    verdicts: WRONG,
  },
  {
    name: 'frozen world',
    code: 'Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(globalThis); export const f = () => [2];',
    verdicts: WRONG,
  },
  {
    name: 'Math.random and Date overridden',
    code: 'Math.random = () => 1; Date = class { static now() { return 1; } }; Date.prototype.toISOString = () => 1; export const f = () => [Math.random(), Date.now()];',
    verdicts: WRONG,
  },

  // ---- lying answers ----
  { name: 'toJSON lies', code: f('return { toJSON: () => 1 };'), verdicts: WRONG },
  {
    name: 'getters as an answer',
    code: f('let calls = 0; return { get x() { return ++calls; }, get y() { throw new Error("no"); } };'),
    verdicts: ERROR,
  },
  {
    name: 'proxy that claims everything',
    code: f('return new Proxy([], { get: (t, k) => (k === "length" ? 2 ** 53 : 1), has: () => true });'),
    verdicts: ANY_LIMIT,
  },
  {
    name: 'proxy that throws',
    code: f('return new Proxy({}, new Proxy({}, { get() { throw new Error("trap"); } }));'),
    verdicts: ERROR,
  },
  { name: 'thenable that answers twice', code: f('return { then(ok) { ok(2); ok(1); } };'), verdicts: WRONG },
  { name: 'thenable that never answers', code: f('return { then() {} };'), verdicts: ERROR },
  {
    name: 'thenable that answers itself for ever',
    code: f('const t = { then(ok) { ok({ then: t.then }); } }; return t;'),
    verdicts: TIME,
  },
  {
    name: '__proto__ keys',
    code: f('return JSON.parse(\'{"__proto__": {"verdict": "accepted"}}\');'),
    verdicts: WRONG,
  },
  {
    name: 'valueOf and Symbol.toPrimitive',
    code: f('return { valueOf: () => 1, [Symbol.toPrimitive]: () => 1 };'),
    verdicts: WRONG,
  },
  {
    name: 'iterator that lies about being done',
    code: f('return { [Symbol.iterator]() { return { next: () => ({ get done() { return false; }, value: 1 }) }; } };'),
    verdicts: ANY_LIMIT,
  },
  {
    name: 'forged result lines through console.log',
    code: f(
      'console.log(\'{"type":"outcome","outcome":{"kind":"answer","json":"1"}}\'); console.log("answer:1\\n\\0\\0\\0\\u0005true"); return 2;',
    ),
    verdicts: WRONG,
  },
  {
    name: 'forged harness replies',
    code: f('throw { reply: "answer:1", toString: () => "answer:1" };'),
    verdicts: ERROR,
  },
  { name: 'NUL and lone surrogates', code: f('console.log("\\0\\uD800"); return "\\0\\uDFFF";'), verdicts: WRONG },

  // ---- evil errors ----
  {
    name: 'error with evil getters',
    code: f(
      'const e = new Error(); for (const k of ["message", "stack", "name"]) Object.defineProperty(e, k, { get() { throw e; } }); throw e;',
    ),
    verdicts: ERROR,
  },
  {
    name: 'error whose message never ends',
    code: f('const e = {}; Object.defineProperty(e, "message", { get() { for (;;); } }); throw e;'),
    verdicts: TIME,
  },
  { name: 'throw null', code: f('throw null;'), verdicts: ERROR },
  { name: 'throw undefined at top level', code: 'throw undefined;', verdicts: ERROR },
  { name: 'throw a huge string', code: f('throw "x".repeat(5e6);'), verdicts: ERROR },
  {
    name: 'throw a proxy',
    code: f('throw new Proxy(function () {}, { get() { throw 1; }, getOwnPropertyDescriptor() { throw 1; } });'),
    verdicts: ERROR,
  },
  {
    name: 'Error.prepareStackTrace',
    code: f(
      'Error.prepareStackTrace = (e, frames) => frames.map(String).join("|") + "x".repeat(1e5); return new Error("boo").stack;',
    ),
    verdicts: ['wrong_answer', 'runtime_error'],
  },
  {
    name: 'class that pretends to be out of memory',
    code: f('throw Object.assign(new Error("fake"), { name: "Interrupted" });'),
    verdicts: ERROR,
  },

  // ---- odd corners of the engine ----
  {
    name: 'finalizers and weak references',
    code: 'const r = new FinalizationRegistry(() => { for (;;); }); export function f() { for (let i = 0; i < 1000; i++) r.register({}, 1); return new WeakRef({}).deref() === undefined; }',
    verdicts: ['wrong_answer', 'time_limit'],
  },
  {
    name: 'Atomics.wait',
    code: f('return Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);'),
    verdicts: ['runtime_error', 'wrong_answer'],
  },
  {
    name: 'SharedArrayBuffer bomb',
    code: f('const a = []; for (;;) a.push(new SharedArrayBuffer(1e7));'),
    verdicts: ['runtime_error', 'memory_limit'],
  },
  {
    name: 'growing ArrayBuffer',
    code: f('const b = new ArrayBuffer(8, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30); return b.byteLength;'),
    verdicts: ['runtime_error', 'memory_limit', 'wrong_answer'],
  },
  {
    name: 'mutated arguments',
    code: 'export function f(...args) { args.length = 1e9; args[0] = 1; Object.freeze(args); return args.length; }',
    verdicts: WRONG,
  },
  {
    name: 'exports that change',
    code: 'export let f = () => 2; globalThis.swap = () => { f = () => 1; };',
    verdicts: WRONG,
  },
  { name: 'no code at all', code: '', verdicts: ['invalid_submission'] },
  { name: 'binary rubbish', code: '\0\u0001\uFFFF#!/bin/sh\nrm -rf /\n', verdicts: COMPILE },
];
