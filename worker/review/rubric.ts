import { z } from 'zod';
import { ReviewCategory, ReviewSeverity } from '../../shared/contracts/review.contract.ts';

/** Raised whenever an item comes, goes or changes its meaning: reviews made under another rubric are not served again. */
export const RUBRIC_VERSION = '1';

/**
 * What a model is asked about every program, category by category: statements that hold or do not. A model gives no numbers. It can only say
 * that a statement does not hold, and where, and that counts once the place is found; what it says in favour of the code moves no score.
 */
export const RUBRIC = {
  codeSense: {
    oneTaskEach: 'Every function (or query part) does one thing that can be named.',
    clearFlow: 'The flow of control can be followed without keeping more than a few things in mind.',
    noRepetition: 'No logic stands in several places with small differences.',
    noDeadCode: 'Every statement, variable and branch has an effect on the result.',
  },
  efficiency: {
    fittingGrowth: 'Work grows with the size of the input no faster than the task needs.',
    fittingStructures: 'Data is kept in structures that suit how it is looked up and changed.',
    noRepeatedWork: 'Nothing that does not change is computed, sorted, searched or queried again and again.',
    noNeedlessCopies: 'Data is not copied or held in memory without need.',
  },
  edgeCases: {
    emptyInput: 'Empty input gets the answer that the exercise asks for.',
    boundaries: 'First, last, equal, zero, negative and largest values are treated rightly.',
    missingValues: 'Missing, unknown or malformed values are treated as the exercise asks, without accidents.',
    inputKeptIntact: 'What the caller handed over is not changed, unless the exercise asks for it.',
  },
  taste: {
    simplestForm: 'Nothing is more elaborate than the task asks for.',
    idiomatic: 'It uses the means that the language offers for this.',
    consistent: 'Like things are done in like ways.',
    noUnexplainedValues: 'Numbers and texts that carry meaning are named.',
  },
} as const satisfies Record<ReviewCategory, Record<string, string>>;

/** Of a statement that holds, line and quote are 0 and empty. */
const Judgement = z.strictObject({ holds: z.boolean(), line: z.number(), quote: z.string() });
export type Judgement = z.infer<typeof Judgement>;

const judgementsOf = <Item extends string>(items: Record<Item, string>) =>
  z.strictObject(
    Object.fromEntries(Object.keys(items).map((item) => [item, Judgement])) as Record<Item, typeof Judgement>,
  );

/**
 * What a model answers. The shape is strict; lengths and numbers are not in it, since not all providers can be told of them: what is too much
 * is cut off later.
 */
export const RubricAnswer = z.strictObject({
  rubric: z.strictObject({
    codeSense: judgementsOf(RUBRIC.codeSense),
    efficiency: judgementsOf(RUBRIC.efficiency),
    edgeCases: judgementsOf(RUBRIC.edgeCases),
    taste: judgementsOf(RUBRIC.taste),
  }),
  findings: z.array(
    z.strictObject({
      category: ReviewCategory,
      severity: ReviewSeverity,
      startLine: z.number(),
      endLine: z.number(),
      quote: z.string(),
      explanation: z.string(),
      hint: z.string(),
      concept: z.string(),
    }),
  ),
  strengths: z.array(z.string()),
  summary: z.string(),
  followUps: z.array(z.string()),
});
export type RubricAnswer = z.infer<typeof RubricAnswer>;
