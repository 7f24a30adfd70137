import { z } from 'zod';
import { TestVisibility } from './exercise.contract.ts';

/** Verdict of a whole submission, worst counted test first. */
export const Verdict = z.enum([
  'security_violation',
  'invalid_submission',
  'compile_error',
  'runtime_error',
  'memory_limit',
  'time_limit',
  'output_limit',
  'wrong_answer',
  'partial',
  'accepted',
]);
export type Verdict = z.infer<typeof Verdict>;

/** Verdict of one test. `skipped`: not run, because an earlier fault made it pointless or, with weight 0, because its suite says so. */
export const TestVerdict = z.enum([...Verdict.exclude(['partial']).options, 'skipped']);
export type TestVerdict = z.infer<typeof TestVerdict>;

/** Whose fault a non-accepted result is: the learner's code, the exercise, or Learnify itself. */
export const Fault = z.enum(['learner', 'author', 'platform']);
export type Fault = z.infer<typeof Fault>;

/** One difference between the expected and the actual answer; `path` is a JSON Pointer (RFC 6901). */
export const AnswerDifference = z.object({
  path: z.string(),
  kind: z.enum(['missing', 'unexpected', 'different']),
  expected: z.json().optional(),
  actual: z.json().optional(),
});
export type AnswerDifference = z.infer<typeof AnswerDifference>;

/** What the grader found for one test, before anything is hidden from the learner. */
export const TestResult = z.object({
  name: z.string(),
  verdict: TestVerdict,
  visibility: TestVisibility,
  weight: z.number(),
  cpuMs: z.number(),
  wallMs: z.number(),
  memoryKb: z.number().nullable(),
  message: z.string().nullable(),
  stdout: z.string(),
  input: z.json().optional(),
  expected: z.json().optional(),
  actual: z.json().optional(),
  diff: z.array(AnswerDifference).optional(),
});
export type TestResult = z.infer<typeof TestResult>;

/** The grade of one run: what `grade()` answers and what is stored with the run. */
export const Grade = z.object({
  verdict: Verdict,
  score: z.int().min(0).max(100),
  fault: Fault.nullable(),
  tests: z.array(TestResult),
  stdout: z.string(),
  engine: z.string(),
});
export type Grade = z.infer<typeof Grade>;
