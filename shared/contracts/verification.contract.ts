import { z } from 'zod';
import { TestVerdict, Verdict } from './grade.contract.ts';

/** How far the platform's own check of an exercise version is. Learners meet a version only once it is `verified`. */
export const VerificationStatus = z.enum(['pending', 'verified', 'rejected']);
export type VerificationStatus = z.infer<typeof VerificationStatus>;

const FailedTest = z.object({ name: z.string(), verdict: TestVerdict, message: z.string().nullable() });
const GradedPart = z.object({ verdict: Verdict, score: z.int(), failed: z.array(FailedTest) });

/** What verification found out: whether the reference solution passes every test, and the starter code does not. */
export const VerificationReport = z.object({
  outcome: VerificationStatus.exclude(['pending']),
  /** Why the version was rejected, for its author: one line for each failing test of the solution. */
  reasons: z.array(z.string()),
  solution: GradedPart,
  starter: GradedPart,
});
export type VerificationReport = z.infer<typeof VerificationReport>;

/** `report` and `failure` are for the author only; `failure` says why the platform could not verify the version. */
export const VerificationView = z.object({
  exerciseId: z.guid(),
  version: z.int(),
  status: VerificationStatus,
  /** The version that learners meet meanwhile; null while none is verified. */
  publishedVersion: z.int().nullable(),
  report: VerificationReport.nullable(),
  failure: z.string().nullable(),
});
export type VerificationView = z.infer<typeof VerificationView>;
