import type { Finding, ReviewBody, ReviewCategory } from '../../shared/contracts/review.contract.ts';
import { neutralCopy, type NeutralCopy } from './neutral-copy.ts';
import { RUBRIC, type Judgement, type RubricAnswer } from './rubric.ts';
import { clipped, linesOf, plainText, visibleSource } from './sanitise.ts';
import type { ReviewSubject } from './subject.ts';

/** A statement of the rubric that does not hold, and the line of code that shows it. */
export type Failure = { category: ReviewCategory; item: string; line: number };

/** What was not believed or not wanted, for metrics. */
export type Drops = {
  /** The quote stands nowhere, or in several places and not where it was said to. */
  quote: number;
  /** The same thing said again. */
  duplicate: number;
  /** More than there is room for. */
  excess: number;
  /** Nothing was left of a text when it had been made plain. */
  empty: number;
  /** Statements said to fail without a place that shows it. */
  evidence: number;
};

export type GroundedAnswer = Omit<ReviewBody, 'scores'> & { failures: Failure[]; drops: Drops };

const MOST = { findings: 5, strengths: 3, followUps: 2, spanLines: 40 } as const;
const CHARS = {
  quote: 500,
  explanation: 1000,
  hint: 600,
  concept: 80,
  summary: 1200,
  sentence: 300,
  name: 60,
} as const;
/** A quote below this stands everywhere. */
const LEAST_QUOTE = 3;

/** Keeps of an answer what is tied to the code, as plain text, with the learner's own names in it again. */
export function groundAnswer(answer: RubricAnswer, subject: ReviewSubject): GroundedAnswer {
  const copy = neutralCopy(subject);
  const code = indexLines(copy.lines);
  const drops: Drops = { quote: 0, duplicate: 0, excess: 0, empty: 0, evidence: 0 };
  const say = (text: string, limit: number): string => {
    const said = plainText(withOwnNames(text, copy), limit);
    return /\p{L}/u.test(said) ? said : '';
  };
  const sentences = (texts: readonly string[], most: number): string[] =>
    limited(
      unique(
        withoutEmpty(
          texts.map((text) => say(text, CHARS.sentence)),
          drops,
        ),
        drops,
        normalised,
      ),
      most,
      drops,
    );

  return {
    summary: say(answer.summary, CHARS.summary) || summaryOf(answer.findings.length),
    strengths: sentences(answer.strengths, MOST.strengths),
    followUps: sentences(answer.followUps, MOST.followUps),
    findings: groundFindings(answer.findings, code, linesOf(visibleSource(subject.code)), say, drops),
    failures: groundFailures(answer.rubric, code, drops),
    drops,
  };
}

type Say = (text: string, limit: number) => string;

function groundFindings(
  found: RubricAnswer['findings'],
  code: CodeIndex,
  ownLines: readonly string[],
  say: Say,
  drops: Drops,
): Finding[] {
  const grounded = found.flatMap((finding): Finding[] => {
    const place = findPlace(code, finding);
    const explanation = say(finding.explanation, CHARS.explanation);
    const concept = say(finding.concept, CHARS.concept);
    if (place === null) drops.quote += 1;
    else if (explanation === '') drops.empty += 1;
    if (place === null || explanation === '') return [];
    const quote = clipped(ownLines.slice(place.startLine - 1, place.endLine).join('\n'), CHARS.quote);
    const { category, severity } = finding;
    return [{ category, severity, ...place, quote, explanation, hint: say(finding.hint, CHARS.hint), concept }];
  });
  const sayingDifferentThings = unique(grounded, drops, ({ explanation }) => normalised(explanation));
  const aboutDifferentThings = unique(
    sayingDifferentThings,
    drops,
    ({ category, startLine, endLine }) => `${category} ${startLine} ${endLine}`,
  );
  return limited(aboutDifferentThings, MOST.findings, drops);
}

function groundFailures(rubric: RubricAnswer['rubric'], code: CodeIndex, drops: Drops): Failure[] {
  const categories = Object.keys(RUBRIC) as (keyof typeof RUBRIC)[];
  return categories.flatMap((category) =>
    Object.entries<Judgement>(rubric[category]).flatMap(([item, { holds, line, quote }]): Failure[] => {
      if (holds) return [];
      const place = findPlace(code, { startLine: line, endLine: line, quote });
      if (place === null) drops.evidence += 1;
      return place === null ? [] : [{ category, item, line: place.startLine }];
    }),
  );
}

