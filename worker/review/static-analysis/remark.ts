import type { ReviewCategory, ReviewSeverity } from '../../../shared/contracts/review.contract.ts';
import type { CodeMetrics, CodeTrait } from '../facts.ts';

/** Something a check noticed, in lines counted from 1 (both included). `data` fills the `{…}` of its advice. */
export type Remark<Rule extends string = string> = {
  rule: Rule;
  startLine: number;
  endLine: number;
  data?: Readonly<Record<string, string>>;
};

/** What is said to the learner about a rule. `{name}` and its like stand for the remark's data. */
export type Advice = {
  category: ReviewCategory;
  severity: ReviewSeverity;
  /** 0–1: how much a learner gains from hearing it. */
  usefulness: number;
  concept: string;
  /** A noun phrase for the summary, to stand before "in line 4". */
  gist: string;
  explanation: string;
  /** A push in the right direction, never the solution. */
  hint: string;
  /** A question to think on about. */
  followUp?: string;
  /** The work grows with the square of the input, or faster. */
  quadratic?: true;
};

/** What the analysis of one language found, before it is put into words. */
export type Analysis = {
  parsed: boolean;
  remarks: Remark[];
  metrics: CodeMetrics;
  checksEdgeCases: boolean;
  traits: CodeTrait[];
};
