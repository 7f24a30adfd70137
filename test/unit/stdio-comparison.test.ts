import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import type { StdioComparison } from '../../shared/contracts/exercise.contract.ts';
import { compareText } from '../../worker/grading/stdio-comparison.ts';

const EXACT: StdioComparison = { type: 'exact' };
const TRIMMED: StdioComparison = { type: 'trimmed' };
const TOKENS: StdioComparison = { type: 'tokens' };
const NUMERIC: StdioComparison = { type: 'numeric', tolerance: 1e-6 };

describe('compareText', () => {
  test('finds every text equal to itself', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(EXACT, TRIMMED, TOKENS, NUMERIC), (text, comparison) => {
        expect(compareText(text, text, comparison)).toBeNull();
      }),
    );
  });

  test('never finds a difference where a stricter comparison finds none', () => {
    const text = fc.stringMatching(/^[ab1.\n\r ]{0,12}$/);
    fc.assert(
      fc.property(text, text, (expected, actual) => {
        const equal = [EXACT, TRIMMED, TOKENS, NUMERIC].map((type) => compareText(expected, actual, type) === null);
        expect(equal).toEqual(equal.map((_, index) => equal.slice(0, index + 1).includes(true)));
      }),
    );
  });

  test.each<[string, string, string, StdioComparison, boolean]>([
    ['a missing newline matters exactly', '6\n', '6', EXACT, false],
    ['line ends of Windows never do', '6\r\n7\r\n', '6\n7\n', EXACT, true],
    ['a missing newline does not matter trimmed', '6\n', '6', TRIMMED, true],
    ['nor do blanks at line ends and blank lines around', 'a\nb', '\na  \nb\t\n\n', TRIMMED, true],
    ['blanks at the start of a line do', '  a', 'a', TRIMMED, false],
    ['blank lines inside do', 'a\nb', 'a\n\nb', TRIMMED, false],
    ['tokens ignore all white space', '1 2\n3', '1\n2   3\n', TOKENS, true],
    ['tokens are compared as text', '1.0', '1', TOKENS, false],
    ['numbers are compared as numbers', '1.0 x 1e3', '1 x 1000.0000001', NUMERIC, true],
    ['but not beyond the tolerance', '1', '1.1', NUMERIC, false],
    ['words stay words', 'yes 1', 'no 1', NUMERIC, false],
    ['nothing is not zero', '0', '', NUMERIC, false],
  ])('%s', (_, expected, actual, comparison, equal) => {
    expect(compareText(expected, actual, comparison) === null).toBe(equal);
  });

  test('tells the first difference', () => {
    expect(compareText('a\nb\nc', 'a\nx\ny', TRIMMED)).toEqual({ line: 2, expected: 'b', actual: 'x' });
    expect(compareText('a\nb', 'a', TRIMMED)).toEqual({ line: 2, expected: 'b', actual: null });
    expect(compareText('a', 'a\nb', TRIMMED)).toEqual({ line: 2, expected: null, actual: 'b' });
    expect(compareText('1 2\n3', '1\n2\n4', TOKENS)).toEqual({ line: 3, expected: '3', actual: '4' });
  });
});
