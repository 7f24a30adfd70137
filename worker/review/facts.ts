import type { Finding } from '../../shared/contracts/review.contract.ts';

/** A finding of static analysis; `rule` tells where it comes from, for tests and statistics. */
export type StaticFinding = Finding & {
  rule: string;
  /** 0–1: how much a learner gains from it. */ usefulness: number;
  /** What it is about, as a noun phrase. */ gist: string;
  /** A question to think on about. */ followUp: string | null;
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

/** Something good that was measured in the code; none of them is a matter of opinion. */
export type CodeTrait =
  | 'guard_clause'
  | 'hash_lookup'
  | 'linear_loops'
  | 'small_functions'
  | 'named_constants'
  | 'memoised'
  | 'concurrent_waits'
  | 'named_columns'
  | 'common_table_expression'
  | 'explicit_joins'
  | 'raises_errors';

/** What can be known without asking anybody. Findings are ranked, the most useful first. */
export type StaticFacts = {
  /** False when analysis hit one of its limits or broke: then nothing but lines was counted, and all the rest is empty. */
  analysed: boolean;
  /** The code could be parsed. */
  parsed: boolean;
  findings: StaticFinding[];
  metrics: CodeMetrics;
  /** Loops inside loops over the same input, repeated linear searches and their like. */
  hasQuadraticShape: boolean;
  /** Whether empty input, zero, null and their like are looked at anywhere. */
  checksEdgeCases: boolean;
  traits: CodeTrait[];
};
