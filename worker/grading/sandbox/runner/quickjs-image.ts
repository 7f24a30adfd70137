import { readFileSync } from 'node:fs';
import { MAX_STACK_SIZE, QuickJS, type JSValueHandle, type QuickJSOptions, type Snapshot } from 'quickjs-wasi';

/** Largest answer, in characters of JSON. */
const MAX_ANSWER_CHARS = 1_000_000;
const MAX_OUTPUT_CHARS = 256 * 1024 + 1;
/** The parent refuses deeper ones too, see `limits.ts`; here it gives the learner a message. */
const MAX_ANSWER_DEPTH = 200;

/** Any moment will do, as long as it is the same in every runner: QuickJS seeds Math.random from the clock. */
const SEED_CLOCK_NS = 1_700_000_000_000_000_000n;

/** A booted engine with the guest harness in place, as bytes: restoring it costs about a millisecond. */
export type QuickJsImage = {
  module: WebAssembly.Module;
  snapshot: Snapshot;
  /** Name and versions, for the grade. */
  engine: string;
  entries: { call: number; runCommonJs: number; describeError: number };
};

/** Options that every instance of the image shares. */
export function baseOptions(module: WebAssembly.Module): QuickJSOptions {
  return { wasm: module, maxStackSize: MAX_STACK_SIZE, timezoneOffset: 0 };
}

/** The engine writes to no descriptor: the library's default would let it write to this process's stdout, our result channel. */
export const silentDescriptors = { fd_write: () => ERRNO_BADF };
const ERRNO_BADF = 8;

/**
 * Compiles the engine and boots one instance with the harness, before any learner code exists. Every submission gets a copy of
 * this memory: built-ins the harness captured are pristine, and Math.random gives the same numbers in every run.
 */
export async function buildImage(): Promise<QuickJsImage> {
  const module = await WebAssembly.compile(readFileSync(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm'))));
  const vm = await QuickJS.create({
    ...baseOptions(module),
    wasi: (memory) => ({
      ...silentDescriptors,
      clock_time_get: (_clock: number, _precision: bigint, resultPointer: number) => {
        new DataView(memory.buffer).setBigUint64(resultPointer, SEED_CLOCK_NS, true);
        return 0;
      },
    }),
  });
  const print = vm.newFunction('print', () => vm.undefined);
  const limits = vm.hostToHandle({
    answerChars: MAX_ANSWER_CHARS,
    answerDepth: MAX_ANSWER_DEPTH,
    outputChars: MAX_OUTPUT_CHARS,
  });
  const install = (file: string, tools: JSValueHandle) =>
    vm.callFunction(vm.evalCode(guestSource(file), '<learnify>'), vm.undefined, tools, limits);
  const entries = install('guest-harness.js', install('guest-console.js', print));
  const token = (name: string) => vm.exportHandle(entries.getProp(name));
  const tokens = { call: token('call'), runCommonJs: token('runCommonJs'), describeError: token('describeError') };
  const engine = `quickjs-ng ${vm.versions['quickjs']} (quickjs-wasi ${vm.versions['quickjs-wasi']})`;
  return { module, snapshot: vm.snapshot(), engine, entries: tokens };
}

function guestSource(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
