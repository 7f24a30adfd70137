import type { Finding, ReviewBody } from '../../shared/contracts/review.contract.ts';
import { PROMPT_RULES } from './prompt.ts';
import { tokenize } from './source-tokens.ts';
import type { ReviewSubject } from './subject.ts';

/** What a review says in words. */
export type Said = Pick<ReviewBody, 'summary' | 'strengths' | 'findings' | 'followUps'>;

export type LeakKind = 'solution' | 'code' | 'prompt' | 'hidden_test';

/** A field that says what it should not: `summary`, `findings.0.hint`, `strengths.1`. */
export type Leak = { field: string; kind: LeakKind };

/**
 * Finds what would solve the exercise in the learner's place, or tell of what is hidden: runs of the reference solution that are neither in
 * the exercise nor in the learner's own code, the same with other names, code of any length, our own prompt, names of hidden tests.
 */
export function findLeaks(said: Said, subject: ReviewSubject): Leak[] {
  const detect = leakDetector(subject);
  return fieldsOf(said).flatMap(({ field, text }) => {
    const kind = detect(text);
    return kind === null ? [] : [{ field, kind }];
  });
}

/** The same without what leaks: where a hint gave too much away, the concept is left; other sentences go. Nothing is left to be found. */
export function withoutLeaks<Body extends Said>(body: Body, subject: ReviewSubject): Body {
  const leaks = leakDetector(subject);
  const isSafe = (text: string): boolean => leaks(text) === null;
  return {
    ...body,
    summary: isSafe(body.summary) ? body.summary : 'The remarks below name what is worth a second look in this code.',
    strengths: body.strengths.filter(isSafe),
    followUps: body.followUps.filter(isSafe),
    findings: body.findings.map((finding) => withoutLeaksOf(finding, isSafe)),
  };
}

function withoutLeaksOf(finding: Finding, isSafe: (text: string) => boolean): Finding {
  const concept = isSafe(finding.concept) ? finding.concept : CONCEPT[finding.category];
  const pointer =
    concept === '' ? 'Look at these lines once more.' : `Read about this idea, then look again: ${concept}.`;
  return {
    ...finding,
    concept,
    explanation: isSafe(finding.explanation)
      ? finding.explanation
      : `These lines deserve another look. ${WHY[finding.category]}`,
    hint: isSafe(finding.hint) ? finding.hint : pointer,
  };
}

const CONCEPT: Record<Finding['category'], string> = {
  codeSense: 'structure of a function',
  efficiency: 'cost of an operation',
  edgeCases: 'boundary values',
  taste: 'simplicity',
};
const WHY: Record<Finding['category'], string> = {
  codeSense: 'They are harder to follow than they need to be.',
  efficiency: 'They do more work than the task needs.',
  edgeCases: 'There is input for which they do not do what the exercise asks.',
  taste: 'There is a plainer way to say the same.',
};

function fieldsOf({ summary, strengths, followUps, findings }: Said): { field: string; text: string }[] {
  return [
    { field: 'summary', text: summary },
    ...strengths.map((text, index) => ({ field: `strengths.${index}`, text })),
    ...followUps.map((text, index) => ({ field: `followUps.${index}`, text })),
    ...findings.flatMap(({ explanation, hint, concept }, index) =>
      Object.entries({ explanation, hint, concept }).map(([name, text]) => ({
        field: `findings.${index}.${name}`,
        text,
      })),
    ),
  ];
}

/** Runs this long do not come about by chance: of the very pieces, and of their kinds. */
const EXACT_RUN = 6;
const SHAPE_RUN = 12;
const PROMPT_RUN = 7;
const LEAST_WORDS = 3;
const LEAST_MARKS = 4;
/** A line of the solution that says so much is a part of the solution, blanks not counted. */
const LEAST_LINE = 10;
/** As much code can be named in passing, in pieces. */
const MOST_CODE = 12;
const MOST_STATEMENTS = 2;

/** Words of our prompt in their order; cut short, they still are. */
const PROMPT_RUNS: ReadonlySet<string> = new Set(runsOf(wordsOf(PROMPT_RULES), PROMPT_RUN, (word) => word).keys());

function leakDetector(subject: ReviewSubject): (text: string) => LeakKind | null {
  const { language, code, exercise, grade } = subject;
  const solution = piecesOf(withoutProse(exercise.solutionCode, language));
  const free = [code, exercise.starterCode, exercise.description, exercise.title].map(piecesOf);
  const exact = forbiddenRuns(solution, free, EXACT_RUN, (piece) => piece, hasEnoughWords);
  const shapes = forbiddenRuns(solution, free, SHAPE_RUN, shapeOf, hasEnoughMarks);
  const ownCode = dense([code, exercise.starterCode, exercise.description].join('\n'));
  const lines = forbiddenLines(withoutProse(exercise.solutionCode, language), ownCode);
  const hiddenNames = grade.tests
    .filter(({ visibility, name }) => visibility !== 'always' && name.trim().split(/\s+/).length >= 3)
    .map(({ name }) => dense(name).toLowerCase())
    .filter((name) => !ownCode.toLowerCase().includes(name));

  return (text) => {
    const pieces = piecesOf(text);
    const packed = dense(text);
    if (holdsRun(pieces, exact, EXACT_RUN, (piece) => piece) || holdsRun(pieces, shapes, SHAPE_RUN, shapeOf))
      return 'solution';
    if (lines.some((line) => packed.includes(line))) return 'solution';
    if (holdsRun(wordsOf(text), PROMPT_RUNS, PROMPT_RUN, (word) => word)) return 'prompt';
    if (hiddenNames.some((name) => packed.toLowerCase().includes(name))) return 'hidden_test';
    return isCode(text, ownCode) ? 'code' : null;
  };
}

