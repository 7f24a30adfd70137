import type { Finding } from '../../shared/contracts/review.contract.ts';

/** A finding of static analysis; `rule` tells where it comes from, for tests and statistics. */
export type StaticFinding = Finding & {
  rule: string;
  /** 0–1: how much a learner gains from it. */ usefulness: number;
};

/** Numbers about the code, for scores and for the prompt. */
export type CodeMetrics = {
  lines: number;
  functions: number;
  /** Highest cyclomatic complexity and deepest nesting of a function. */
  maxComplexity: number;
  maxNesting: number;
  longestFunctionLines: number;
};

/** What can be known without asking anybody. Findings are ranked, the most useful first. */
export type StaticFacts = {
  /** The code could be parsed. */
  parsed: boolean;
  findings: StaticFinding[];
  metrics: CodeMetrics;
  /** Loops inside loops over the same input, repeated linear searches and their like. */
  hasQuadraticShape: boolean;
  /** Whether empty input, zero, null and their like are looked at anywhere. */
  checksEdgeCases: boolean;
};
