import { EvalFlags, JSException, QuickJS, type JSValueHandle } from 'quickjs-wasi';
import type { EngineLimits } from '../limits.ts';
import type { Call, Fault, Outcome, Program } from '../protocol.ts';
import {
  describeForLearner,
  isOutOfMemory,
  parseGuestError,
  shiftFirstLine,
  type GuestError,
} from './learner-error.ts';
import { ProgramFiles, messageOnly, moduleStyle } from './modules.ts';
import { baseOptions, silentDescriptors, type QuickJsImage } from './quickjs-image.ts';
import { Stopwatch, type StopReason } from './stopwatch.ts';

const COMMONJS_PREFIX = '(function (exports, require, module) {';
const COMMONJS_SUFFIX = '\n})';

/** Faults after which the instance may be in any state. */
const LIMITS: ReadonlySet<Fault['verdict']> = new Set(['time_limit', 'memory_limit', 'output_limit']);

/** What happened, before it is measured. */
type Finding =
  | { kind: 'loaded' | 'starved' }
  | { kind: 'answer'; json: string }
  | { kind: 'not_json'; description: string }
  | { kind: 'fault'; verdict: Fault['verdict']; message: string };

/** One submission in one fresh engine instance. After a fault of `load` or any limit the session must not be used again. */
export class QuickJsSession {
  readonly memoryBytes: number;
  readonly #vm: QuickJS;
  readonly #memory: WebAssembly.Memory;
  readonly #entries: QuickJsImage['entries'];
  readonly #commonJsExports = new Map<string, JSValueHandle>();
  #files = new ProgramFiles({ entrypoint: '', files: [] });
  #limits: EngineLimits = { cpuMs: 0, wallMs: 0, memoryBytes: 0, outputBytes: 0 };
  #exports: JSValueHandle | null = null;
  #entrypoint = '';
  #stopwatch: Stopwatch | null = null;
  #stop: StopReason | null = null;
  #stdout = '';
  #stdoutBytes = 0;
  #trap = false;
  /** Read once a session: it is a slow call, and the peak of the sessions before is what matters. */
  readonly #rssKb = process.resourceUsage().maxRSS;

  private constructor(vm: QuickJS, memory: WebAssembly.Memory, image: QuickJsImage, memoryBytes: number) {
    this.#vm = vm;
    this.#memory = memory;
    this.#entries = image.entries;
    this.memoryBytes = memoryBytes;
    vm.registerHostCallback('print', (line) => this.#print(line?.toString() ?? ''));
  }

  /** A fresh instance, ready for any program that has this memory limit. */
  static async prepare(image: QuickJsImage, memoryBytes: number): Promise<QuickJsSession> {
    const late: { session: QuickJsSession | null; memory: WebAssembly.Memory | null } = { session: null, memory: null };
    const vm = await QuickJS.restore(image.snapshot, {
      ...baseOptions(image.module),
      memoryLimit: memoryBytes,
      wasi: (memory) => {
        late.memory = memory;
        return silentDescriptors;
      },
      interruptHandler: () => late.session !== null && late.session.#mustStop(),
      moduleLoader: {
        normalize: (importer, specifier) => born(late.session).#files.resolve(importer, specifier),
        load: (path) => born(late.session).#files.moduleSource(path),
      },
    });
    if (late.memory === null) throw new Error('the engine did not announce its memory');
    late.session = new QuickJsSession(vm, late.memory, image, memoryBytes);
    return late.session;
  }

  /** Runs the top level of the program's entrypoint. */
  load(program: Program, limits: EngineLimits): Promise<Outcome> {
    this.#limits = limits;
    this.#files = new ProgramFiles(program);
    this.#entrypoint = program.entrypoint;
    const source = this.#files.content(program.entrypoint);
    return this.#measure(() => (moduleStyle(source) === 'module' ? this.#loadModule(source) : this.#loadCommonJs()));
  }

  /** Calls one exported function and awaits its answer. */
  call(call: Call): Promise<Outcome> {
    return this.#measure(async () => {
      if (this.#exports === null) throw new Error('a call came before a program was loaded');
      const entry = this.#vm.importHandle(this.#entries.call);
      const name = this.#vm.newString(call.function);
      const args = this.#vm.newString(call.args);
      const promise = this.#vm.callFunction(entry, this.#vm.undefined, this.#exports, name, args);
      const settled = await this.#settle(promise);
      if (settled === null) return runtimeError(`\`${call.function}\` returned a promise that never settles`);
      if ('error' in settled) return this.#thrown(settled.error);
      return this.#readReply(settled.value.toString(), call.function);
    });
  }

