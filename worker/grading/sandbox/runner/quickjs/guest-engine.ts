import { JSException, QuickJS, type JSValueHandle, type QuickJSOptions } from 'quickjs-wasi';
import type { EngineLimits } from '../../limits.ts';
import type { Fault, Outcome, SuiteCase } from '../../protocol.ts';
import { describeForLearner, isOutOfMemory, parseGuestError, type GuestError, type OwnFiles } from './learner-error.ts';
import { messageOnly } from './modules.ts';
import {
  baseOptions,
  silentDescriptors,
  type ProgramEntry,
  type QuickJsImage,
  type SuiteEntry,
} from './quickjs-image.ts';
import { Stopwatch, type StopReason } from './stopwatch.ts';
import { residentKb } from '../process-memory.ts';

/** Faults after which the instance may be in any state. */
const LIMITS: ReadonlySet<Fault['verdict']> = new Set(['time_limit', 'memory_limit', 'output_limit']);

/** What happened, before it is measured. */
export type Finding =
  | { kind: 'loaded' | 'starved' | 'passed' }
  | { kind: 'answer'; json: string }
  | { kind: 'not_json'; description: string }
  | { kind: 'collected'; cases: SuiteCase[] }
  | { kind: 'failed'; message: string }
  | { kind: 'fault'; verdict: Fault['verdict']; message: string };

/** How the instance gets at modules; set once the program is known. */
export type ModuleSource = { normalize(importer: string, specifier: string): string; load(path: string): string };

type Settled = { value: JSValueHandle } | { error: JSValueHandle } | null;

/** One fresh engine instance with its limits, its clock and its output; knows nothing of what is run in it. */
export class GuestEngine {
  readonly vm: QuickJS;
  readonly memoryBytes: number;
  modules: ModuleSource | null = null;
  files: OwnFiles = { has: () => false, originOf: (_, place) => place };
  limits: EngineLimits = { cpuMs: 0, wallMs: 0, memoryBytes: 0, outputBytes: 0 };
  /** Output for errors is shown as any other, except where what is printed is the answer. */
  keepsErrorOutput = true;
  /** Where the time of day stands still, in milliseconds since the epoch; timers still move it on. */
  clockMs: number | null = null;
  readonly #memory: WebAssembly.Memory;
  readonly #entries: QuickJsImage['entries'];
  readonly #unhandled = new Map<number, JSValueHandle>();
  #stopwatch: Stopwatch | null = null;
  #stop: StopReason | 'exited' | null = null;
  #exitCode = 0;
  #virtualMs = 0;
  #stdout = '';
  #stdoutBytes = 0;
  #trap = false;
  /** Read once a session: it is a slow call, and the peak of the sessions before is what matters. */
  readonly #rssKb = residentKb();

