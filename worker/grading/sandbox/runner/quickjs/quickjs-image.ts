import { readFileSync } from 'node:fs';
import { MAX_STACK_SIZE, QuickJS, type JSValueHandle, type QuickJSOptions, type Snapshot } from 'quickjs-wasi';

/** Largest answer, in characters of JSON. */
const MAX_ANSWER_CHARS = 1_000_000;
const MAX_OUTPUT_CHARS = 256 * 1024 + 1;
/** The parent refuses deeper ones too, see `limits.ts`; here it gives the learner a message. */
const MAX_ANSWER_DEPTH = 200;

/** Any moment will do, as long as it is the same in every runner: QuickJS seeds Math.random from the clock. */
const SEED_CLOCK_NS = 1_700_000_000_000_000_000n;

/** What the host calls by name inside an instance. */
const PROGRAM_ENTRIES = ['call', 'runCommonJs', 'describeError', 'runTimer', 'nextDue', 'openStdio'] as const;
const SUITE_ENTRIES = ['begin', 'collect', 'runCase'] as const;
export type ProgramEntry = (typeof PROGRAM_ENTRIES)[number];
export type SuiteEntry = (typeof SUITE_ENTRIES)[number];

/** A booted engine with the guest harness in place, as bytes: restoring it costs about a millisecond. */
export type QuickJsImage = {
  module: WebAssembly.Module;
  snapshot: Snapshot;
  /** Name and versions, for the grade. */
  engine: string;
  entries: { [name in ProgramEntry]: number } & { [name in SuiteEntry]?: number };
};

/** The image of a plain program, and the one that also holds the unit-test library, with the built-ins locked. */
export type QuickJsImages = { program: QuickJsImage; suite: QuickJsImage };

/** Options that every instance of the image shares. */
export function baseOptions(module: WebAssembly.Module): QuickJSOptions {
  return { wasm: module, maxStackSize: MAX_STACK_SIZE, timezoneOffset: 0 };
}

/** The engine writes to no descriptor: the library's default would let it write to this process's stdout, our result channel. */
export const silentDescriptors = { fd_write: () => ERRNO_BADF };
const ERRNO_BADF = 8;

/**
 * Compiles the engine and boots instances with the harness, before any learner code exists. Every submission gets a copy of such
 * memory: built-ins the harness captured are pristine, and Math.random gives the same numbers in every run.
 */
export async function buildImages(): Promise<QuickJsImages> {
  const module = await WebAssembly.compile(readFileSync(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm'))));
  return { program: await buildProgramImage(module), suite: await buildSuiteImage(module) };
}

async function buildProgramImage(module: WebAssembly.Module): Promise<QuickJsImage> {
  const vm = await boot(module);
  return takeImage(module, vm, installProgram(vm).entries);
}

async function buildSuiteImage(module: WebAssembly.Module): Promise<QuickJsImage> {
  const vm = await boot(module);
  const { entries, tools } = installProgram(vm);
  const equality = run(vm, 'guest-equality.js');
  const mocks = run(vm, 'guest-mocks.js');
  const parts = vm.newObject();
  for (const [name, value] of Object.entries({
    clip: tools.getProp('clip'),
    preview: tools.getProp('preview'),
    append: mocks.getProp('append'),
    describeError: entries.describeError,
    equality,
    mocks,
  })) {
    parts.setProp(name, value);
  }
  parts.setProp('matchers', run(vm, 'guest-matchers.js', parts));
  parts.setProp('openExpect', vm.evalCode(guestSource('guest-expect.js'), '<learnify>'));
  parts.setProp('formatting', run(vm, 'guest-case-names.js', parts));
  const suite = run(vm, 'guest-suite.js', parts);
  run(vm, 'guest-lock.js');
  return takeImage(module, vm, { ...entries, ...named(SUITE_ENTRIES, (name) => suite.getProp(name)) });
}

function boot(module: WebAssembly.Module): Promise<QuickJS> {
  return QuickJS.create({
    ...baseOptions(module),
    wasi: (memory) => ({
      ...silentDescriptors,
      clock_time_get: (_clock: number, _precision: bigint, resultPointer: number) => {
        new DataView(memory.buffer).setBigUint64(resultPointer, SEED_CLOCK_NS, true);
        return 0;
      },
    }),
  });
}

function installProgram(vm: QuickJS) {
  const hostFunction = (name: string) => vm.newFunction(name, () => vm.undefined);
  const print = hostFunction('print');
  const limits = vm.hostToHandle({
    answerChars: MAX_ANSWER_CHARS,
    answerDepth: MAX_ANSWER_DEPTH,
    outputChars: MAX_OUTPUT_CHARS,
  });
  // Virtual modules get what they export from it, against a key that only the host knows; see `program-loader.ts`.
  vm.defineProp(vm.global, LEND, hostFunction('lend'), { writable: false, enumerable: false, configurable: false });
  const tools = run(vm, 'guest-console.js', print, limits);
  const timers = run(vm, 'guest-globals.js');
  const harness = run(vm, 'guest-harness.js', tools, limits);
  const openStdio = run(vm, 'guest-stdio.js', print, hostFunction('exit'), vm.global.getProp('console'));
  const owners = { runTimer: timers, nextDue: timers, call: harness, runCommonJs: harness, describeError: harness };
  const entries = named(PROGRAM_ENTRIES, (name) => (name === 'openStdio' ? openStdio : owners[name].getProp(name)));
  return { entries, tools };
}

/** The global function through which modules that the host makes up get their contents. */
export const LEND = '__lend';

function takeImage(module: WebAssembly.Module, vm: QuickJS, entries: ImageHandles): QuickJsImage {
  const engine = `quickjs-ng ${vm.versions['quickjs']} (quickjs-wasi ${vm.versions['quickjs-wasi']})`;
  const tokens = Object.fromEntries(Object.entries(entries).map(([name, handle]) => [name, vm.exportHandle(handle)]));
  return { module, snapshot: vm.snapshot(), engine, entries: tokens as QuickJsImage['entries'] };
}

type ImageHandles = { [name in ProgramEntry]: JSValueHandle } & { [name in SuiteEntry]?: JSValueHandle };

function named<Name extends string, Value>(names: readonly Name[], valueOf: (name: Name) => Value) {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as { [name in Name]: Value };
}

/** Evaluates a file of the harness, which is one function, and calls it. */
function run(vm: QuickJS, file: string, ...args: JSValueHandle[]): JSValueHandle {
  return vm.callFunction(vm.evalCode(guestSource(file), '<learnify>'), vm.undefined, ...args);
}

function guestSource(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
