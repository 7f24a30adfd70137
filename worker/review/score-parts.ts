import type { ReviewCategory, ReviewScores } from '../../shared/contracts/review.contract.ts';
import type { Language } from '../../shared/contracts/exercise.contract.ts';
import type { Grade, TestResult } from '../../shared/contracts/grade.contract.ts';
import type { StaticFacts } from './facts.ts';
import type { ReviewSubject } from './subject.ts';

export type CategoryScores = Omit<ReviewScores, 'overall'>;

/** What code without any finding starts from; the rest is for what neither tests nor analysis can see. */
const START: CategoryScores = { codeSense: 92, efficiency: 92, edgeCases: 90, taste: 92 };
/** What one finding takes off; of several in a category each further one takes less. */
const OFF = { critical: 34, major: 20, minor: 7 } as const;
const NEXT_FINDING_SHARE = 0.6;
const LEAST = 5;
/** Of code that was not analysed nothing better is known than that. Low enough that to break the analysis is no way to a better score. */
const NOT_ANALYSED = 55;
/** Of code that cannot be read. */
const NOT_PARSED: CategoryScores = { codeSense: 15, efficiency: 20, edgeCases: 15, taste: 35 };
const UNCHECKED_OFF = 4;
const EDGE_CASE_FAILED = 40;
const HIDDEN_FAILED = 48;

/** Names of tests about input at the edge. */
const EDGE_CASE_NAME =
  /\b(?:empty|none|null|nothing|no|zero|0|negative|single|one|missing|blank|duplicate|repeat|large|huge|boundar|limit|edge|invalid|unknown|last|first|only|tie|equal)/i;

/**
 * Four scores from what is known for sure: the findings of static analysis, the shape of the code and its tests. Nothing that a learner
 * writes in comments or texts has a part in it.
 */
export function factScores(
  { grade, language }: Pick<ReviewSubject, 'grade' | 'language'>,
  facts: StaticFacts,
): CategoryScores {
  const limits = [
    limitsOfGrade(grade),
    ...(facts.analysed ? [] : [evenly(NOT_ANALYSED)]),
    ...(facts.parsed ? [] : [NOT_PARSED]),
  ];
  return perCategory((category) => {
    const found = START[category] - offForFindings(category, facts) - offForShape(category, language, facts);
    const most = Math.min(...limits.map((limit) => limit[category]));
    return Math.round(Math.min(most, Math.max(LEAST, found)));
  });
}

function perCategory(score: (category: ReviewCategory) => number): CategoryScores {
  return {
    codeSense: score('codeSense'),
    efficiency: score('efficiency'),
    edgeCases: score('edgeCases'),
    taste: score('taste'),
  };
}

function evenly(score: number): CategoryScores {
  return perCategory(() => score);
}

function offForFindings(category: ReviewCategory, { findings }: StaticFacts): number {
  const offs = findings.filter((finding) => finding.category === category).map(({ severity }) => OFF[severity]);
  return offs
    .sort((left, right) => right - left)
    .reduce((sum, off, place) => sum + off * NEXT_FINDING_SHARE ** place, 0);
}

function offForShape(
  category: ReviewCategory,
  language: Language,
  { metrics, checksEdgeCases, analysed }: StaticFacts,
): number {
  // Most queries have nothing to check; what they forget is found otherwise.
  if (category === 'edgeCases') return analysed && !checksEdgeCases && language !== 'sql' ? UNCHECKED_OFF : 0;
  if (category !== 'taste') return 0;
  // Below the limits that make a finding, but on the way there.
  return Math.max(0, Math.min(metrics.maxComplexity, 10) - 7) + (metrics.maxNesting === 3 ? 3 : 0);
}

/** What tests allow. A score above these would contradict a test that failed. */
function limitsOfGrade({ verdict, score, tests }: Grade): CategoryScores {
  const share = score / 100;
  switch (verdict) {
    case 'accepted':
      return evenly(100);
    case 'partial':
    case 'wrong_answer':
      return {
        codeSense: 40 + 35 * share,
        efficiency: 80,
        edgeCases: Math.min(30 + 25 * share, failedAtTheEdge(tests)),
        taste: 85,
      };
    case 'time_limit':
      return { codeSense: 60, efficiency: 28, edgeCases: 55, taste: 70 };
    case 'memory_limit':
    case 'output_limit':
      return { codeSense: 55, efficiency: 30, edgeCases: 50, taste: 70 };
    case 'runtime_error':
      return { codeSense: 50, efficiency: 65, edgeCases: 32, taste: 65 };
    case 'compile_error':
    case 'invalid_submission':
      return { codeSense: 25, efficiency: 30, edgeCases: 20, taste: 30 };
    case 'security_violation':
      return evenly(0);
  }
}

/** Of hidden tests only their number counts, so that a score tells nothing of what they are about. */
function failedAtTheEdge(tests: readonly TestResult[]): number {
  const failed = tests.filter(({ verdict }) => verdict !== 'accepted' && verdict !== 'skipped');
  const visible = failed.filter(({ visibility }) => visibility === 'always');
  if (visible.some(({ name }) => EDGE_CASE_NAME.test(name))) return EDGE_CASE_FAILED;
  return visible.length === 0 ? HIDDEN_FAILED : 100;
}
