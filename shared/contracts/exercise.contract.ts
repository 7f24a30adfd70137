import { z } from 'zod';
import { NamedMoment } from './common.contract.ts';

/** Languages a learner can submit in. A language is added here and as one `worker/grading/runtimes/<language>.runtime.ts`. */
export const Language = z.enum(['javascript', 'typescript', 'python', 'sql']);
export type Language = z.infer<typeof Language>;

export const Difficulty = z.enum(['easy', 'medium', 'hard']);

/** Who sees a test's inputs and answers: everybody, only those whose submission passed it, nobody. */
export const TestVisibility = z.enum(['always', 'after_pass', 'never']);
export type TestVisibility = z.infer<typeof TestVisibility>;

/** A path inside the exercise's folder: relative, no `..`, no hidden files. */
const RelativePath = z
  .string()
  .min(1)
  .max(200)
  .regex(
    /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.\-/]*$/,
    'must be a relative path of letters, digits, "_", "-", "." and "/"',
  );

/** How an answer is held against the expected one. `approximate` compares numbers at any depth with an absolute-or-relative tolerance. */
export const CallComparison = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('exact') }),
  z.strictObject({ type: z.literal('unordered') }),
  z.strictObject({ type: z.literal('approximate'), tolerance: z.number().positive().max(1).default(1e-9) }),
]);
export type CallComparison = z.infer<typeof CallComparison>;

const FunctionName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z_$][\w$]*$/, 'must be a function name');

const TestName = z.string().min(1).max(200);
const graded = {
  weight: z.number().positive().max(1000).default(1),
  visibility: TestVisibility.default('always'),
};

/** Calls one exported function with JSON arguments and compares what it returns. */
export const CallTest = z.strictObject({
  kind: z.literal('call'),
  name: TestName,
  ...graded,
  function: FunctionName,
  args: z.array(z.json()).max(20),
  expected: z.json(),
  comparison: CallComparison.default({ type: 'exact' }),
});
export type CallTest = z.infer<typeof CallTest>;

/**
 * How printed text is held against the expected one; `\r\n` counts as `\n` in all of them.
 *
 * - `exact`: every character.
 * - `trimmed`: line by line, but for white space at the ends of lines and blank lines at both ends of the text.
 * - `tokens`: the words, whatever white space is between them.
 * - `numeric`: as `tokens`, but two words that are numbers may differ by `tolerance`, absolute or relative to the larger one.
 */
export const StdioComparison = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('exact') }),
  z.strictObject({ type: z.literal('trimmed') }),
  z.strictObject({ type: z.literal('tokens') }),
  z.strictObject({ type: z.literal('numeric'), tolerance: z.number().positive().max(1).default(1e-9) }),
]);
export type StdioComparison = z.infer<typeof StdioComparison>;

/** Runs the whole program afresh, gives it `stdin`, and compares what it prints. */
export const StdioTest = z.strictObject({
  kind: z.literal('stdio'),
  name: TestName,
  ...graded,
  stdin: z.string().max(200_000).default(''),
  expectedStdout: z.string().max(200_000),
  comparison: StdioComparison.default({ type: 'trimmed' }),
});
export type StdioTest = z.infer<typeof StdioTest>;

/**
 * A file of the language's own unit tests, which imports the learner's entrypoint. Each of its cases becomes a result of its own with
 * an equal share of the weight. Cases that the file skips are reported as `skipped` and count nothing, unless `runSkipped`.
 */
export const SuiteTest = z.strictObject({
  kind: z.literal('suite'),
  name: TestName.default('Unit tests'),
  ...graded,
  path: RelativePath,
  content: z.string().min(1).max(200_000),
  runSkipped: z.boolean().default(false),
});
export type SuiteTest = z.infer<typeof SuiteTest>;

/**
 * Asks a database. Each test has a fresh one: `setup` is run, then the learner's script; the answer is the rows of the script's last
 * statement that returns any, or of `check`, asked afterwards. The rows wanted are `expectedRows`, or what `reference` gives in the place
 * of the learner's script. Names of columns are not compared; the order of rows is only where they are `ordered`.
 */
export const QueryTest = z.strictObject({
  kind: z.literal('query'),
  name: TestName,
  ...graded,
  dialect: z.enum(['sqlite', 'postgres']),
  setup: z.string().max(200_000).default(''),
  reference: z.string().min(1).max(65_536).optional(),
  expectedRows: z.array(z.array(z.json()).max(100)).max(10_000).optional(),
  ordered: z.boolean().default(false),
  check: z.string().min(1).max(65_536).optional(),
});
export type QueryTest = z.infer<typeof QueryTest>;

export const ExerciseTest = z.discriminatedUnion('kind', [CallTest, StdioTest, SuiteTest, QueryTest]);
export type ExerciseTest = z.infer<typeof ExerciseTest>;

/** Limits of one test, in the terms of a native engine; the platform scales cpu by a measured factor per engine. */
export const ExerciseLimits = z.strictObject({
  cpuMs: z.int().min(50).max(10_000).default(2000),
  wallMs: z.int().min(100).max(30_000).default(10_000),
  memoryMb: z.int().min(16).max(128).default(64),
  outputKb: z.int().min(1).max(256).default(64),
});
export type ExerciseLimits = z.infer<typeof ExerciseLimits>;

/** A read-only file beside the entrypoint; modules among them can be imported by the learner's code. */
export const ExerciseFile = z.strictObject({ path: RelativePath, content: z.string().max(200_000) });
export type ExerciseFile = z.infer<typeof ExerciseFile>;

/** The authoring contract: what an author writes and what the platform stores as one version of an exercise. */
export const ExerciseDefinition = z.strictObject({
  slug: z
    .string()
    .min(1)
    .max(80)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by "-"'),
  title: z.string().trim().min(1).max(160),
  description: z.string().min(1).max(50_000),
  language: Language,
  difficulty: Difficulty,
  points: z.int().min(1).max(1000).default(100),
  hints: z.array(z.string().min(1).max(2000)).max(10).default([]),
  entrypoint: RelativePath,
  starterCode: z.string().max(65_536),
  solutionCode: z.string().min(1).max(65_536),
  files: z.array(ExerciseFile).max(20).default([]),
  limits: ExerciseLimits.prefault({}),
  /** Where the program's clock stands still, for solutions that ask what time it is; without it the clock runs. */
  clock: NamedMoment.optional(),
  tests: z.array(ExerciseTest).min(1).max(100),
});
export type ExerciseDefinition = z.infer<typeof ExerciseDefinition>;
