import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import type { ClaimedReviewRow } from '../../shared/learning/review-work.repository.ts';
import { findReviewedSubmission } from '../../shared/learning/review.repository.ts';
import { JobError } from '../processor.ts';
import { redactSecrets } from './redaction.ts';
import type { ReviewDeps } from './review-deps.ts';
import type { ReviewSubject } from './subject.ts';

/**
 * What a review is about, as all steps after this one know it: without secrets, and without a word on whose it is.
 *
 * @throws JobError when there is nothing to be reviewed any more, which no retry changes.
 */
export async function loadSubject(
  { db, definitions }: Pick<ReviewDeps, 'db' | 'definitions'>,
  review: ClaimedReviewRow,
): Promise<ReviewSubject> {
  const submission = await findReviewedSubmission(db, review.submission_id);
  if (submission === null || submission.result === null) {
    throw new JobError('The submission has no grade to review.', { retryable: false });
  }
  const definition = await definitions.get(submission.exercise_version_id);
  return {
    language: definition.language,
    dialect: dialectOf(definition),
    entrypoint: definition.entrypoint,
    code: redactSecrets(submission.code, definition.language).code,
    exercise: {
      versionId: submission.exercise_version_id,
      title: definition.title,
      description: definition.description,
      starterCode: definition.starterCode,
      solutionCode: definition.solutionCode,
    },
    grade: submission.result,
  };
}

function dialectOf({ language, tests }: ExerciseDefinition): ReviewSubject['dialect'] {
  if (language !== 'sql') return null;
  return tests.find((test) => test.kind === 'query')?.dialect ?? 'sqlite';
}
