import type { Grade, TestResult } from '../shared/contracts/grade.contract.ts';

const MAX_NAME_CHARS = 48;
const HEADINGS = ['test', 'verdict', 'cpu ms', 'wall ms', 'message'] as const;
/** Columns of numbers, which stand to the right. */
const NUMERIC = new Set([2, 3]);

/** A grade as a table for a terminal: a line for each test, further lines of its message indented below, then what they add up to. */
export function gradeTable(title: string, { verdict, score, engine, tests }: Grade): string {
  const rows = tests.map(cellsOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const passed = tests.filter((test) => test.verdict === 'accepted').length;
  const skipped = tests.filter((test) => test.verdict === 'skipped').length;
  return [
    title,
    line(HEADINGS, widths),
    line(
      HEADINGS.map((heading, column) =>
        '-'.repeat(column === HEADINGS.length - 1 ? heading.length : (widths[column] ?? 0)),
      ),
      widths,
    ),
    ...rows.flatMap(({ cells, below }) => [line(cells, widths), ...below.map((text) => `    ${text}`)]),
    `${verdict}, score ${score}: ${passed} of ${tests.length} tests pass${skipped === 0 ? '' : `, ${skipped} skipped`} (${engine})`,
  ].join('\n');
}

function cellsOf({ name, verdict, cpuMs, wallMs, message }: TestResult): { cells: string[]; below: string[] } {
  const [first = '', ...below] = (message ?? '').split('\n').map(printable);
  return { cells: [clip(name), verdict, cpuMs.toFixed(1), wallMs.toFixed(1), first], below };
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) =>
    NUMERIC.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
  );
  return padded.join('  ').trimEnd();
}

function clip(name: string): string {
  const text = printable(name);
  return text.length > MAX_NAME_CHARS ? `${text.slice(0, MAX_NAME_CHARS - 1)}…` : text;
}

/** Messages come from the code under test: its control characters would play with the terminal. */
const printable = (text: string): string => text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' ');
