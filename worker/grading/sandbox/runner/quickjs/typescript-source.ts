import { SourceMap, stripTypeScriptTypes, type SourceMapPayload } from 'node:module';

/** A place in a file; both numbers count from 1. */
export type Place = { line: number; column: number };

/** JavaScript made of a file, and where its places come from. */
export type Translated = { code: string; originOf: (place: Place) => Place };

/** The learner's TypeScript cannot be parsed. */
export class TypeScriptSyntaxError extends Error {
  override name = 'SyntaxError';
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

/** The stripper itself broke over a source. It is WebAssembly: after one trap it traps over everything, so its process must go. */
export class StripperBroke extends Error {
  override name = 'StripperBroke';
}

const UNSUPPORTED = 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';
const SOURCE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

export function isTypeScript(path: string): boolean {
  return /\.[mc]?ts$/.test(path);
}

/**
 * Takes the types out of a source, without checking them. Where blanks can stand for them, every place stays what it was; enums,
 * namespaces and parameter properties need new code, and with it a map back.
 * @throws TypeScriptSyntaxError, StripperBroke
 */
export function toJavaScript(source: string): Translated {
  const types = exportedTypeNames(source);
  // A type that is imported without the word `type` is left in the import, so something of its name must be exported.
  const placeholders =
    types.length === 0 ? '' : `;export const ${types.map((name) => `${name} = undefined`).join(', ')};`;
  const { code, originOf } = withoutTypes(source);
  return { code: `${code}${placeholders}`, originOf };
}

/** The source with its types taken out, and nothing added. @throws TypeScriptSyntaxError, StripperBroke */
export function withoutTypes(source: string): Translated {
  try {
    return { code: stripTypeScriptTypes(source), originOf: (place) => place };
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNSUPPORTED) throw understood(error);
  }
  try {
    return withMap(stripTypeScriptTypes(source, { mode: 'transform', sourceMap: true }));
  } catch (error) {
    throw understood(error);
  }
}

function withMap(output: string): Translated {
  const encoded = SOURCE_MAP.exec(output)?.[1];
  if (encoded === undefined) return { code: output, originOf: (place) => place };
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as SourceMapPayload);
  return {
    code: output.replace(SOURCE_MAP, ''),
    originOf: (place) => {
      const origin = map.findOrigin(place.line, place.column);
      return 'lineNumber' in origin ? { line: origin.lineNumber, column: origin.columnNumber } : place;
    },
  };
}

/** Node tells the place only in the stack: `:LINE`, the source lines around it, and carets below the place. */
function understood(error: unknown): Error {
  const { code, message, stack } = error as { code?: unknown; message: string; stack?: string };
  if (code !== UNSUPPORTED && code !== 'ERR_INVALID_TYPESCRIPT_SYNTAX') {
    return new StripperBroke('the TypeScript in it cannot be read', { cause: error });
  }
  const [head = '', ...excerpt] = (stack ?? '').split('\n');
  const line = Number(/:(\d+)$/.exec(head)?.[1] ?? 1);
  const carets = excerpt.find((text) => /^\s*\^+\s*$/.test(text)) ?? '^';
  return new TypeScriptSyntaxError(message, { line, column: carets.indexOf('^') + 1 });
}

/** Names that a file exports as types and declares as nothing else. */
function exportedTypeNames(source: string): string[] {
  const declared = (pattern: RegExp) => [...source.matchAll(pattern)].map((match) => match[1] ?? '');
  const types = declared(/^export\s+(?:declare\s+)?(?:interface|type)\s+([A-Za-z_$][\w$]*)\s*(?:[<={]|extends\b)/gm);
  const values = new Set(
    declared(
      /^(?:export\s+)?(?:default\s+)?(?:abstract\s+|async\s+|const\s+)?(?:class|function\*?|const|let|var|enum|namespace)\s+([A-Za-z_$][\w$]*)/gm,
    ),
  );
  return [...new Set(types)].filter((name) => !values.has(name));
}