/** Code as one text without blanks, and the line of each of its characters. */
type CodeIndex = { text: string; lineOf: number[]; lineCount: number };

function indexLines(lines: readonly string[]): CodeIndex {
  const lineOf: number[] = [];
  const text = lines
    .map((line, index) => {
      const dense = withoutBlanks(line);
      for (let at = 0; at < dense.length; at += 1) lineOf.push(index + 1);
      return dense;
    })
    .join('');
  return { text, lineOf, lineCount: lines.length };
}

type Place = { startLine: number; endLine: number };

/**
 * The lines where a quote stands: those that were named, or, when the quote stands in one place only, that place. Since the copy has neither
 * comments nor a learner's texts in it, what is found is code.
 */
function findPlace(code: CodeIndex, named: Place & { quote: string }): Place | null {
  const quote = withoutBlanks(withoutLineNumbers(named.quote));
  if (quote.length < LEAST_QUOTE || !/[\p{L}\p{N}]/u.test(quote)) return null;
  const starts = occurrences(code.text, quote);
  const places = starts.map((start) => ({
    startLine: code.lineOf[start] ?? 0,
    endLine: code.lineOf[start + quote.length - 1] ?? 0,
  }));
  const [only] = places;
  const touching = places.find(({ startLine, endLine }) => startLine <= named.endLine && endLine >= named.startLine);
  if (touching === undefined) return places.length === 1 && only !== undefined ? withinSpan(only) : null;
  return isPossible(named, code) ? withinSpan(named, touching) : withinSpan(touching);
}

function isPossible({ startLine, endLine }: Place, { lineCount }: CodeIndex): boolean {
  return (
    Number.isInteger(startLine) &&
    Number.isInteger(endLine) &&
    startLine >= 1 &&
    startLine <= endLine &&
    endLine <= lineCount
  );
}

/** The named lines as far as they go, if the quote stands in them; a finding about half a file is one about where its quote begins. */
function withinSpan(place: Place, quoted: Place = place): Place {
  const holdsQuote = place.startLine <= quoted.startLine && place.endLine >= quoted.endLine;
  const chosen = holdsQuote && place.endLine - place.startLine < MOST.spanLines ? place : quoted;
  return { startLine: chosen.startLine, endLine: Math.min(chosen.endLine, chosen.startLine + MOST.spanLines - 1) };
}

/** Two are enough to know that it is not the only one, but the named lines may hold a later one. */
function occurrences(text: string, part: string, most = 200): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at >= 0 && found.length < most; at = text.indexOf(part, at + 1)) found.push(at);
  return found;
}

const withoutBlanks = (text: string): string => text.replaceAll(/\s+/g, '');

/** Models like to quote the numbers that stand before the lines. */
function withoutLineNumbers(quote: string): string {
  return quote.replaceAll(/^\s*\d+\s*\|\s?/gm, '');
}

/** Names come back in one pass, so that a name which looks like a replacement is not replaced again. */
function withOwnNames(text: string, { names }: NeutralCopy): string {
  return text.replaceAll(/(?<![\w$])name\d+(?![\w$])/g, (name) => clipped(names.get(name) ?? name, CHARS.name));
}

const normalised = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

function withoutEmpty(texts: readonly string[], drops: Drops): string[] {
  const kept = texts.filter((text) => text !== '');
  drops.empty += texts.length - kept.length;
  return kept;
}

function unique<Item>(items: readonly Item[], drops: Drops, keyOf: (item: Item) => string): Item[] {
  const seen = new Set<string>();
  const kept = items.filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)));
  drops.duplicate += items.length - kept.length;
  return kept;
}

function limited<Item>(items: readonly Item[], most: number, drops: Drops): Item[] {
  drops.excess += Math.max(0, items.length - most);
  return items.slice(0, most);
}

function summaryOf(findings: number): string {
  return findings === 0 ? 'Nothing in this code stood out as a defect.' : 'The remarks below are worth a second look.';
}
