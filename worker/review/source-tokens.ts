import type { Language } from '../../shared/contracts/exercise.contract.ts';

/** What a piece of source is. `prose` is what no program does anything with: comments and docstrings. */
export type TokenKind = 'prose' | 'text' | 'pattern' | 'word' | 'number' | 'mark' | 'blank' | 'break';

/**
 * A piece of source as it stands; all of them together are the source. A text has its delimiters apart: of a text with code in it, a piece
 * may begin with the `}` and end with the `${` around that code.
 */
export type Token = { kind: TokenKind; text: string; head: string; tail: string };

/**
 * Cuts source into pieces. It never fails: broken code is cut into something, too. It is no parser, and no promise may rest on it being
 * right about what is code; what is sent to a model is decided piece by piece, whatever kind a piece is taken for.
 */
export function tokenize(code: string, language: Language): Token[] {
  return new Scanner(code, GRAMMARS[language]).run();
}

type Grammar = {
  prose: RegExp[];
  /** Whole texts. An unterminated one ends with its line where the language has it so, or else with the source. */
  text: RegExp[];
  /** The beginning of a text with code in it. */
  template: RegExp | null;
  hasPatterns: boolean;
  hasDocstrings: boolean;
};

const BLOCK_COMMENT = /\/\*[^]*?(?:\*\/|$)/y;

