import { TestResult, type Grade } from '../../shared/contracts/grade.contract.ts';
import type { StaticFacts } from '../../worker/review/facts.ts';
import { RUBRIC, RubricAnswer } from '../../worker/review/rubric.ts';
import type { ReviewSubject } from '../../worker/review/subject.ts';

/** One graded test: a visible call that was passed, unless told otherwise. */
export function buildTestResult(overrides: Partial<TestResult> = {}): TestResult {
  return TestResult.parse({
    name: 'the mean of three numbers',
    verdict: 'accepted',
    visibility: 'always',
    weight: 1,
    cpuMs: 1,
    wallMs: 1,
    memoryKb: null,
    message: null,
    stdout: '',
    input: [[1, 2, 3]],
    expected: 2,
    ...overrides,
  });
}

export const MEAN_EXERCISE = {
  versionId: '0190b6a0-0000-7000-8000-000000000001',
  title: 'The mean',
  description:
    'Write `mean(numbers)`. It returns the arithmetic mean of a list of numbers, and `null` for an empty list.\n\n```js\nmean([1, 2, 3]); // 2\n```\n',
  starterCode: 'export function mean(numbers) {\n  return null;\n}\n',
  solutionCode:
    'export function mean(numbers) {\n  if (numbers.length === 0) return null;\n  const total = numbers.reduce((sum, each) => sum + each, 0);\n  return total / numbers.length;\n}\n',
};

/** A mean that forgets the empty list, in JavaScript, unless told otherwise. */
export function buildSubject(
  overrides: Partial<Omit<ReviewSubject, 'grade' | 'exercise'>> & {
    grade?: Partial<Grade>;
    exercise?: Partial<ReviewSubject['exercise']>;
  } = {},
): ReviewSubject {
  const { grade, exercise, ...rest } = overrides;
  return {
    language: 'javascript',
    dialect: null,
    entrypoint: 'mean.js',
    code: 'export function mean(numbers) {\n  let total = 0;\n  for (const number of numbers) total += number;\n  return total / numbers.length;\n}\n',
    ...rest,
    exercise: { ...MEAN_EXERCISE, ...exercise },
    grade: {
      verdict: 'accepted',
      score: 100,
      fault: null,
      stdout: '',
      engine: 'test',
      tests: [
        buildTestResult(),
        buildTestResult({ name: 'no numbers at all', visibility: 'never', input: [[]], expected: null }),
      ],
      ...grade,
    },
  };
}

/** Facts of a small sound program. */
export function buildFacts(overrides: Partial<StaticFacts> = {}): StaticFacts {
  return {
    analysed: true,
    parsed: true,
    findings: [],
    metrics: { lines: 5, functions: 1, maxComplexity: 2, maxNesting: 1, longestFunctionLines: 5 },
    hasQuadraticShape: false,
    checksEdgeCases: false,
    traits: [],
    ...overrides,
  };
}

type Rubric = RubricAnswer['rubric'];

/** A rubric in which everything holds. */
export function allHolds(): Rubric {
  const holds = { holds: true, line: 0, quote: '' };
  return Object.fromEntries(
    Object.entries(RUBRIC).map(([category, items]) => [
      category,
      Object.fromEntries(Object.keys(items).map((item) => [item, holds])),
    ]),
  ) as Rubric;
}

/** An answer that finds nothing, unless told otherwise. */
export function buildAnswer(overrides: Partial<RubricAnswer> = {}): RubricAnswer {
  return RubricAnswer.parse({
    rubric: allHolds(),
    findings: [],
    strengths: [],
    summary: 'A short loop that does what it says.',
    followUps: [],
    ...overrides,
  });
}

/** A finding about the division in `buildSubject()`. */
export function buildFinding(
  overrides: Partial<RubricAnswer['findings'][number]> = {},
): RubricAnswer['findings'][number] {
  return {
    category: 'edgeCases',
    severity: 'major',
    startLine: 4,
    endLine: 4,
    quote: 'return total / numbers.length;',
    explanation: 'For an empty list this divides zero by zero.',
    hint: 'What should the mean of nothing be?',
    concept: 'division by zero',
    ...overrides,
  };
}
