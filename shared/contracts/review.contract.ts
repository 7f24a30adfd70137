import { z } from 'zod';
import { CleanText, Timestamp } from './common.contract.ts';

/** What a senior review looks at. */
export const ReviewCategory = z.enum(['codeSense', 'efficiency', 'edgeCases', 'taste']);
export type ReviewCategory = z.infer<typeof ReviewCategory>;

export const ReviewSeverity = z.enum(['minor', 'major', 'critical']);
export type ReviewSeverity = z.infer<typeof ReviewSeverity>;

export const ReviewStatus = z.enum(['pending', 'running', 'completed', 'failed']);
export type ReviewStatus = z.infer<typeof ReviewStatus>;

/** `llm`: a language model's, checked. `cache`: that of the same code before. `static`: by analysis alone. */
export const ReviewSource = z.enum(['llm', 'cache', 'static']);
export type ReviewSource = z.infer<typeof ReviewSource>;

/** Why a review is not what it could be: it is a static one, or one without a part of it. */
export const DegradedReason = z.enum([
  'no_provider',
  'switched_off',
  'budget_learner',
  'budget_platform',
  'provider_unavailable',
  'provider_refused',
  'invalid_answer',
  'deadline',
  'too_large',
  'platform_fault',
]);
export type DegradedReason = z.infer<typeof DegradedReason>;

const score = z.int().min(0).max(100);
export const ReviewScores = z.strictObject({
  codeSense: score,
  efficiency: score,
  edgeCases: score,
  taste: score,
  /** The mean of the four, rounded. */
  overall: score,
});
export type ReviewScores = z.infer<typeof ReviewScores>;

/** One remark, tied to lines of the learner's code (counted from 1, both included). `quote` is what stands there. */
export const Finding = z.strictObject({
  category: ReviewCategory,
  severity: ReviewSeverity,
  startLine: z.int().min(1),
  endLine: z.int().min(1),
  quote: z.string().max(500),
  explanation: z.string().max(1000),
  hint: z.string().max(600),
  concept: z.string().max(80),
});
export type Finding = z.infer<typeof Finding>;

/** What a review says, whoever said it. All of it is plain text, safe to be shown. */
export const ReviewBody = z.strictObject({
  scores: ReviewScores,
  summary: z.string().max(1200),
  strengths: z.array(z.string().max(300)).max(3),
  findings: z.array(Finding).max(5),
  followUps: z.array(z.string().max(300)).max(2),
});
export type ReviewBody = z.infer<typeof ReviewBody>;

export const TokenUsage = z.strictObject({ inputTokens: z.int().min(0), outputTokens: z.int().min(0) });
export type TokenUsage = z.infer<typeof TokenUsage>;

/** A review as a learner sees it; what it says is there once it is `completed`. */
export const ReviewView = z.object({
  id: z.guid(),
  submissionId: z.guid(),
  status: ReviewStatus,
  source: ReviewSource.nullable(),
  degradedReason: DegradedReason.nullable(),
  scores: ReviewScores.nullable(),
  summary: z.string().nullable(),
  strengths: z.array(z.string()),
  findings: z.array(Finding),
  followUps: z.array(z.string()),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  promptVersion: z.string().nullable(),
  usage: TokenUsage,
  /** Millionths of a US dollar. */
  costMicros: z.int(),
  feedback: z.object({ helpful: z.boolean(), comment: z.string().nullable() }).nullable(),
  override: z.object({ scores: ReviewScores.nullable(), comment: z.string(), createdAt: Timestamp }).nullable(),
  createdAt: Timestamp,
  completedAt: Timestamp.nullable(),
});
export type ReviewView = z.infer<typeof ReviewView>;

export const FeedbackRequest = z.strictObject({
  helpful: z.boolean(),
  comment: CleanText.max(2000).optional(),
});

/** An instructor's own judgement, kept beside the review and never in its place. */
export const OverrideRequest = z.strictObject({
  scores: ReviewScores.omit({ overall: true }).optional(),
  comment: CleanText.min(1).max(4000),
});

const difference = z.number().nullable();

/** How the reviews of an exercise compare with what its learners and instructors say of them. */
export const ReviewAgreement = z.object({
  exerciseId: z.guid(),
  /** By what they are made of; `unfinished` ones are pending, running or failed. */
  reviews: z.object({ llm: z.int(), cache: z.int(), static: z.int(), unfinished: z.int() }),
  feedback: z.object({ helpful: z.int(), unhelpful: z.int() }),
  /** Reviews that an instructor has judged, and how many of these judgements have scores to compare with. */
  overrides: z.object({ total: z.int(), withScores: z.int() }),
  /** Mean absolute difference between the instructors' scores and the reviews', in points; null without anything to compare. */
  meanAbsoluteDifference: z.object({
    codeSense: difference,
    efficiency: difference,
    edgeCases: difference,
    taste: difference,
    overall: difference,
  }),
  /** Share (0–1) of the judgements whose overall score is at most 10 points from the review's; null without any. */
  withinTenPoints: z.number().nullable(),
});
export type ReviewAgreement = z.infer<typeof ReviewAgreement>;
