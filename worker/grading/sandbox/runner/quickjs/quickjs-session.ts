import type { JSValueHandle } from 'quickjs-wasi';
import type { EngineLimits } from '../../limits.ts';
import type { Call, Outcome, Program, SuiteCase, SuiteFile } from '../../protocol.ts';
import { GuestEngine, runtimeError, type Finding } from './guest-engine.ts';
import { parseGuestError, withFrames } from './learner-error.ts';
import { ProgramFiles } from './modules.ts';
import { ProgramLoader } from './program-loader.ts';
import { globalsPrefix, SUITE_MODULES } from './suite-globals.ts';
import type { QuickJsImage } from './quickjs-image.ts';

/** The parent takes no more, see `protocol.ts`. */
const MAX_CASES = 2000;

/** One program in one fresh engine instance. After a fault of loading or any limit the session must not be used again. */
export class QuickJsSession {
  readonly #engine: GuestEngine;
  #exports: JSValueHandle | null = null;
  #entrypoint = '';
  #files = new ProgramFiles({ entrypoint: '', files: [] });

  private constructor(engine: GuestEngine) {
    this.#engine = engine;
  }

  /** A fresh instance, ready for any program that has this memory limit. */
  static async prepare(image: QuickJsImage, memoryBytes: number): Promise<QuickJsSession> {
    return new QuickJsSession(await GuestEngine.prepare(image, memoryBytes));
  }

  /** Stops the program's clock at a moment, in milliseconds since the epoch; null lets it run. */
  set clockMs(moment: number | null) {
    this.#engine.clockMs = moment;
  }

  /** Runs the top level of the program's entrypoint, whose functions are called later. */
  load(program: Program, limits: EngineLimits): Promise<Outcome> {
    const loader = this.#begin(program, limits);
    return this.#engine.measure(async () => {
      const loaded = await loader.run(program.entrypoint);
      if ('kind' in loaded) return loaded;
      this.#exports = loaded.exports;
      return { kind: 'loaded' };
    });
  }

  /** Runs the whole program with something to read. What it prints is the outcome's `stdout`; what it prints as errors is dropped. */
  runMain(program: Program, stdin: string, limits: EngineLimits): Promise<Outcome> {
    const engine = this.#engine;
    engine.keepsErrorOutput = false;
    const loader = this.#begin(program, limits);
    return engine.measure(async () => {
      const modules = engine.enter('openStdio', engine.vm.newString(stdin));
      for (const name of modules.keys()) loader.provide(name, { exports: modules.getProp(name), allows: () => true });
      const loaded = await loader.run(program.entrypoint, { isMain: true });
      if ('kind' in loaded) return loaded;
      return engine.drain() ?? { kind: 'loaded' };
    });
  }

  /** Loads a suite, which imports the program, and answers its cases. */
  loadSuite(program: Program, suite: SuiteFile, limits: EngineLimits): Promise<Outcome> {
    const engine = this.#engine;
    const files = [...program.files, { path: suite.path, content: suite.content }];
    const loader = this.#begin({ ...program, files }, limits);
    this.#files.reserve(suite.path);
    return engine.measure(async () => {
      const exports = engine.enter('begin');
      const allows = (importer: string) => importer !== program.entrypoint && this.#files.has(importer);
      for (const name of SUITE_MODULES) loader.provide(name, { exports, allows });
      const style = loader.styleOrNull(suite.path);
      const loaded = await loader.run(
        suite.path,
        style === null ? {} : globalsPrefix(this.#files.code(suite.path), style),
      );
      if ('kind' in loaded) return loaded;
      const runSkipped = suite.runSkipped ? engine.vm.true : engine.vm.false;
      const cases = JSON.parse(engine.enter('collect', runSkipped).toString()) as SuiteCase[];
      if (cases.length > MAX_CASES) return runtimeError(`\`${suite.path}\` defines more than ${MAX_CASES} tests`);
      return cases.length === 0 ? runtimeError(`\`${suite.path}\` defines no test`) : { kind: 'collected', cases };
    });
  }

  /** Calls one exported function and awaits its answer. */
  call(call: Call): Promise<Outcome> {
    const engine = this.#engine;
    return engine.measure(async () => {
      if (this.#exports === null) throw new Error('a call came before a program was loaded');
      const name = engine.vm.newString(call.function);
      const args = engine.vm.newString(call.args);
      const settled = await engine.settle(engine.enter('call', this.#exports, name, args));
      if (settled === null) return runtimeError(`\`${call.function}\` returned a promise that never settles`);
      if ('error' in settled) return engine.thrown(settled.error);
      return this.#readReply(settled.value.toString(), call.function);
    });
  }

  /** Runs one of the cases that are run, counted from 0. */
  runCase(index: number): Promise<Outcome> {
    const engine = this.#engine;
    return engine.measure(async () => {
      const settled = await engine.settle(engine.enter('runCase', engine.vm.newNumber(index)));
      if (settled === null) return runtimeError('the test waits for something that never comes');
      if ('error' in settled) return engine.thrown(settled.error);
      return this.#readReply(settled.value.toString(), '');
    });
  }

  #begin(program: Program, limits: EngineLimits): ProgramLoader {
    this.#engine.limits = limits;
    this.#entrypoint = program.entrypoint;
    this.#files = new ProgramFiles(program);
    return new ProgramLoader(this.#engine, this.#files);
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
        return this.#engine.faultOf(parseGuestError(payload), 'runtime_error');
      case 'passed':
        return { kind: 'passed' };
      case 'failed': {
        const { message, stack } = parseGuestError(payload);
        return { kind: 'failed', message: withFrames(message, stack, this.#files) };
      }
      default:
        throw new Error('the guest harness answered something unknown');
    }
  }

  #missing(functionName: string, exported: string): Finding {
    const offer = exported === '' ? 'it exports nothing' : `it exports: ${exported}`;
    const message = `\`${this.#entrypoint}\` does not export a function named \`${functionName}\`; ${offer}`;
    return { kind: 'fault', verdict: 'invalid_submission', message };
  }
}
