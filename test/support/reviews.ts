import { Registry } from 'prom-client';
import { z } from 'zod';
import type { Grade } from '../../shared/contracts/grade.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { ExerciseDefinitions } from '../../shared/learning/exercise-definitions.ts';
import { requestReview } from '../../shared/learning/request-review.ts';
import { createReviewMetrics } from '../../shared/observability/review.metrics.ts';
import { NoAnswer, type AiClient } from '../../worker/ai/ai-client.ts';
import type { ReceivedJob, WorkerDeps } from '../../worker/processor.ts';
import type { ReviewDeps } from '../../worker/review/review-deps.ts';
import { RUBRIC, type RubricAnswer } from '../../worker/review/rubric.ts';
import type { StaticAnalysis } from '../../worker/review/static-analysis/static-analysis.ts';
import type { BuiltExercise } from './factories.ts';
import { buildGrade, buildTestResult, finishGrading } from './graded.ts';
import { buildSubmission, type BuiltSubmission } from './runs.ts';

/** Code that passes, with a defect that a model could point at. */
export const REVIEWED_SUM = `export function sum(a, b) {
  let total = a;
  const step = b < 0 ? -1 : 1;
  for (let left = Math.abs(b); left > 0; left -= 1) {
    total += step;
  }
  return total;
}
`;

/** What a model says that finds nothing, but for one remark on the loop of `REVIEWED_SUM`. */
export function modelAnswer(overrides: Partial<RubricAnswer> = {}): RubricAnswer {
  const rubric = Object.fromEntries(
    Object.entries(RUBRIC).map(([category, items]) => [
      category,
      Object.fromEntries(Object.keys(items).map((item) => [item, { holds: true, line: 0, quote: '' }])),
    ]),
  ) as RubricAnswer['rubric'];
  return {
    rubric,
    findings: [
      {
        category: 'efficiency',
        severity: 'major',
        startLine: 4,
        endLine: 4,
        quote: 'left -= 1',
        explanation: 'The loop takes as many rounds as the second number is large.',
        hint: 'What does the language offer for this in a single step?',
        concept: 'cost of an operation',
      },
    ],
    strengths: ['The function returns its result in one place.'],
    summary: 'The code is short and says what it does. Its work grows with the size of a number.',
    followUps: ['What happens with negative numbers?'],
    ...overrides,
  };
}

export interface ScriptedAi extends AiClient {
  /** The questions so far. */
  readonly questions: { system: string; user: string }[];
}

/** A client in the place of providers: `reply` is called for each question, with its number counted from 0. */
export function scriptAi(
  reply: (index: number, signal: AbortSignal) => RubricAnswer | Promise<RubricAnswer>,
): ScriptedAi {
  const questions: { system: string; user: string }[] = [];
  return {
    isConfigured: true,
    modelKey: 'test:scripted',
    questions,
    ask: async (question, _purpose, signal) => {
      questions.push({ system: question.system, user: question.user });
      const value = question.schema.parse(await reply(questions.length - 1, signal)) as never;
      return {
        value,
        provider: 'openai',
        model: 'scripted',
        usage: { inputTokens: 1000, outputTokens: 100 },
        costMicros: 700,
      };
    },
  };
}

/** A provider that never answers, for that reason. */
export function unavailableAi(details: ConstructorParameters<typeof NoAnswer>[1] = {}): ScriptedAi {
  return scriptAi(() => Promise.reject(new NoAnswer('provider_unavailable', details)));
}

/** What makes reviews in this process, with that client. */
export function reviewDepsOf({ config, db, log }: WorkerDeps, analysis: StaticAnalysis, ai: AiClient): ReviewDeps {
  return {
    config,
    db,
    log,
    ai,
    analysis,
    definitions: new ExerciseDefinitions(db),
    reviewMetrics: createReviewMetrics(new Registry()),
  };
}

export type BuiltReview = BuiltSubmission & { reviewId: string };

/** A graded submission whose review waits to be made; its job is the suite's to send. */
export async function buildReview(
  db: Database,
  exercise: BuiltExercise,
  { code = REVIEWED_SUM, grade = {}, learnerId }: { code?: string; grade?: Partial<Grade>; learnerId?: string } = {},
): Promise<BuiltReview> {
  const submission = await buildGraded(db, exercise, code, grade, learnerId);
  const { submissionId } = submission;
  const job = await requestReview(
    db,
    { submissionId, learnerId: submission.learnerId, exerciseId: exercise.exerciseId },
    'graded',
  );
  const reviewId = z.object({ reviewId: z.string() }).parse(job?.payload).reviewId;
  await db.query(sql.typeAlias('void')`DELETE FROM outbox WHERE job_id = ${job?.job_id ?? ''}`);
  return { ...submission, reviewId };
}

/** A submission with a grade, and nothing that follows from it. */
export async function buildGraded(
  db: Database,
  exercise: BuiltExercise,
  code: string,
  grade: Partial<Grade> = {},
  learnerId?: string,
): Promise<BuiltSubmission> {
  const submission = await buildSubmission(db, exercise, code, learnerId);
  await finishGrading(db, submission.submissionId, buildGrade({ tests: [buildTestResult()], ...grade }));
  return submission;
}

const ReviewRecord = z.strictObject({
  id: z.string(),
  status: z.string(),
  work: z.string(),
  reason: z.string(),
  source: z.string().nullable(),
  degraded_reason: z.string().nullable(),
  crashes: z.number(),
  dispatch: z.number(),
  attempt_token: z.string().nullable(),
  summary: z.string().nullable(),
  input_tokens: z.number(),
  cost_micros: z.number(),
  verdict: z.string().nullable(),
  failure: z.string().nullable(),
  may_be_upgraded: z.boolean(),
});

/** What the database knows of a submission's review. */
export async function readReview(db: Database, submissionId: string): Promise<z.infer<typeof ReviewRecord>> {
  return db.one(sql.type(ReviewRecord)`
    SELECT id, status, work, reason, source, degraded_reason, crashes, dispatch, attempt_token, body->>'summary' AS summary, input_tokens,
      cost_micros::float8 AS cost_micros, verdict, failure, upgrade_after IS NOT NULL AS may_be_upgraded
    FROM reviews WHERE submission_id = ${submissionId}`);
}

/** Makes a review look as if it had been asked for so long ago. */
export async function ageReview(db: Database, reviewId: string, seconds: number): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE reviews SET asked_at = now() - make_interval(secs => ${seconds}), dispatched_at = now() - make_interval(secs => ${seconds})
    WHERE id = ${reviewId}`);
}

/** The job of a review as a processor gets it. */
export function receivedReviewJob(
  reviewId: string,
  options: { dispatch?: number; isLastAttempt?: boolean } = {},
): ReceivedJob<'review'> {
  const { dispatch = 1, isLastAttempt = false } = options;
  return { id: newId(), name: 'review', payload: { reviewId, dispatch }, isLastAttempt };
}
