import type { ReviewSeverity } from '../../../shared/contracts/review.contract.ts';
import type { StaticFacts, StaticFinding } from '../facts.ts';
import { clipped, linesOf, plainText, visibleSource } from '../sanitise.ts';
import type { Advice, Analysis, Remark } from './remark.ts';

/** More than a review shows, for scores and for the prompt. */
const MOST_FINDINGS = 10;
const CHARS = { quote: 500, explanation: 1000, hint: 600, concept: 80, sentence: 300, name: 40 } as const;
/** A finding over more lines than this is about the first of them. */
const MOST_LINES_QUOTED = 12;
const SEVERITIES: readonly ReviewSeverity[] = ['critical', 'major', 'minor'];

export type Source = { code: string; starterCode: string };

/** Puts what checks noticed into words: one finding for each thing, tied to its lines, the most useful first. */
export function toFacts(source: Source, analysis: Analysis, advice: Readonly<Record<string, Advice>>): StaticFacts {
  const lines = linesOf(source.code);
  const isGiven = givenLines(source.starterCode);
  const own = analysis.remarks.filter((remark) => {
    const { severity } = adviceOf(remark, advice);
    return severity !== 'minor' || !isAllGiven(remark, lines, isGiven);
  });
  const findings = [...grouped(own).values()].map((remarks) => toFinding(remarks, lines, advice)).sort(byUsefulness);
  return {
    analysed: true,
    parsed: analysis.parsed,
    findings: withoutRepeats(findings)
      .slice(0, MOST_FINDINGS)
      .map(({ finding }) => finding),
    metrics: analysis.metrics,
    hasQuadraticShape: own.some((remark) => adviceOf(remark, advice).quadratic === true),
    checksEdgeCases: analysis.checksEdgeCases,
    traits: analysis.traits,
  };
}

function adviceOf({ rule }: Remark, advice: Readonly<Record<string, Advice>>): Advice {
  const found = advice[rule];
  if (found === undefined) throw new Error(`no advice for rule ${rule}`);
  return found;
}

function givenLines(starterCode: string): (line: string) => boolean {
  const given = new Set(linesOf(starterCode).map((line) => line.trim()));
  return (line) => line.trim() !== '' && given.has(line.trim());
}

/** What stands in the starter is not the learner's doing. */
function isAllGiven(
  { startLine, endLine }: Remark,
  lines: readonly string[],
  isGiven: (line: string) => boolean,
): boolean {
  return lines.slice(startLine - 1, endLine).every(isGiven);
}

/** Remarks of one rule together, in the order of their lines. */
function grouped(remarks: readonly Remark[]): Map<string, [Remark, ...Remark[]]> {
  const groups = new Map<string, [Remark, ...Remark[]]>();
  const inOrder = [...remarks].sort((left, right) => left.startLine - right.startLine || left.endLine - right.endLine);
  for (const remark of inOrder) {
    const group = groups.get(remark.rule);
    if (group === undefined) groups.set(remark.rule, [remark]);
    else group.push(remark);
  }
  return groups;
}

type Worded = { finding: StaticFinding; isQuadratic: boolean };

function toFinding(
  [first, ...others]: [Remark, ...Remark[]],
  lines: readonly string[],
  advice: Readonly<Record<string, Advice>>,
): Worded {
  const { category, severity, usefulness, concept, explanation, hint, gist, followUp, quadratic } = adviceOf(
    first,
    advice,
  );
  const { startLine, endLine } = inside(first, lines.length);
  const also = [...new Set(others.map((other) => inside(other, lines.length).startLine))].filter(
    (line) => line !== startLine,
  );
  return {
    isQuadratic: quadratic === true,
    finding: {
      rule: first.rule,
      usefulness,
      gist: plainText(filled(gist, first), CHARS.sentence),
      followUp: followUp === undefined ? null : plainText(filled(followUp, first), CHARS.sentence),
      category,
      severity,
      startLine,
      endLine,
      quote: quoteOf(lines, startLine, endLine),
      explanation: plainText(filled(explanation, first) + alsoIn(also), CHARS.explanation),
      hint: plainText(filled(hint, first), CHARS.hint),
      concept: plainText(concept, CHARS.concept),
    },
  };
}

function inside({ startLine, endLine }: Remark, lineCount: number): { startLine: number; endLine: number } {
  const start = Math.max(1, Math.min(startLine, lineCount));
  return { startLine: start, endLine: Math.max(start, Math.min(endLine, lineCount, start + MOST_LINES_QUOTED - 1)) };
}

/** The text of lines, without what cannot be seen in them. */
function quoteOf(lines: readonly string[], startLine: number, endLine: number): string {
  return clipped(
    lines
      .slice(startLine - 1, endLine)
      .map(visibleSource)
      .join('\n'),
    CHARS.quote,
  );
}

function alsoIn(lines: readonly number[]): string {
  if (lines.length === 0) return '';
  const named = lines.slice(0, 3).join(', ');
  return ` The same goes for line${lines.length === 1 ? '' : 's'} ${named}${lines.length > 3 ? ' and others' : ''}.`;
}

/** Advice with the names of the code in it, in quotes so that they can be told from the words around them. */
function filled(template: string, { data = {} }: Pick<Remark, 'data'>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = data[key] ?? '';
    if (!NAMES.has(key)) return plainText(value, CHARS.explanation);
    return value === '' ? 'it' : `'${plainText(value, CHARS.name)}'`;
  });
}

const NAMES = new Set(['name', 'list', 'outer', 'inner', 'text', 'table', 'column']);

function byUsefulness({ finding: left }: Worded, { finding: right }: Worded): number {
  return (
    right.usefulness - left.usefulness ||
    SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity) ||
    left.startLine - right.startLine
  );
}

/** Of several findings about the same thing in the same lines only the most useful one is left. */
function withoutRepeats(findings: readonly Worded[]): Worded[] {
  const kept: Worded[] = [];
  for (const candidate of findings) if (!kept.some((other) => isSameThing(candidate, other))) kept.push(candidate);
  return kept;
}

function isSameThing(left: Worded, right: Worded): boolean {
  const [one, two] = [left.finding, right.finding];
  if (one.startLine > two.endLine || two.startLine > one.endLine) return false;
  if (one.concept === two.concept) return true;
  return one.category === two.category && left.isQuadratic && right.isQuadratic;
}