  private constructor(vm: QuickJS, memory: WebAssembly.Memory, image: QuickJsImage, memoryBytes: number) {
    this.vm = vm;
    this.#memory = memory;
    this.#entries = image.entries;
    this.memoryBytes = memoryBytes;
    vm.registerHostCallback('print', (text, isError) => this.#print(text?.toString() ?? '', isError));
    vm.registerHostCallback('exit', (code) => this.#exit(code?.toNumber() ?? 0));
  }

  static async prepare(image: QuickJsImage, memoryBytes: number): Promise<GuestEngine> {
    const late: { engine: GuestEngine | null; memory: WebAssembly.Memory | null } = { engine: null, memory: null };
    const options: QuickJSOptions = {
      ...baseOptions(image.module),
      memoryLimit: memoryBytes,
      wasi: (memory) => {
        late.memory = memory;
        return {
          ...silentDescriptors,
          clock_time_get: clock(memory, () => late.engine?.now() ?? Date.now()),
        };
      },
      interruptHandler: () => late.engine !== null && late.engine.#mustStop(),
      onUnhandledRejection: (promise, reason, isHandled) => {
        if (late.engine !== null) late.engine.#noteRejection(promise, reason, isHandled);
      },
      moduleLoader: {
        normalize: (importer, specifier) => modulesOf(late.engine).normalize(importer, specifier),
        load: (path) => modulesOf(late.engine).load(path),
      },
    };
    const vm = await QuickJS.restore(image.snapshot, options);
    if (late.memory === null) throw new Error('the engine did not announce its memory');
    late.engine = new GuestEngine(vm, late.memory, image, memoryBytes);
    return late.engine;
  }

  /** Calls a function of the harness. */
  enter(name: ProgramEntry | SuiteEntry, ...args: JSValueHandle[]): JSValueHandle {
    const token = this.#entries[name];
    if (token === undefined) throw new Error(`this image has no entry ${name}`);
    return this.vm.callFunction(this.vm.importHandle(token), this.vm.undefined, ...args);
  }

  /** Runs jobs, and timers while the promise waits for them, until none is left; null when it is still pending then. */
  async settle(promise: JSValueHandle): Promise<Settled> {
    this.vm.executePendingJobs();
    while (promise.isPromise && promise.promiseState === 0 && this.#fireTimer()) this.vm.executePendingJobs();
    return promise.isPromise && promise.promiseState === 0 ? null : this.vm.resolvePromise(promise);
  }

  /** Runs jobs and timers until none is left. Answers what became of a promise that nobody looked after, if one failed. */
  drain(): Finding | null {
    this.vm.executePendingJobs();
    while (this.#unhandled.size === 0 && this.#fireTimer()) this.vm.executePendingJobs();
    const [reason] = this.#unhandled.values();
    return reason === undefined ? null : this.thrown(reason);
  }

  async measure(work: () => Promise<Finding>): Promise<Outcome> {
    this.#stopwatch = new Stopwatch(this.limits);
    this.#stop = null;
    this.#stdout = '';
    this.#stdoutBytes = 0;
    let finding: Finding;
    try {
      finding = await work();
    } catch (error) {
      finding = this.#broken(error);
    }
    // A limit stays a limit, also when learner code caught the interruption and answered something.
    if (this.#stop !== null) finding = this.#stopped(this.#stop);
    const isLimit = finding.kind === 'fault' && LIMITS.has(finding.verdict);
    return {
      ...finding,
      stdout: this.#stdout,
      cpuMs: round(this.#stopwatch.cpuMs()),
      wallMs: round(this.#stopwatch.wallMs()),
      memoryKb: Math.round(this.#memory.buffer.byteLength / 1024),
      rssKb: this.#rssKb,
      spent: isLimit || (this.#trap && this.#stop !== 'exited'),
    };
  }

  /** The time of day of the program, moved on by the time that its timers skipped. */
  now(): number {
    return (this.clockMs ?? Date.now()) + this.#virtualMs;
  }

  get isStopped(): boolean {
    return this.#stop !== null;
  }

  /** Nothing may run in this process any more. */
  condemn(): void {
    this.#trap = true;
  }

  thrown(error: JSValueHandle): Finding {
    return this.faultOf(this.readError(error), 'runtime_error');
  }

  readError(error: JSValueHandle): GuestError {
    return parseGuestError(this.enter('describeError', error).toString());
  }

  faultOf(error: GuestError, verdict: 'compile_error' | 'runtime_error'): Finding {
    if (isOutOfMemory(error)) return this.#outOfMemory();
    return { kind: 'fault', verdict, message: describeForLearner(error, this.files) };
  }

  #fireTimer(): boolean {
    if (this.#mustStop()) throw new Error('stopped between two timers');
    const due = this.enter('nextDue').toNumber();
    if (due < 0) return false;
    this.#virtualMs = due;
    this.enter('runTimer');
    return true;
  }

  #mustStop(): boolean {
    this.#stop ??= this.#stopwatch?.expired() ?? null;
    return this.#stop !== null;
  }

  #noteRejection(promise: JSValueHandle, reason: JSValueHandle, isHandled: boolean): void {
    if (isHandled) this.#unhandled.delete(promise.identity);
    else if (!this.keepsErrorOutput) this.#unhandled.set(promise.identity, reason.dup());
  }

  #print(text: string, isError: JSValueHandle | undefined): JSValueHandle {
    if (this.#stop === 'output_limit' || this.#stop === 'exited') return this.vm.undefined;
    const room = this.limits.outputBytes - this.#stdoutBytes;
    const bytes = Buffer.byteLength(text);
    this.#stdoutBytes += bytes;
    const kept = this.keepsErrorOutput || isError?.toBoolean() !== true;
    if (bytes > room) {
      if (kept) this.#stdout += Buffer.from(text).toString('utf8', 0, Math.max(0, room));
      this.#stop ??= 'output_limit';
    } else if (kept) this.#stdout += text;
    return this.vm.undefined;
  }

  #exit(code: number): never {
    this.#stop ??= 'exited';
    this.#exitCode = code;
    throw messageOnly('the program has ended');
  }

  #stopped(reason: StopReason | 'exited'): Finding {
    switch (reason) {
      case 'exited':
        return this.#exitCode === 0
          ? { kind: 'loaded' }
          : runtimeError(`the program ended with exit code ${this.#exitCode}`);
      case 'starved':
        return { kind: 'starved' };
      case 'time_limit':
        return { kind: 'fault', verdict: 'time_limit', message: 'time limit exceeded' };
      case 'output_limit': {
        const limitKb = Math.round(this.limits.outputBytes / 1024);
        return { kind: 'fault', verdict: 'output_limit', message: `printed more than ${limitKb} KB` };
      }
    }
  }

  #broken(error: unknown): Finding {
    try {
      if (error instanceof JSException && this.#stop === null) return this.thrown(error.handle);
    } catch (another) {
      return this.#trapped(another);
    }
    return this.#trapped(error);
  }

  /** The engine itself gave up: its native stack ran over, or there was no memory left to say anything. */
  #trapped(error: unknown): Finding {
    this.#trap = true;
    const message = error instanceof Error ? error.message : '';
    if (message.includes('Maximum call stack')) return runtimeError('RangeError: Maximum call stack size exceeded');
    if (error instanceof WebAssembly.RuntimeError) return runtimeError('the engine could not go on with this code');
    if (this.#stop !== null || /out of memory|wasm_malloc|null|bounds/.test(message)) return this.#outOfMemory();
    if (message.startsWith('Job execution error')) return runtimeError(message.replace('Job execution error: ', ''));
    throw error;
  }

  #outOfMemory(): Finding {
    const limitMb = Math.round(this.limits.memoryBytes / 1024 / 1024);
    return { kind: 'fault', verdict: 'memory_limit', message: `memory limit of ${limitMb} MB exceeded` };
  }
}

export function runtimeError(message: string): Finding {
  return { kind: 'fault', verdict: 'runtime_error', message };
}

function modulesOf(engine: GuestEngine | null): ModuleSource {
  const modules = engine?.modules ?? null;
  if (modules === null) throw messageOnly('no module is loaded before the session begins');
  return modules;
}

function clock(memory: WebAssembly.Memory, now: () => number) {
  return (_clock: number, _precision: bigint, resultPointer: number): number => {
    const nowNs = BigInt(Math.round(now())) * 1_000_000n;
    new DataView(memory.buffer).setBigUint64(resultPointer, nowNs, true);
    return 0;
  };
}

function round(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds * 10) / 10);
}
