import { z } from 'zod';
import { CleanText, PageQuery, Timestamp } from './common.contract.ts';
import { Fault, TestResult, Verdict } from './grade.contract.ts';

const MAX_CODE_BYTES = 65_536;

export const SubmissionStatus = z.enum(['queued', 'running', 'completed', 'cancelled', 'superseded', 'failed']);
export type SubmissionStatus = z.infer<typeof SubmissionStatus>;

/** Statuses after which nothing happens by itself. */
const FINISHED: ReadonlySet<SubmissionStatus> = new Set(['completed', 'cancelled', 'superseded', 'failed']);

export function isFinished(status: SubmissionStatus): boolean {
  return FINISHED.has(status);
}

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
export type SubmissionSummary = z.infer<typeof SubmissionSummary>;

/** Below the 30 s after which the server, and many a proxy, cuts a connection on which nothing moves. */
export const MAX_WAIT_SECONDS = 25;

/** `wait`: how many seconds the answer may be held back for something new to tell. */
export const SubmissionQuery = z.strictObject({
  wait: z.coerce.number().int().min(0).max(MAX_WAIT_SECONDS).default(0),
});

export const SubmissionListQuery = z.strictObject({
  ...PageQuery.shape,
  status: SubmissionStatus.optional(),
  verdict: Verdict.optional(),
});
export type SubmissionListQuery = z.output<typeof SubmissionListQuery>;

/** Why a submission is not being graded, or that it is. */
export const QueueReason = z.enum([
  'waiting_for_worker',
  'behind_others',
  'behind_own_submissions',
  'queue_paused',
  'queue_backend_unavailable',
  'not_sent_yet',
  'retrying',
  'running',
  'finished',
]);
export type QueueReason = z.infer<typeof QueueReason>;

export const QueuePlace = z.object({
  status: SubmissionStatus,
  /** 1 is served next; null when it does not wait. */
  position: z.int().nullable(),
  ahead: z.int().nullable(),
  /** Counting stops at 500: then there are at least so many. */
  isCapped: z.boolean(),
  reason: QueueReason,
  /** The same for a person to read. */
  detail: z.string(),
  /** Until grading starts; null when recent throughput gives no honest estimate. */
  estimatedWaitMs: z.int().nullable(),
});
export type QueuePlace = z.infer<typeof QueuePlace>;