const OF_ECMASCRIPT: Grammar = {
  prose: [/\/\/[^\n\r]*/y, BLOCK_COMMENT, /^#![^\n\r]*/y],
  text: [/"(?:[^"\\\n\r]|\\(?:[^]|$))*(?:"|(?=[\n\r])|$)/y, /'(?:[^'\\\n\r]|\\(?:[^]|$))*(?:'|(?=[\n\r])|$)/y],
  template: /`/y,
  hasPatterns: true,
  hasDocstrings: false,
};

const GRAMMARS: Record<Language, Grammar> = {
  javascript: OF_ECMASCRIPT,
  typescript: OF_ECMASCRIPT,
  python: {
    prose: [/#[^\n\r]*/y],
    text: [
      /[rRbBuU]{0,2}"""(?:[^\\]|\\(?:[^]|$))*?(?:"""|$)/y,
      /[rRbBuU]{0,2}'''(?:[^\\]|\\(?:[^]|$))*?(?:'''|$)/y,
      /[rRbBuU]{0,2}"(?:[^"\\\n\r]|\\(?:[^]|$))*(?:"|(?=[\n\r])|$)/y,
      /[rRbBuU]{0,2}'(?:[^'\\\n\r]|\\(?:[^]|$))*(?:'|(?=[\n\r])|$)/y,
    ],
    template: /(?:[fFtT][rR]?|[rR][fFtT])(?:"""|'''|"|')/y,
    hasPatterns: false,
    hasDocstrings: true,
  },
  sql: {
    prose: [/--[^\n\r]*/y, BLOCK_COMMENT],
    text: [
      /[eE]'(?:[^'\\]|''|\\(?:[^]|$))*(?:'|$)/y,
      /[nNbBxX]?'(?:[^']|'')*(?:'|$)/y,
      /\$([A-Za-z_]{0,60})\$[^]*?(?:\$\1\$|$)/y,
    ],
    template: null,
    hasPatterns: false,
    hasDocstrings: false,
  },
};

const BREAK = /\r\n|\n|\r/y;
const BLANK = /[^\S\n\r]+/y;
const NUMBER = /(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[njJ]?/y;
const WORD = /(?:[\p{L}\p{Nl}_$]|\\u[\da-fA-F{])(?:[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$]|\\u[\da-fA-F{])*/uy;
/** Bounded, so that a line of nothing but beginnings of patterns is not searched over and over. */
const PATTERN = /\/(?:[^/\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r]){0,100}\]){1,200}\/[a-z]{0,8}/y;
const HEAD = /^[a-zA-Z]{0,2}(?:"""|'''|"|')|^\$[A-Za-z_]*\$/;

/** After one of these a `/` begins a pattern; after any other word it divides. */
const BEFORE_PATTERN = new Set('return typeof case in of delete void throw instanceof else do yield await'.split(' '));

/** A template that is being read: what ends it, what leads into code, and how many brackets stand open in that code. */
type OpenTemplate = { end: string; opening: string; depth: number };

class Scanner {
  readonly #code: string;
  readonly #grammar: Grammar;
  readonly #tokens: Token[] = [];
  readonly #templates: OpenTemplate[] = [];
  /** The newest pieces that were something, and that were no blank. */
  #lastCode: Token | undefined;
  #lastVisible: Token | undefined;
  #at = 0;

  constructor(code: string, grammar: Grammar) {
    this.#code = code;
    this.#grammar = grammar;
  }

  run(): Token[] {
    while (this.#at < this.#code.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    if (this.#isAtEndOfEmbeddedCode()) return this.#templateText('}');
    const { prose, template } = this.#grammar;
    if (this.#take('break', BREAK) || this.#take('blank', BLANK)) return;
    if (prose.some((pattern) => this.#take('prose', pattern))) return;
    const opening = template === null ? '' : this.#match(template);
    if (opening !== '') return this.#openTemplate(opening);
    if (this.#takeText() || (this.#mayBePattern() && this.#take('pattern', PATTERN))) return;
    if (this.#take('number', NUMBER) || this.#take('word', WORD)) return;
    this.#mark();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#code)?.[0] ?? '';
  }

  #take(kind: TokenKind, pattern: RegExp): boolean {
    const text = this.#match(pattern);
    if (text !== '') this.#push({ kind, text, head: '', tail: '' });
    return text !== '';
  }

  #push(token: Token): void {
    this.#tokens.push(token);
    this.#at += token.text.length;
    if (token.kind === 'blank') return;
    this.#lastVisible = token;
    if (token.kind !== 'break' && token.kind !== 'prose') this.#lastCode = token;
  }

  #takeText(): boolean {
    const text = this.#grammar.text.reduce((found, pattern) => found || this.#match(pattern), '');
    if (text === '') return false;
    const head = HEAD.exec(text)?.[0] ?? '';
    const quote = head.replace(/^[a-zA-Z]+/, '');
    const tail = text.length >= head.length + quote.length && text.endsWith(quote) ? quote : '';
    const isDocstring = this.#grammar.hasDocstrings && quote.length === 3 && this.#isAtStatement();
    this.#push({ kind: isDocstring ? 'prose' : 'text', text, head, tail });
    return true;
  }

  #isAtStatement(): boolean {
    const before = this.#lastVisible;
    return before === undefined || before.kind === 'break' || (before.kind === 'mark' && ':;'.includes(before.text));
  }

  #mayBePattern(): boolean {
    if (!this.#grammar.hasPatterns || this.#code[this.#at] !== '/') return false;
    const last = this.#lastCode;
    if (last === undefined) return true;
    if (last.kind === 'word') return BEFORE_PATTERN.has(last.text);
    return last.kind === 'mark' && !')]}'.includes(last.text);
  }

  #mark(): void {
    const text = String.fromCodePoint(this.#code.codePointAt(this.#at) ?? 0);
    const template = this.#templates.at(-1);
    if (template !== undefined && text === '{') template.depth += 1;
    if (template !== undefined && text === '}') template.depth -= 1;
    this.#push({ kind: 'mark', text, head: '', tail: '' });
  }

  #openTemplate(opening: string): void {
    const end = opening.replace(/^[a-zA-Z]+/, '');
    this.#templates.push({ end, opening: end === '`' ? '${' : '{', depth: 0 });
    this.#templateText(opening);
  }

  #isAtEndOfEmbeddedCode(): boolean {
    return this.#templates.at(-1)?.depth === 0 && this.#code[this.#at] === '}';
  }

  /** From a delimiter to the next one: the end of the template, or code inside it. */
  #templateText(head: string): void {
    const template = this.#templates.at(-1);
    if (template === undefined) return;
    const start = this.#at + head.length;
    const { at, tail } = this.#endOfTemplateText(start, template);
    this.#push({ kind: 'text', text: this.#code.slice(this.#at, at + tail.length), head, tail });
    if (tail !== template.opening) this.#templates.pop();
  }

  #endOfTemplateText(start: number, { end, opening }: OpenTemplate): { at: number; tail: string } {
    const endsWithLine = end.length === 1 && end !== '`';
    let at = start;
    while (at < this.#code.length) {
      if (this.#code.startsWith(end, at)) return { at, tail: end };
      if (opening === '{' && this.#code.startsWith('{{', at)) at += 2;
      else if (this.#code.startsWith(opening, at)) return { at, tail: opening };
      else if (endsWithLine && '\r\n'.includes(this.#code.charAt(at))) return { at, tail: '' };
      else at += this.#code[at] === '\\' ? 2 : 1;
    }
    return { at: this.#code.length, tail: '' };
  }
}
