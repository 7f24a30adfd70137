import { z } from 'zod';
import { CleanText, Timestamp } from './common.contract.ts';
import { Fault, TestResult, Verdict } from './grade.contract.ts';

const MAX_CODE_BYTES = 65_536;

export const SubmissionStatus = z.enum(['queued', 'running', 'completed', 'cancelled', 'superseded', 'failed']);
export type SubmissionStatus = z.infer<typeof SubmissionStatus>;

export const SubmitRequest = z.strictObject({
  code: CleanText.refine((code) => code.trim() !== '', 'must not be empty').refine(
    (code) => Buffer.byteLength(code) <= MAX_CODE_BYTES,
    {
      message: `must have at most ${MAX_CODE_BYTES} bytes`,
      params: { tooLarge: true },
    },
  ),
});

/** What a poller sees. `status` is the platform's progress, `verdict` the learner's result, `fault` who is to blame for a bad end. */
export const SubmissionView = z.object({
  id: z.guid(),
  exerciseId: z.guid(),
  status: SubmissionStatus,
  verdict: Verdict.nullable(),
  score: z.int().nullable(),
  fault: Fault.nullable(),
  attempt: z.int(),
  countsAsAttempt: z.boolean(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  completedAt: Timestamp.nullable(),
  stdout: z.string(),
  tests: z.array(TestResult),
  review: z.object({ id: z.guid(), status: z.enum(['pending', 'running', 'completed', 'failed']) }).nullable(),
});
export type SubmissionView = z.infer<typeof SubmissionView>;

export const SubmissionSummary = SubmissionView.omit({ tests: true, stdout: true, review: true });
