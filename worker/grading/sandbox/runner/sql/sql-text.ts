export type Dialect = 'sqlite' | 'postgres';

/** The learner's file. */
export type Script = { entrypoint: string; script: string };

/** One statement of a script, without the white space and comments before it. Offsets are those of the script, in UTF-16 units. */
export type Statement = { text: string; start: number; end: number };

export type Token = {
  kind: 'word' | 'semicolon' | 'open' | 'close' | 'other';
  text: string;
  start: number;
  end: number;
};

const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[\p{L}_][\p{L}\p{M}\p{N}_$]*/uy;
const NUMBER = /\d[\p{L}\p{N}_.]*/uy;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/** The tokens of a script: only as finely as it takes to find where statements begin and end. Linear in the length of the script. */
export function* tokensOf(script: string, dialect: Dialect): Generator<Token> {
  let at = 0;
  while (at < script.length) {
    const skipped = endOfSpace(script, at, dialect);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const { kind, end } = tokenAt(script, at, dialect);
    yield { kind, text: script.slice(at, end), start: at, end };
    at = end;
  }
}

/** Splits a script into its statements, as the command line tools of the two databases do. Empty ones are left out. */
export function splitStatements(script: string, dialect: Dialect): Statement[] {
  const statements: Statement[] = [];
  let tokens: Token[] = [];
  let depth = 0;
  const finish = () => {
    const [first, last] = [tokens[0], tokens.at(-1)];
    if (first && last) {
      statements.push({ text: script.slice(first.start, last.end), start: first.start, end: last.end });
    }
    tokens = [];
    depth = 0;
  };
  for (const token of tokensOf(script, dialect)) {
    if (token.kind === 'semicolon' && depth <= 0 && !isInsideBody(tokens, dialect)) {
      finish();
      continue;
    }
    tokens.push(token);
    if (dialect === 'postgres') depth += depthChange(token, tokens);
  }
  finish();
  return statements;
}

/** A place in a file, as editors count it. */
export function placeIn(script: string, offset: number): { line: number; column: number } {
  const before = script.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

function endOfSpace(script: string, at: number, dialect: Dialect): number {
  return matchEnd(SPACE, script, at) ?? matchEnd(LINE_COMMENT, script, at) ?? endOfComment(script, at, dialect);
}

/** PostgreSQL's block comments nest, SQLite's do not. One that never ends goes to the end of the script. */
function endOfComment(script: string, at: number, dialect: Dialect): number {
  if (!script.startsWith('/*', at)) return at;
  const marks = dialect === 'postgres' ? /\/\*|\*\//g : /\*\//g;
  marks.lastIndex = at + 2;
  let depth = 1;
  for (let mark = marks.exec(script); mark !== null; mark = marks.exec(script)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return script.length;
}

function tokenAt(script: string, at: number, dialect: Dialect): { kind: Token['kind']; end: number } {
  const character = script[at] ?? '';
  if (character === ';') return { kind: 'semicolon', end: at + 1 };
  if (character === '(') return { kind: 'open', end: at + 1 };
  if (character === ')') return { kind: 'close', end: at + 1 };
  if (character === "'" || character === '"') return { kind: 'other', end: endOfQuoted(script, at, character) };
  if (dialect === 'sqlite' && character === '`') return { kind: 'other', end: endOfQuoted(script, at, '`') };
  if (dialect === 'sqlite' && character === '[') return { kind: 'other', end: endAfter(script, ']', at + 1) };
  if (dialect === 'postgres' && character === '$') return { kind: 'other', end: endOfDollarQuoted(script, at) };
  const word = matchEnd(WORD, script, at);
  if (word === null) return { kind: 'other', end: matchEnd(NUMBER, script, at) ?? at + 1 };
  const isEscapeString = dialect === 'postgres' && word === at + 1 && /e/i.test(character) && script[word] === "'";
  return isEscapeString ? { kind: 'other', end: endOfEscaped(script, word) } : { kind: 'word', end: word };
}

/** A quote inside is doubled; to find the end it is enough to take the two for two strings. */
function endOfQuoted(script: string, at: number, quote: string): number {
  return endAfter(script, quote, at + 1);
}

function endOfEscaped(script: string, at: number): number {
  for (let next = at + 1; next < script.length; next++) {
    if (script[next] === '\\') next++;
    else if (script[next] === "'") return next + 1;
  }
  return script.length;
}

function endOfDollarQuoted(script: string, at: number): number {
  const tagEnd = matchEnd(DOLLAR_TAG, script, at);
  return tagEnd === null ? at + 1 : endAfter(script, script.slice(at, tagEnd), tagEnd);
}

function endAfter(script: string, mark: string, from: number): number {
  const found = script.indexOf(mark, from);
  return found < 0 ? script.length : found + mark.length;
}

function matchEnd(pattern: RegExp, script: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(script) ? pattern.lastIndex : null;
}

/** Whether a semicolon after these tokens belongs to the body of a trigger, which only `; END` closes. */
function isInsideBody(tokens: Token[], dialect: Dialect): boolean {
  if (dialect !== 'sqlite' || !startsWith(tokens, ['CREATE'])) return false;
  const isTrigger = startsWith(tokens, ['CREATE', 'TRIGGER']) || /^TEMP(ORARY)?$/i.test(tokens[1]?.text ?? '');
  if (!isTrigger || !tokens.slice(1, 3).some((token) => isWord(token, 'TRIGGER'))) return false;
  return !(isWord(tokens.at(-1), 'END') && tokens.at(-2)?.kind === 'semicolon');
}

/** Semicolons inside of parentheses (rules) and of `BEGIN ATOMIC … END` (functions) do not end a statement of PostgreSQL. */
function depthChange(token: Token, tokens: Token[]): number {
  if (token.kind === 'open') return 1;
  if (token.kind === 'close') return -1;
  if (token.kind !== 'word' || !startsWith(tokens, ['CREATE'])) return 0;
  if (isWord(token, 'ATOMIC') && isWord(tokens.at(-2), 'BEGIN')) return 1;
  const inAtomic = tokens.some((one, index) => isWord(one, 'ATOMIC') && isWord(tokens[index - 1], 'BEGIN'));
  if (!inAtomic) return 0;
  if (isWord(token, 'CASE')) return 1;
  return isWord(token, 'END') ? -1 : 0;
}

function startsWith(tokens: Token[], words: string[]): boolean {
  return words.every((word, index) => isWord(tokens[index], word));
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}
