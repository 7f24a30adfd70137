import type { StaticFacts } from '../facts.ts';
import { linesOf } from '../sanitise.ts';
import type { ReviewSubject } from '../subject.ts';

/** Facts of code that was not analysed: nothing is claimed of it. */
export function factsUnknown({ code, grade }: Pick<ReviewSubject, 'code' | 'grade'>): StaticFacts {
  return {
    analysed: false,
    parsed: grade.verdict !== 'compile_error',
    findings: [],
    metrics: { lines: linesOf(code).length, functions: 0, maxComplexity: 0, maxNesting: 0, longestFunctionLines: 0 },
    hasQuadraticShape: false,
    checksEdgeCases: false,
    traits: [],
  };
}
