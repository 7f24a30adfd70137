import type { Program } from '../../protocol.ts';
import { isTypeScript, toJavaScript, type Place, type Translated } from './typescript-source.ts';

/** How a source file wants to be run. */
export type ModuleStyle = 'module' | 'commonjs';

const EXTENSIONS = ['', '.js', '.ts', '.mjs', '.mts', '.cjs', '.cts', '.json', '/index.js', '/index.ts'];

/** At the start of a line; blanks that end lines are not looked over again from each of them. */
const MODULE_STATEMENT = /^[^\S\r\n\u2028\u2029]*(?:export\b|import\s*(?:["'{*]|[\w$]+\s*(?:,|\bfrom\b)))/m;

/**
 * Tells an ES module from CommonJS. A statement `import` or `export` decides; without one, `module.exports`, `exports.x` or
 * `require(…)` does; a file with none of them is a module that exports nothing.
 */
export function moduleStyle(source: string): ModuleStyle {
  if (MODULE_STATEMENT.test(source)) return 'module';
  return /\bmodule\s*\.\s*exports\b|\bexports\s*(?:\.\s*[\w$]+|\[)|\brequire\s*\(/.test(source) ? 'commonjs' : 'module';
}

/** Tells a script, which may use what strict mode forbids, from a module that awaits at its top level. */
export function scriptStyle(source: string): ModuleStyle {
  if (/^(?:for\s+)?await\b|^(?:const|let|var)\s[^=\n]*=\s*await\b/m.test(source)) return 'module';
  return MODULE_STATEMENT.test(source) ? 'module' : 'commonjs';
}

/** The files of one program by path, as JavaScript, and the rules of who may import what. */
export class ProgramFiles {
  readonly #contents: Map<string, string>;
  readonly #translated = new Map<string, Translated>();
  /** What was put before the code of a file, on its first line, to run it. */
  readonly #prefixes = new Map<string, number>();

  /** The file that nobody may import. */
  #reserved: string | null = null;

  constructor(program: Program) {
    this.#contents = new Map(program.files.map((file) => [file.path, file.content]));
  }

  /**
   * The path that `specifier` names inside the program, seen from the file `importer`.
   * @throws Error with a message for the learner when it names anything else.
   */
  resolve(importer: string, specifier: string): string {
    const path = /^\.\.?(?:\/|$)/.test(specifier) ? joinPath(importer, specifier) : null;
    const found =
      path === null ? undefined : candidates(path).find((name) => this.#contents.has(name) && name !== this.#reserved);
    if (found !== undefined) return found;
    throw messageOnly(
      path === null
        ? `cannot import '${specifier}': only the exercise's own files can be imported`
        : `cannot import '${specifier}': the exercise has no such file`,
    );
  }

  /**
   * A file as JavaScript; JSON stays what it is.
   * @throws Error when the program has no such file.
   * @throws TypeScriptSyntaxError, StripperBroke
   */
  code(path: string): string {
    const content = this.#contents.get(path);
    if (content === undefined) throw messageOnly(`the exercise has no file '${path}'`);
    if (!isTypeScript(path)) return content;
    const translated = this.#translated.get(path) ?? toJavaScript(content);
    this.#translated.set(path, translated);
    return translated.code;
  }

  /** Keeps a file from being imported: a suite is read by nobody. */
  reserve(path: string): void {
    this.#reserved = path;
  }

  style(path: string): ModuleStyle {
    if (/\.m[jt]s$/.test(path)) return 'module';
    return /\.c[jt]s$/.test(path) ? 'commonjs' : moduleStyle(this.code(path));
  }

  has(path: string): boolean {
    return this.#contents.has(path);
  }

  /** Notes that a file is run with `prefix` before its first line. */
  prefixed(path: string, prefix: string): string {
    this.#prefixes.set(path, prefix.length);
    return prefix;
  }

  /** The place in the file as its author wrote it. */
  originOf(path: string, { line, column }: Place): Place {
    const own = line === 1 ? Math.max(1, column - (this.#prefixes.get(path) ?? 0)) : column;
    return this.#translated.get(path)?.originOf({ line, column: own }) ?? { line, column: own };
  }
}

/** An error without a stack: the engine copies stacks into the guest, and the learner has no business with host paths. */
export function messageOnly(message: string): Error {
  const error = new Error(message);
  error.stack = '';
  return error;
}

/** Where a module may lie: TypeScript imports its neighbours by the name they have as JavaScript. */
function candidates(path: string): string[] {
  const typescript = /\.[mc]?js$/.test(path) ? [path.replace(/js$/, 'ts')] : [];
  return [path, ...typescript, ...EXTENSIONS.map((extension) => `${path}${extension}`)];
}

function joinPath(importer: string, specifier: string): string | null {
  const parts = importer.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}
