import { AppError } from '../../shared/errors.ts';

/** Deeper than anything that our contracts describe; what walks through a value afterwards may be recursive. */
export const MAX_JSON_DEPTH = 32;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** An object or a list that is being walked through. */
interface Level {
  /** The names seen so far; null in a list. */
  readonly names: Set<string> | null;
  /** Where in it we are. */
  place: string | number;
}

interface StructureProblem {
  readonly error: AppError;
  /** Whether the text was given up at this point. */
  readonly isFinal: boolean;
}

/**
 * Finds what JSON must not be made of here: too deep nesting, more than `maxValues` (numbers, texts, lists and so on), a name that is given
 * twice (readers disagree on which one counts) and the names that prototype pollution is made of, however they are escaped. Takes one walk
 * without recursion; text that is no JSON is walked through as well and may yield anything. Null: nothing found.
 */
export function judgeJson(text: string, maxValues: number): StructureProblem | null {
  const levels: Level[] = [];
  let values = 1;
  let isNameNext = false;
  let found: StructureProblem | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const level = levels.at(-1);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isNameNext && level !== undefined) {
        found ??= judgeName(nameOf(text.slice(at, end + 1)), level, levels);
        isNameNext = false;
      }
      at = end;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (levels.length === MAX_JSON_DEPTH) return tooDeep(levels);
      levels.push(code === OPEN_BRACE ? { names: new Set(), place: '' } : { names: null, place: 0 });
      isNameNext = code === OPEN_BRACE;
      values += 1;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      levels.pop();
      isNameNext = false;
    } else if (code === COMMA && level !== undefined) {
      if (typeof level.place === 'number') level.place += 1;
      isNameNext = level.names !== null;
      values += 1;
    }
    if (values > maxValues) return tooMany(maxValues);
  }
  return found;
}

/** The place of the quote that ends the string which starts at `start`; the end of the text when none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function nameOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

function judgeName(name: string, level: Level, levels: readonly Level[]): StructureProblem | null {
  level.place = name;
  if (name === '__proto__' || (name === 'prototype' && levels.at(-2)?.place === 'constructor')) {
    return problem('The body has a name that is not allowed; see errors.', levels, 'is not allowed as a name');
  }
  if (level.names?.has(name)) return problem('The body gives a name twice; see errors.', levels, 'is given twice');
  level.names?.add(name);
  return null;
}

function problem(detail: string, levels: readonly Level[], message: string): StructureProblem {
  const path = levels.map(({ place }) => String(place)).join('.');
  const clipped = path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
  return { error: new AppError('VALIDATION_FAILED', detail, { errors: [{ path: clipped, message }] }), isFinal: false };
}

const MAX_PATH_LENGTH = 200;

const tooDeep = (levels: readonly Level[]): StructureProblem => ({
  ...problem('The body is nested too deeply; see errors.', levels, `is nested deeper than ${MAX_JSON_DEPTH} levels`),
  isFinal: true,
});

const tooMany = (maxValues: number): StructureProblem => ({
  error: new AppError('PAYLOAD_TOO_LARGE', `The body holds more than ${maxValues} values.`),
  isFinal: true,
});
