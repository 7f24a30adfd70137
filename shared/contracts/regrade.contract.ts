import { z } from 'zod';
import { Timestamp } from './common.contract.ts';
import { Fault, Verdict } from './grade.contract.ts';

/**
 * Asks to grade submissions again, against the exercise's current version. Without `dryRun: false` nothing is graded: the answer says what
 * would be, and holds the `confirmToken` that the real request must repeat together with the same selection.
 */
const RegradeConfirmation = {
  dryRun: z.boolean().default(true),
  confirmToken: z.string().min(1).max(100).optional(),
};

export const RegradeSubmissionRequest = z.strictObject(RegradeConfirmation);
export type RegradeSubmissionRequest = z.output<typeof RegradeSubmissionRequest>;

/** Which submissions of an exercise: all that are graded (and, for operators, those that failed), narrowed down by what is given. */
export const RegradeSelection = z.strictObject({
  /** Only those graded against a version with a lower number. */
  onlyVersionsBefore: z.int().min(1).optional(),
  verdicts: z.array(Verdict).min(1).max(Verdict.options.length).optional(),
  /** `failed`: those that the platform gave up on; for operators. */
  status: z.enum(['completed', 'failed']).optional(),
});
export type RegradeSelection = z.output<typeof RegradeSelection>;

export const RegradeExerciseRequest = z.strictObject({ ...RegradeConfirmation, ...RegradeSelection.shape });
export type RegradeExerciseRequest = z.output<typeof RegradeExerciseRequest>;

/** `proposed`: a dry run. `superseded`: a newer regrade of the exercise took over; runs asked for by then still end. */
export const RegradeStatus = z.enum(['proposed', 'running', 'completed', 'superseded']);
export type RegradeStatus = z.infer<typeof RegradeStatus>;

/** What a dry run found: how many submissions, by the verdict they have (`failed` for none) and the version they were graded against. */
export const RegradeReport = z.object({
  total: z.int(),
  byVerdict: z.record(z.string(), z.int()),
  byVersion: z.array(z.object({ version: z.int(), count: z.int() })),
  sampleSubmissionIds: z.array(z.guid()),
});
export type RegradeReport = z.infer<typeof RegradeReport>;

/** How a verdict changed, and how often: `from` is null where the platform had failed. */
const VerdictChange = z.object({ from: Verdict.nullable(), to: Verdict, count: z.int() });

export const RegradeView = z.object({
  id: z.guid(),
  exerciseId: z.guid(),
  /** Set when it is about this one submission. */
  submissionId: z.guid().nullable(),
  status: RegradeStatus,
  selection: RegradeSelection,
  /** The number of the version that is graded against. */
  version: z.int(),
  report: RegradeReport,
  progress: z.object({
    /** Submissions not yet looked at; at most so many runs will follow. */
    remaining: z.int(),
    skipped: z.int(),
    queued: z.int(),
    running: z.int(),
    completed: z.int(),
    failed: z.int(),
    cancelled: z.int(),
    verdicts: z.array(VerdictChange),
  }),
  /** Only in the answer to a dry run. */
  confirmToken: z.string().optional(),
  confirmBefore: Timestamp.nullable(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  completedAt: Timestamp.nullable(),
});
export type RegradeView = z.infer<typeof RegradeView>;

/** One time that a submission was graded; the history of a submission is the list of its runs. */
export const GradingRunView = z.object({
  id: z.guid(),
  runNumber: z.int(),
  reason: z.enum(['submitted', 'regrade']),
  status: z.enum(['queued', 'running', 'completed', 'cancelled', 'failed']),
  verdict: Verdict.nullable(),
  score: z.int().nullable(),
  fault: Fault.nullable(),
  /** The number of the exercise version that it was graded against. */
  version: z.int(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  completedAt: Timestamp.nullable(),
});
export type GradingRunView = z.infer<typeof GradingRunView>;
