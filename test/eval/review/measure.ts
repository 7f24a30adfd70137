import type { Finding, ReviewBody } from '../../../shared/contracts/review.contract.ts';
import { findLeaks } from '../../../worker/review/leaks.ts';
import { linesOf, visibleSource } from '../../../worker/review/sanitise.ts';
import type { Label, LabelledProgram } from './labelled-set.ts';

/** How the review of one program compares with its labels. */
export type Measured = {
  program: LabelledProgram;
  found: Label[];
  missed: Label[];
  /** Findings that meet a label. */
  right: number;
  /** Findings that nobody asked for. */
  unwanted: Finding[];
  findings: number;
  invalidAnchors: number;
  leaks: number;
  /** Grave findings about a clean program. */
  falseAlarms: Finding[];
};

/** A label is met by a finding of its category within this many lines. */
const LINES_OFF = 1;

export function measure(program: LabelledProgram, body: ReviewBody): Measured {
  const isMet = (label: Label) => body.findings.some((finding) => meets(finding, label));
  const isAny = (labels: readonly Label[]) => (finding: Finding) => labels.some((label) => meets(finding, label));
  const unasked = body.findings.filter((finding) => !isAny(program.defects)(finding));
  return {
    program,
    found: program.defects.filter(isMet),
    missed: program.defects.filter((label) => !isMet(label)),
    right: body.findings.length - unasked.length,
    unwanted: unasked.filter((finding) => !isAny(program.tolerated)(finding)),
    findings: body.findings.length,
    invalidAnchors: body.findings.filter((finding) => !isAnchored(finding, program.subject.code)).length,
    leaks: findLeaks(body, program.subject).length,
    falseAlarms: program.isClean ? body.findings.filter(({ severity }) => severity !== 'minor') : [],
  };
}

function meets(finding: Finding, label: Label): boolean {
  if (finding.category !== label.category) return false;
  return finding.startLine <= label.endLine + LINES_OFF && finding.endLine >= label.startLine - LINES_OFF;
}

/** Whether a finding's lines exist and its quote stands there. */
function isAnchored({ startLine, endLine, quote }: Finding, code: string): boolean {
  const lines = linesOf(code).map(visibleSource);
  if (startLine < 1 || endLine < startLine || endLine > lines.length) return false;
  return lines
    .slice(startLine - 1, endLine)
    .join('\n')
    .startsWith(quote.replace(/…$/, ''));
}

export type Figures = {
  programs: number;
  defects: number;
  precision: number;
  recall: number;
  invalidAnchorRate: number;
  leakRate: number;
  cleanPrograms: number;
  falseAlarms: number;
};

/** Precision counts findings but for tolerated ones, recall counts labels. */
export function figuresOf(measured: readonly Measured[]): Figures {
  const sum = (count: (one: Measured) => number) => measured.reduce((total, one) => total + count(one), 0);
  const right = sum((one) => one.right);
  const unwanted = sum((one) => one.unwanted.length);
  const defects = sum(({ program }) => program.defects.length);
  const findings = sum((one) => one.findings);
  return {
    programs: measured.length,
    defects,
    precision: right + unwanted === 0 ? 1 : right / (right + unwanted),
    recall: defects === 0 ? 1 : sum(({ found }) => found.length) / defects,
    invalidAnchorRate: sum((one) => one.invalidAnchors) / Math.max(1, findings),
    leakRate: sum((one) => one.leaks) / Math.max(1, measured.length),
    cleanPrograms: sum(({ program }) => (program.isClean ? 1 : 0)),
    falseAlarms: sum((one) => one.falseAlarms.length),
  };
}