/** Words, numbers and marks. Quotes of all kinds are one, and marks of prose that mean nothing in code are none. */
function piecesOf(text: string): string[] {
  return (text.match(/[\p{L}_$][\p{L}\p{N}_$]*|\d+(?:\.\d+)?|[^\s\p{L}\p{N}_$]/gu) ?? []).map((piece) =>
    /^["'`´‘’“”]$/.test(piece) ? "'" : piece,
  );
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}

const isWord = (piece: string): boolean => /^[\p{L}\p{N}_$]/u.test(piece);
const hasEnoughWords = (run: readonly string[]): boolean => run.filter(isWord).length >= LEAST_WORDS;
const hasEnoughMarks = (run: readonly string[]): boolean =>
  run.filter((piece) => !isWord(piece) && !/^[.,'–—-]$/.test(piece)).length >= LEAST_MARKS;
const shapeOf = (piece: string): string => (isWord(piece) ? '#' : piece);

function runsOf(pieces: readonly string[], length: number, keyOf: (piece: string) => string): Map<string, string[]> {
  const runs = new Map<string, string[]>();
  for (let at = 0; at + length <= pieces.length; at += 1) {
    const run = pieces.slice(at, at + length);
    runs.set(run.map(keyOf).join(' '), run);
  }
  return runs;
}

function forbiddenRuns(
  solution: readonly string[],
  free: readonly (readonly string[])[],
  length: number,
  keyOf: (piece: string) => string,
  counts: (run: readonly string[]) => boolean,
): ReadonlySet<string> {
  const allowed = new Set(free.flatMap((pieces) => [...runsOf(pieces, length, keyOf).keys()]));
  const runs = [...runsOf(solution, length, keyOf)];
  return new Set(runs.filter(([key, run]) => counts(run) && !allowed.has(key)).map(([key]) => key));
}

function holdsRun(
  pieces: readonly string[],
  forbidden: ReadonlySet<string>,
  length: number,
  keyOf: (piece: string) => string,
): boolean {
  return [...runsOf(pieces, length, keyOf).keys()].some((run) => forbidden.has(run));
}

/** Lines that do something, as far as they are the solution's alone. */
function forbiddenLines(solution: string, ownCode: string): string[] {
  return solution
    .split('\n')
    .map((line) => dense(line).replace(/[;{]+$/, ''))
    .filter((line) => line.length >= LEAST_LINE && /[^\p{L}\p{N}_$.,:;{}'-]/u.test(line) && !ownCode.includes(line));
}

const SPAN = /`([^`]+)`/g;
/** Beginnings of statements that prose does not have. */
const STATEMENTS = new RegExp(
  [
    /\b(?:const|let|var)\s+[\w$[{]/,
    /\b(?:for|while|if|switch)\s*\([^.]{1,80}\)\s*[{\w]/,
    /\bfor\s+\w+(?:\s*,\s*\w+)*\s+in\s+[\w.()[\]]+\s*:/,
    /\b(?:if|elif|while)\s+[^.:]{1,60}[=<>()[\]][^.:]{0,60}:/,
    /\breturn\s+[\w.$'"([{]+\s*(?:[-+*/%<>=!&|?[({]|\.\w|;)/,
    /\b(?:def|function)\s*\w*\s*\(/,
    /(?<![=!<>\w.])[\w.$[\]]+\s*(?:[-+*/%|&]|\*\*|\/\/|\?\?)?=(?![=>])\s*[\w'"[({-]/,
    /=>/,
    /\bselect\b.{1,200}\bfrom\b/,
    /\b[\w.]+\([^()]{0,80}\)\s*;/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
);

/** More code than it takes to name something, unless the learner wrote it. */
function isCode(text: string, ownCode: string): boolean {
  const isOwn = (span: string): boolean => ownCode.includes(dense(span));
  const spans = [...text.matchAll(SPAN)].map(([, span = '']) => span);
  if (spans.some((span) => piecesOf(span).length > MOST_CODE && !isOwn(span))) return true;
  const rest = text.replaceAll(SPAN, (whole, span: string) => (isOwn(span) ? ' ' : whole));
  const statements = [...rest.matchAll(STATEMENTS)].filter(([statement]) => !isOwn(statement));
  return statements.length > MOST_STATEMENTS;
}

function dense(text: string): string {
  return text.replaceAll(/\s+/g, '').replaceAll(/["`´‘’“”]/g, "'");
}

function withoutProse(code: string, language: ReviewSubject['language']): string {
  return tokenize(code, language)
    .map(({ kind, text }) => (kind === 'prose' ? '\n'.repeat(text.split('\n').length - 1) : text))
    .join('');
}
