import type { Language } from '../../shared/contracts/exercise.contract.ts';
import type { TestResult } from '../../shared/contracts/grade.contract.ts';
import { KNOWN_TEXTS, isKnownWord } from './known-words.ts';
import { linesOf, visibleSource } from './sanitise.ts';
import { tokenize, type Token } from './source-tokens.ts';
import type { ReviewSubject } from './subject.ts';

/**
 * A learner's code as a model gets to see it: all of its structure, and none of its prose. Comments and docstrings are gone. A name, a text
 * or a pattern stays if it is one of the language, of common use, or of the exercise's own code; every other is replaced by `name1`, `text1`,
 * `pattern1`, the same one always by the same. Lines stay where they were.
 *
 * What a learner writes to whoever reads the code can therefore not reach the model: two programs that differ in such words only have the
 * same copy, and get the same review. Nor can a name, an address or a secret leave with it.
 */
export type NeutralCopy = {
  lines: string[];
  /** What the replaced names stand for, to be put back into what is shown to the learner. */
  names: ReadonlyMap<string, string>;
};

export function neutralCopy(subject: ReviewSubject): NeutralCopy {
  const { language, code } = subject;
  const known = knownFromExercise(subject);
  const replacements = new Replacements(known.words);
  const tokens = tokenize(visibleSource(code), language);
  const copy = tokens.map((token) => copyOf(token, known, replacements, language)).join('');
  return {
    lines: linesOf(withoutLongLists(copy).replaceAll(/\?{3,}/g, '?')).map((line) => clippedLine(line)),
    names: replacements.originals('name'),
  };
}

/** Texts and names that are the exercise's, so that no learner has said them. */
type Known = { words: ReadonlySet<string>; code: string };

