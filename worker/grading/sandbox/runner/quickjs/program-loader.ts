import { randomUUID } from 'node:crypto';
import { EvalFlags, JSException, type JSValueHandle } from 'quickjs-wasi';
import { runtimeError, type Finding, type GuestEngine } from './guest-engine.ts';
import { describeForLearner } from './learner-error.ts';
import { messageOnly, scriptStyle, type ModuleStyle, type ProgramFiles } from './modules.ts';
import { LEND } from './quickjs-image.ts';
import { StripperBroke, TypeScriptSyntaxError } from './typescript-source.ts';

const COMMONJS_PREFIX = '(function (exports, require, module) {';
const COMMONJS_SUFFIX = '\n})';
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const RESERVED = new Set([
  'default',
  'arguments',
  'eval',
  'await',
  'delete',
  'new',
  'class',
  'function',
  'import',
  'export',
]);

/** A module that is no file: what it exports, and who may import it. */
export type VirtualModule = { exports: JSValueHandle; allows: (importer: string) => boolean };

export type LoadOptions = {
  /** Put before the file's first line. */
  prefix?: string;
  suffix?: string;
  /** The file is the main one of a program, not a module that something else calls. */
  isMain?: boolean;
};

/** Loads files of a program into an engine: ES modules, CommonJS, each from the other, and modules that the host makes up. */
export class ProgramLoader {
  readonly #engine: GuestEngine;
  readonly #files: ProgramFiles;
  readonly #virtual = new Map<string, VirtualModule>();
  readonly #required = new Map<string, JSValueHandle>();
  /** What modules that the host makes up say to get their contents; learner code never sees it. */
  readonly #key = randomUUID();
  /** Modules made up that have not asked for their contents yet. */
  readonly #due = new Set<string>();
  /** Why a file could not be had, where an exception in the engine would say less. */
  #failure: Finding | null = null;
  /** The namespace of a module that was required, on its way here. */
  #received: JSValueHandle | null = null;
  /** A required module that threw while it was loaded. */
  #rejected: JSValueHandle | null = null;

  constructor(engine: GuestEngine, files: ProgramFiles) {
    this.#engine = engine;
    this.#files = files;
    engine.files = files;
    engine.modules = {
      normalize: (importer, specifier) => this.#resolve(importer, specifier),
      load: (path) => this.#load(path),
    };
    engine.vm.registerHostCallback('lend', (key, received) => this.#lend(key?.toString() ?? '', received));
  }

  /** Makes a module up. `name` is what importers call it. */
  provide(name: string, module: VirtualModule): void {
    this.#virtual.set(name, module);
  }

  style(path: string, isMain = false): ModuleStyle {
    return isMain && !/\.[mc][jt]s$/.test(path) ? scriptStyle(this.#files.code(path)) : this.#files.style(path);
  }

  /** As `style`; null when the file cannot be read, which running it will tell. */
  styleOrNull(path: string): ModuleStyle | null {
    try {
      return this.style(path);
    } catch {
      return null;
    }
  }

  /** Runs a file's top level. Answers its exports, or why it did not come to an end. */
  async run(path: string, options: LoadOptions = {}): Promise<{ exports: JSValueHandle } | Finding> {
    let style: ModuleStyle;
    let begun: JSValueHandle;
    try {
      style = this.#mainStyle(path, options);
      begun = style === 'module' ? this.#evaluateModule(path, options) : this.#wrap(path, options);
    } catch (error) {
      return this.#neverRan(error, path);
    }
    return style === 'module' ? this.#awaitModule(begun) : this.#runWrapper(begun, path, options.isMain === true);
  }

  /** As Node: a script that parses only as a module, because it awaits somewhere at its top level, is one. */
  #mainStyle(path: string, options: LoadOptions): ModuleStyle {
    const style = this.style(path, options.isMain);
    if (style === 'module' || options.isMain !== true || !/\bawait\b/.test(this.#files.code(path))) return style;
    try {
      this.#wrap(path, options);
      return style;
    } catch (error) {
      if (!(error instanceof JSException)) throw error;
      return 'module';
    }
  }

  #evaluateModule(path: string, { prefix = '' }: LoadOptions): JSValueHandle {
    const source = `${this.#files.prefixed(path, prefix)}${this.#files.code(path)}`;
    return this.#engine.vm.evalCode(source, path, EvalFlags.TYPE_MODULE);
  }

  async #awaitModule(evaluation: JSValueHandle): Promise<{ exports: JSValueHandle } | Finding> {
    const settled = await this.#engine.settle(evaluation);
    if (settled === null) return runtimeError('a top-level `await` never finishes');
    return 'error' in settled ? this.#engine.thrown(settled.error) : { exports: settled.value };
  }

  async #runWrapper(
    wrapper: JSValueHandle,
    path: string,
    isMain: boolean,
  ): Promise<{ exports: JSValueHandle } | Finding> {
    try {
      const exports = this.#callWrapper(wrapper, path, isMain);
      await this.#engine.settle(this.#engine.vm.undefined);
      return { exports };
    } catch (error) {
      if (!(error instanceof JSException) || this.#engine.isStopped) throw error;
      if (this.#rejected !== null) return await this.#awaitModule(this.#rejected);
      return this.#failure ?? this.#engine.thrown(error.handle);
    }
  }

  #wrap(path: string, { prefix = '', suffix = '' }: LoadOptions): JSValueHandle {
    const opening = this.#files.prefixed(path, `${COMMONJS_PREFIX}${prefix}`);
    return this.#engine.vm.evalCode(`${opening}${this.#files.code(path)}${suffix}${COMMONJS_SUFFIX}`, path);
  }

  #callWrapper(wrapper: JSValueHandle, path: string, isMain: boolean): JSValueHandle {
    const { vm } = this.#engine;
    const require = vm.newFunction(`require ${path}`, (specifier) => this.#require(path, specifier?.toString() ?? ''));
    return this.#engine.enter('runCommonJs', wrapper, require, isMain ? vm.true : vm.false);
  }

  #require(importer: string, specifier: string): JSValueHandle {
    const path = this.#resolve(importer, specifier);
    return this.#virtual.get(path)?.exports ?? this.#exportsOf(path);
  }

