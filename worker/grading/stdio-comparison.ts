import type { StdioComparison } from '../../shared/contracts/exercise.contract.ts';

/** Where two texts first differ; `line` counts from 1, and a side is null where its text has ended already. */
export type TextDifference = { line: number; expected: string | null; actual: string | null };

/** Holds printed text against the expected one, as `StdioComparison` says. Null when they are the same. Pure. */
export function compareText(expected: string, actual: string, comparison: StdioComparison): TextDifference | null {
  const [wanted, given] = [expected, actual].map((text) => text.replaceAll('\r\n', '\n')) as [string, string];
  switch (comparison.type) {
    case 'exact':
      return wanted === given ? null : firstDifference(wanted.split('\n'), given.split('\n'));
    case 'trimmed':
      return firstDifference(...([trimmedLines(wanted), trimmedLines(given)] as const));
    case 'tokens':
      return compareTokens(wanted, given, (one, other) => one === other);
    case 'numeric':
      return compareTokens(wanted, given, sameNumber(comparison.tolerance));
  }
}

type Token = { text: string; line: number };

function compareTokens(expected: string, actual: string, same: (one: string, other: string) => boolean) {
  const [wanted, given] = [tokensOf(expected), tokensOf(actual)];
  const longest = Math.max(wanted.length, given.length);
  for (let index = 0; index < longest; index++) {
    const [one, other] = [wanted[index], given[index]];
    if (one !== undefined && other !== undefined && same(one.text, other.text)) continue;
    const line = (other ?? given.at(-1))?.line ?? 1;
    return { line, expected: one?.text ?? null, actual: other?.text ?? null };
  }
  return null;
}

function tokensOf(text: string): Token[] {
  return text
    .split('\n')
    .flatMap((line, index) => (line.match(/\S+/g) ?? []).map((token) => ({ text: token, line: index + 1 })));
}

function sameNumber(tolerance: number): (one: string, other: string) => boolean {
  return (one, other) => {
    if (one === other) return true;
    const [left, right] = [Number(one), Number(other)];
    return Math.abs(left - right) <= tolerance * Math.max(1, Math.abs(left), Math.abs(right));
  };
}

/** Blank lines at both ends go, and with those at the start the count of lines. */
function trimmedLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const first = lines.findIndex((line) => line !== '');
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1);
}

function firstDifference(expected: string[], actual: string[]): TextDifference | null {
  const longest = Math.max(expected.length, actual.length);
  for (let index = 0; index < longest; index++) {
    if (expected[index] === actual[index]) continue;
    return { line: index + 1, expected: expected[index] ?? null, actual: actual[index] ?? null };
  }
  return null;
}