/** What stands in code in an exercise, and in its visible tests: prose may hold any word there is, and is not taken. */
function knownFromExercise({ language, exercise, grade }: ReviewSubject): Known {
  const blocks = exercise.description.match(/```[^\n]*\n[^]*?```/g) ?? [];
  const spans = exercise.description.replaceAll(/```[^]*?```/g, ' ').match(/`[^`\n]+`/g) ?? [];
  const sources = [exercise.starterCode, ...blocks.map((block) => block.replace(/^[^\n]*\n/, '').slice(0, -3))];
  const code = [
    ...sources.map((source) => withoutProse(source, language)),
    ...spans.map((span) => span.slice(1, -1)),
    ...authoredTests(grade).map(({ input, expected }) => textOf(input) + '\n' + textOf(expected)),
  ].join('\n');
  const words = code.match(/[A-Za-z_$][\w$]*/g) ?? [];
  return { words: new Set(words.filter((word) => word.length <= LONGEST_NAME)), code };
}

/**
 * The visible tests whose name, input and answer are as their author wrote them. The cases of a suite have neither input nor answer, and
 * their names come from where the learner's code runs.
 */
export function authoredTests(grade: ReviewSubject['grade']): TestResult[] {
  return grade.tests.filter(({ visibility, input }) => visibility === 'always' && input !== undefined);
}

function textOf(value: TestResult['input']): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

function withoutProse(source: string, language: Language): string {
  return tokenize(source, language)
    .map(({ kind, text }) => (kind === 'prose' ? ' ' : text))
    .join('');
}

const LONGEST_NAME = 40;
const LONGEST_TEXT = 80;
const LONGEST_PLAIN_NUMBER = 7;
const LONGEST_LINE = 240;
const DEEPEST_INDENTATION = 40;

type Replaced = 'name' | 'text' | 'pattern';

/** Hands out one replacement for each name, text or pattern, in order of appearance. */
class Replacements {
  readonly #taken: ReadonlySet<string>;
  readonly #given: Record<Replaced, Map<string, string>> = { name: new Map(), text: new Map(), pattern: new Map() };
  readonly #numbers: Record<Replaced, number> = { name: 0, text: 0, pattern: 0 };

  /** @param taken what no replacement may look like. */
  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  of(kind: Replaced, original: string): string {
    const known = this.#given[kind].get(original);
    if (known !== undefined) return known;
    do this.#numbers[kind] += 1;
    while (this.#taken.has(`${kind}${this.#numbers[kind]}`));
    const replacement = `${kind}${this.#numbers[kind]}`;
    this.#given[kind].set(original, replacement);
    return replacement;
  }

  originals(kind: Replaced): ReadonlyMap<string, string> {
    return new Map([...this.#given[kind]].map(([original, replacement]) => [replacement, original]));
  }
}

function copyOf(token: Token, known: Known, replacements: Replacements, language: Language): string {
  const { kind, text } = token;
  switch (kind) {
    case 'prose':
      return breaksIn(text);
    case 'text':
      return copyOfText(token, known, replacements);
    case 'pattern':
      return isHarmlessPattern(text, known) ? text : `/${replacements.of('pattern', text)}/`;
    case 'word':
      return isKnownWord(text, language) || known.words.has(text) ? text : replacements.of('name', text);
    case 'number':
      return text.length <= LONGEST_PLAIN_NUMBER || isWithin(text, known.code) ? text : '1000000';
    case 'mark':
      return /^[\u0021-\u007e]$/.test(text) ? text : '?';
    case 'blank':
      return text.replaceAll('\t', '    ');
    case 'break':
      return '\n';
  }
}

/** Only the breaks of a piece, so that what follows keeps its line. */
function breaksIn(text: string): string {
  return '\n'.repeat(linesOf(text).length - 1);
}

function copyOfText({ text, head, tail }: Token, known: Known, replacements: Replacements): string {
  const content = text.slice(head.length, text.length - tail.length);
  const begin = head.endsWith('$') ? "'" : head.slice(/^[a-zA-Z]*/.exec(head)?.[0].length);
  const end = tail.endsWith('$') ? "'" : tail;
  const isSaid = !isHarmlessText(content, known);
  return `${begin}${isSaid ? replacements.of('text', content) : content}${end}${isSaid ? breaksIn(content) : ''}`;
}

/** Nothing that could be said with it was the learner's to say: no letters to speak of, or the exercise's own text. */
function isHarmlessText(content: string, known: Known): boolean {
  if (KNOWN_TEXTS.has(content)) return true;
  if (/^[\u0020-\u0040[-`{-~]{0,6}$/.test(content) || /^(?:\\[nrt0]|[ ,;:.|/-]){1,4}$/.test(content)) return true;
  const said = content.trim();
  return said.length <= LONGEST_TEXT && !/[\n\r]/.test(content) && isWithin(said, known.code);
}

/** Whether it stands in a text, and not as a part of longer words. */
function isWithin(part: string, text: string): boolean {
  if (part === '') return false;
  const isWordy = (character: string): boolean => /[\p{L}\p{N}_]/u.test(character);
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    const cutsBefore = isWordy(part.charAt(0)) && isWordy(text.charAt(at - 1));
    const cutsAfter = isWordy(part.charAt(part.length - 1)) && isWordy(text.charAt(at + part.length));
    if (!cutsBefore && !cutsAfter) return true;
  }
  return false;
}

/** What stands in a pattern for kinds of characters, and its flags: nothing can be spelled with these. */
const PATTERN_NOTATION = /\\[dDwWsSbBnrtfv]|a-z|A-Z|a-f|A-F|\/[dgimsuvy]*$/g;

/** Classes, escapes and repetitions, with no letter of its own. */
function isHarmlessPattern(pattern: string, known: Known): boolean {
  if (isWithin(pattern, known.code)) return true;
  return /^[\u0020-\u0040[-`{-~]{0,40}$/.test(pattern.replaceAll(PATTERN_NOTATION, ''));
}

const VALUE = /(?:-?[\d._a-fA-FxXn]+|'[^'\n]*'|"[^"\n]*")/.source;
const LONG_LIST = new RegExp(`(${VALUE}\\s*,\\s*${VALUE}\\s*,\\s*${VALUE})((?:\\s*,\\s*${VALUE}){13,})`, 'g');

/** Long lists of values say nothing about how code is written, and could spell what nobody should read. */
function withoutLongLists(copy: string): string {
  return copy.replaceAll(LONG_LIST, (_, shown: string, rest: string) => `${shown}, ...more values${breaksIn(rest)}`);
}

/** Blanks can hold signs, too: indentation is kept up to a depth, other runs become one. */
function clippedLine(line: string): string {
  const indentation = (/^ */.exec(line)?.[0] ?? '').slice(0, DEEPEST_INDENTATION);
  const rest = line.trim().replaceAll(/[^\S\n]+/g, ' ');
  if (rest === '') return '';
  return indentation + (rest.length > LONGEST_LINE ? `${rest.slice(0, LONGEST_LINE)} ...` : rest);
}