  #exportsOf(path: string): JSValueHandle {
    const cached = this.#required.get(path);
    if (cached !== undefined) return cached;
    // Until it has run, a module that is required again gets nothing: circular requires are not worth more here.
    this.#required.set(path, this.#engine.vm.undefined);
    const exported = this.#evaluate(path);
    this.#required.set(path, exported);
    return exported;
  }

  #evaluate(path: string): JSValueHandle {
    const code = this.#translated(path);
    if (path.endsWith('.json')) return this.#engine.vm.evalCode(`(${code})`, path);
    if (this.#files.style(path) === 'commonjs') return this.#callWrapper(this.#wrap(path, {}), path, false);
    return this.#requireModule(path);
  }

  /** An ES module for `require`: imported the usual way, so that it is the same module for everybody. */
  #requireModule(path: string): JSValueHandle {
    const { vm } = this.#engine;
    const receiver = `import * as m from ${JSON.stringify(path)}; ${LEND}('${this.#key}:', m);`;
    const evaluation = vm.evalCode(receiver, this.#key, EvalFlags.TYPE_MODULE);
    const received = this.#received;
    this.#received = null;
    if (received !== null) return received;
    if (evaluation.promiseState === 0) throw messageOnly(`cannot require '${path}': it awaits at its top level`);
    this.#rejected = evaluation;
    throw messageOnly(`cannot require '${path}': it fails while it is loaded`);
  }

  #resolve(importer: string, specifier: string): string {
    if (importer === this.#key) return specifier;
    const name = this.#virtual.has(specifier) ? specifier : specifier.replace(/^node:/, '');
    return this.#virtual.get(name)?.allows(importer) === true ? name : this.#files.resolve(importer, specifier);
  }

  /** The source of a module for the engine. */
  #load(path: string): string {
    if (this.#virtual.has(path)) return this.#stub(path, this.#virtual.get(path)?.exports);
    if (path.endsWith('.json')) return `export default ${this.#files.code(path).trim()};`;
    const code = this.#translated(path);
    return this.#files.style(path) === 'module' ? code : this.#stub(path, this.#runForImport(path));
  }

  #translated(path: string): string {
    try {
      return this.#files.code(path);
    } catch (error) {
      this.#failure = this.#untranslatable(error, path);
      throw messageOnly(error instanceof Error ? error.message : String(error));
    }
  }

  #runForImport(path: string): JSValueHandle {
    try {
      return this.#exportsOf(path);
    } catch (error) {
      if (error instanceof JSException && !this.#engine.isStopped) this.#failure ??= this.#engine.thrown(error.handle);
      throw error;
    }
  }

  /** An ES module that hands on what the host holds. */
  #stub(path: string, exports: JSValueHandle | undefined): string {
    this.#due.add(path);
    const isOpen = exports !== undefined && (exports.isObject || exports.isFunction) && !exports.isProxy;
    const names = (isOpen ? exports.keys() : []).filter((name) => IDENTIFIER.test(name) && !RESERVED.has(name));
    const members = names.map((name, index) => `const n${index} = m.${name}; export { n${index} as ${name} };`);
    return `const m = ${LEND}('${this.#key}:${path}'); export default m; ${members.join(' ')}`;
  }

  #lend(key: string, received: JSValueHandle | undefined): JSValueHandle {
    if (!key.startsWith(`${this.#key}:`)) return this.#engine.vm.undefined;
    const path = key.slice(this.#key.length + 1);
    // Each made-up module asks once; a key that leaked would be worth nothing.
    if (path !== '' && !this.#due.delete(path)) return this.#engine.vm.undefined;
    if (path === '') this.#received = received?.dup() ?? null;
    if (path === '') return this.#engine.vm.undefined;
    return this.#virtual.get(path)?.exports ?? this.#exportsOf(path);
  }

  /** Code that could not be parsed or linked. */
  #neverRan(error: unknown, path: string): Finding {
    if (this.#failure !== null && !this.#engine.isStopped) return this.#failure;
    if (error instanceof TypeScriptSyntaxError || error instanceof StripperBroke)
      return this.#untranslatable(error, path);
    if (!(error instanceof JSException) || this.#engine.isStopped) throw error;
    const guestError = this.#engine.readError(error.handle);
    const missing = /^Could not find export '(.*)' in module '(.*)'$/.exec(guestError.message);
    if (missing === null) return this.#engine.faultOf(guestError, 'compile_error');
    return {
      kind: 'fault',
      verdict: 'invalid_submission',
      message: `\`${missing[2]}\` does not export \`${missing[1]}\``,
    };
  }

  #untranslatable(error: unknown, path: string): Finding {
    if (error instanceof TypeScriptSyntaxError) {
      const { line, column } = error.place;
      const stack = `at ${path}:${line}:${column}`;
      // The place is that of the author's file already.
      const message = describeForLearner(
        { name: error.name, message: error.message, stack },
        { has: () => true, originOf: (_, place) => place },
      );
      return { kind: 'fault', verdict: 'compile_error', message };
    }
    if (!(error instanceof StripperBroke)) throw error;
    this.#engine.condemn();
    return { kind: 'fault', verdict: 'compile_error', message: `SyntaxError: ${error.message}` };
  }
}
