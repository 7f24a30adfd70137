import type { Program } from '../protocol.ts';

/** How a source file wants to be run. */
export type ModuleStyle = 'module' | 'commonjs';

/**
 * Tells an ES module from CommonJS. A statement `import` or `export` decides; without one, `module.exports` or `exports.x` does;
 * a file with neither is a module that exports nothing.
 */
export function moduleStyle(source: string): ModuleStyle {
  if (/^\s*(?:export\b|import\s*(?:["'{*]|[\w$]+\s*(?:,|\bfrom\b)))/m.test(source)) return 'module';
  return /\bmodule\s*\.\s*exports\b|\bexports\s*(?:\.\s*[\w$]+|\[)/.test(source) ? 'commonjs' : 'module';
}

/** The files of one program by path, and the rules of who may import what. */
export class ProgramFiles {
  readonly #contents: Map<string, string>;

  constructor(program: Program) {
    this.#contents = new Map(program.files.map((file) => [file.path, file.content]));
  }

  /**
   * The path that `specifier` names inside the program, seen from the file `importer`.
   * @throws Error with a message for the learner when it names anything else.
   */
  resolve(importer: string, specifier: string): string {
    const path = /^\.\.?\//.test(specifier) ? joinPath(importer, specifier) : null;
    const found =
      path === null ? undefined : [path, `${path}.js`, `${path}.json`].find((name) => this.#contents.has(name));
    if (found !== undefined) return found;
    throw messageOnly(
      path === null
        ? `cannot import '${specifier}': only the exercise's own files can be imported`
        : `cannot import '${specifier}': the exercise has no such file`,
    );
  }

  /** @throws Error when the program has no such file. */
  content(path: string): string {
    const content = this.#contents.get(path);
    if (content === undefined) throw messageOnly(`the exercise has no file '${path}'`);
    return content;
  }

  /** A file's source as an ES module; JSON becomes its default export. */
  moduleSource(path: string): string {
    const content = this.content(path);
    return path.endsWith('.json') ? `export default ${content.trim()};` : content;
  }

  has(path: string): boolean {
    return this.#contents.has(path);
  }
}

/** An error without a stack: the engine copies stacks into the guest, and the learner has no business with host paths. */
export function messageOnly(message: string): Error {
  const error = new Error(message);
  error.stack = '';
  return error;
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