  async #loadModule(source: string): Promise<Finding> {
    let evaluation: JSValueHandle;
    try {
      evaluation = this.#vm.evalCode(source, this.#entrypoint, EvalFlags.TYPE_MODULE);
    } catch (error) {
      return this.#neverRan(error);
    }
    const settled = await this.#settle(evaluation);
    if (settled === null) return runtimeError('a top-level `await` never finishes');
    if ('error' in settled) return this.#thrown(settled.error);
    this.#exports = settled.value;
    return { kind: 'loaded' };
  }

  async #loadCommonJs(): Promise<Finding> {
    let wrapper: JSValueHandle;
    try {
      wrapper = this.#wrapCommonJs(this.#entrypoint);
    } catch (error) {
      return this.#neverRan(error);
    }
    try {
      this.#exports = this.#runCommonJs(wrapper, this.#entrypoint);
    } catch (error) {
      if (error instanceof JSException && this.#stop === null) return this.#thrown(error.handle);
      throw error;
    }
    await this.#settle(this.#vm.undefined);
    return { kind: 'loaded' };
  }

  #wrapCommonJs(path: string): JSValueHandle {
    return this.#vm.evalCode(`${COMMONJS_PREFIX}${this.#files.content(path)}${COMMONJS_SUFFIX}`, path);
  }

  #runCommonJs(wrapper: JSValueHandle, path: string): JSValueHandle {
    const require = this.#vm.newFunction(`require ${path}`, (specifier) =>
      this.#require(path, specifier?.toString() ?? ''),
    );
    return this.#vm.callFunction(
      this.#vm.importHandle(this.#entries.runCommonJs),
      this.#vm.undefined,
      wrapper,
      require,
    );
  }

  #require(importer: string, specifier: string): JSValueHandle {
    const path = this.#files.resolve(importer, specifier);
    const cached = this.#commonJsExports.get(path);
    if (cached !== undefined) return cached;
    const source = this.#files.content(path);
    // Until it has run, a module that is required again gets nothing: circular requires are not worth more here.
    this.#commonJsExports.set(path, this.#vm.undefined);
    const exported = path.endsWith('.json')
      ? this.#vm.evalCode(`(${source})`, path)
      : this.#runCommonJs(this.#wrapCommonJs(path), path);
    this.#commonJsExports.set(path, exported);
    return exported;
  }

  /** Runs jobs until none is left; null when the promise is still pending then. */
  async #settle(promise: JSValueHandle): Promise<{ value: JSValueHandle } | { error: JSValueHandle } | null> {
    this.#vm.executePendingJobs();
    return promise.isPromise && promise.promiseState === 0 ? null : this.#vm.resolvePromise(promise);
  }

  async #measure(work: () => Promise<Finding>): Promise<Outcome> {
    this.#stopwatch = new Stopwatch(this.#limits);
    this.#stop = null;
    this.#stdout = '';
    this.#stdoutBytes = 0;
    let finding: Finding;
    try {
      finding = await work();
    } catch (error) {
      finding = this.#trapped(error);
    }
    // A limit stays a limit, also when learner code caught the interruption and answered something.
    if (this.#stop !== null) finding = this.#stopped(this.#stop);
    return {
      ...finding,
      stdout: this.#stdout,
      cpuMs: round(this.#stopwatch.cpuMs()),
      wallMs: round(this.#stopwatch.wallMs()),
      memoryKb: Math.round(this.#memory.buffer.byteLength / 1024),
      rssKb: this.#rssKb,
      spent: this.#trap || (finding.kind === 'fault' && LIMITS.has(finding.verdict)),
    };
  }

  #mustStop(): boolean {
    this.#stop ??= this.#stopwatch?.expired() ?? null;
    return this.#stop !== null;
  }

  #print(line: string): JSValueHandle {
    if (this.#stop === 'output_limit') return this.#vm.undefined;
    const room = this.#limits.outputBytes - this.#stdoutBytes;
    const bytes = Buffer.byteLength(line) + 1;
    this.#stdoutBytes += bytes;
    if (bytes <= room) this.#stdout += `${line}\n`;
    else {
      this.#stdout += Buffer.from(line).toString('utf8', 0, Math.max(0, room));
      this.#stop ??= 'output_limit';
    }
    return this.#vm.undefined;
  }

  #stopped(reason: StopReason): Finding {
    if (reason === 'starved') return { kind: 'starved' };
    if (reason === 'time_limit') return { kind: 'fault', verdict: 'time_limit', message: 'time limit exceeded' };
    const limitKb = Math.round(this.#limits.outputBytes / 1024);
    return { kind: 'fault', verdict: 'output_limit', message: `printed more than ${limitKb} KB` };
  }

  /** Reads the `tag:payload` that the harness answers. */
  #readReply(reply: string, functionName: string): Finding {
    const colon = reply.indexOf(':');
    const payload = reply.slice(colon + 1);
    switch (reply.slice(0, colon)) {
      case 'answer':
        return { kind: 'answer', json: payload };
      case 'not_json':
        return { kind: 'not_json', description: payload };
      case 'too_large':
        return { kind: 'fault', verdict: 'output_limit', message: 'the returned value is larger than 1 MB of JSON' };
      case 'missing':
        return this.#missing(functionName, payload);
      case 'error':
        return this.#faultOf(parseGuestError(payload), 'runtime_error');
      default:
        throw new Error('the guest harness answered something unknown');
    }
  }

  #missing(functionName: string, exported: string): Finding {
    const offer = exported === '' ? 'it exports nothing' : `it exports: ${exported}`;
    const message = `\`${this.#entrypoint}\` does not export a function named \`${functionName}\`; ${offer}`;
    return { kind: 'fault', verdict: 'invalid_submission', message };
  }

  /** Code that could not be parsed or linked. */
  #neverRan(error: unknown): Finding {
    if (!(error instanceof JSException) || this.#stop !== null) throw error;
    return this.#faultOf(this.#readError(error.handle), 'compile_error');
  }

  #thrown(error: JSValueHandle): Finding {
    return this.#faultOf(this.#readError(error), 'runtime_error');
  }

  #readError(error: JSValueHandle): GuestError {
    const describe = this.#vm.importHandle(this.#entries.describeError);
    const reply = this.#vm.callFunction(describe, this.#vm.undefined, error).toString();
    return parseGuestError(reply.slice(reply.indexOf(':') + 1));
  }

  #faultOf(error: GuestError, verdict: 'compile_error' | 'runtime_error'): Finding {
    if (isOutOfMemory(error)) return this.#outOfMemory();
    const isCommonJs = moduleStyle(this.#files.content(this.#entrypoint)) === 'commonjs';
    const stack = isCommonJs ? shiftFirstLine(error.stack, this.#entrypoint, COMMONJS_PREFIX.length) : error.stack;
    const message = describeForLearner({ ...error, stack }, (path) => this.#files.has(path));
    return { kind: 'fault', verdict, message };
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
    const limitMb = Math.round(this.#limits.memoryBytes / 1024 / 1024);
    return { kind: 'fault', verdict: 'memory_limit', message: `memory limit of ${limitMb} MB exceeded` };
  }
}

function born(session: QuickJsSession | null): QuickJsSession {
  if (session === null) throw messageOnly('no module is loaded before the session begins');
  return session;
}

function runtimeError(message: string): Finding {
  return { kind: 'fault', verdict: 'runtime_error', message };
}

function round(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds * 10) / 10);
}
