import { z } from 'zod';
import { Role } from './auth.contract.ts';
import { Timestamp } from './common.contract.ts';
import { CourseKind, CourseStatus, MetaCategory } from './course.contract.ts';
import { Fault, TestResult, Verdict } from './grade.contract.ts';
import { DegradedReason, ReviewBody, ReviewScores, ReviewSource, ReviewStatus } from './review.contract.ts';
import { SubmissionStatus } from './submission.contract.ts';

const Profile = z.object({
  id: z.guid(),
  email: z.string(),
  name: z.string(),
  roles: z.array(Role),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  emailVerifiedAt: Timestamp.nullable(),
  passwordChangedAt: Timestamp,
  secondFactorActivatedAt: Timestamp.nullable(),
});

const Archetype = z.object({
  metaCategory: MetaCategory,
  domain: z.string(),
  skillLevel: z.string(),
  variables: z.json(),
  updatedAt: Timestamp,
});

/** One login, without its tokens. */
const ExportedSession = z.object({
  id: z.guid(),
  kind: z.enum(['api', 'ops']),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  secondFactor: z.boolean(),
  createdAt: Timestamp,
  lastUsedAt: Timestamp,
  expiresAt: Timestamp,
  revokedAt: Timestamp.nullable(),
  revokedReason: z.string().nullable(),
});

/** A device that logins came from before, without its token. */
const ExportedDevice = z.object({ createdAt: Timestamp, lastUsedAt: Timestamp });

/** A mail that was asked for; `outcome` says what became of it. */
const ExportedMail = z.object({ template: z.string(), createdAt: Timestamp, outcome: z.string().nullable() });

/** A course of one's own: one made for the learner, or one that they wrote. What is in it is at `/courses/{id}`. */
const ExportedCourse = z.object({
  id: z.guid(),
  kind: CourseKind,
  title: z.string(),
  description: z.string(),
  status: CourseStatus,
  createdAt: Timestamp,
});

const ExportedEnrollment = z.object({ courseId: z.guid(), courseTitle: z.string(), enrolledAt: Timestamp });

const ExportedSolution = z.object({
  exerciseId: z.guid(),
  exerciseTitle: z.string().nullable(),
  submissionId: z.guid(),
  points: z.int(),
  solvedAt: Timestamp,
});

const ExportedHint = z.object({ exerciseId: z.guid(), hintNumber: z.int(), usedAt: Timestamp });

const ExportedReview = z.object({
  id: z.guid(),
  status: ReviewStatus,
  source: ReviewSource.nullable(),
  degradedReason: DegradedReason.nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  body: ReviewBody.nullable(),
  feedback: z.object({ helpful: z.boolean(), comment: z.string().nullable() }).nullable(),
  createdAt: Timestamp,
  completedAt: Timestamp.nullable(),
});

/** A submission with its code and its newest result; of hidden tests as little as its learner ever sees. */
const ExportedSubmission = z.object({
  id: z.guid(),
  exerciseId: z.guid(),
  exerciseTitle: z.string(),
  language: z.string(),
  attempt: z.int(),
  countsAsAttempt: z.boolean(),
  code: z.string(),
  status: SubmissionStatus,
  verdict: Verdict.nullable(),
  score: z.int().nullable(),
  fault: Fault.nullable(),
  stdout: z.string(),
  tests: z.array(TestResult),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  completedAt: Timestamp.nullable(),
  review: ExportedReview.nullable(),
});

/** What an instructor said of a review of somebody's code. */
const ExportedOverride = z.object({
  reviewId: z.guid(),
  scores: ReviewScores.nullable(),
  comment: z.string(),
  createdAt: Timestamp,
});

const ExportedRegrade = z.object({ id: z.guid(), exerciseId: z.guid(), status: z.string(), createdAt: Timestamp });

/** A question that was put to a language model for the learner. */
const ExportedAiRequest = z.object({
  purpose: z.string(),
  provider: z.string(),
  model: z.string(),
  createdAt: Timestamp,
  inputTokens: z.int().nullable(),
  outputTokens: z.int().nullable(),
  /** Millionths of a US dollar. */
  costMicros: z.int().nullable(),
});

/** What one did, or what was done to one's account; who else did it, and where from, is not one's own data. */
const ExportedAuditEntry = z.object({
  id: z.string(),
  occurredAt: Timestamp,
  action: z.string(),
  by: z.enum(['you', 'somebody else']),
  target: z.string().nullable(),
  ip: z.string().nullable(),
  requestId: z.string().nullable(),
  details: z.json(),
});

/** Everything that is kept about one account. */
export const AccountExport = z.object({
  exportedAt: Timestamp,
  profile: Profile,
  archetype: Archetype.nullable(),
  sessions: z.array(ExportedSession),
  knownDevices: z.array(ExportedDevice),
  mails: z.array(ExportedMail),
  courses: z.array(ExportedCourse),
  enrollments: z.array(ExportedEnrollment),
  solvedExercises: z.array(ExportedSolution),
  hintsUsed: z.array(ExportedHint),
  submissions: z.array(ExportedSubmission),
  reviewOverrides: z.array(ExportedOverride),
  regrades: z.array(ExportedRegrade),
  aiRequests: z.array(ExportedAiRequest),
  auditEntries: z.array(ExportedAuditEntry),
});
