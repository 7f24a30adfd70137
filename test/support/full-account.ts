import { randomBytes } from 'node:crypto';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { buildCourse, buildExercise, buildSolved, sumExercise, type BuiltExercise } from './factories.ts';
import { buildGrade, buildTestResult, finishGrading } from './graded.ts';
import { buildSubmission } from './runs.ts';

/** Stands in the code, the comments and the names that a full account leaves everywhere. */
export const MARK = 'quetzalcoatl';
/** Where its sessions and deeds came from. */
export const ADDRESS = '203.0.113.77';

export interface FullAccount {
  userId: string;
  email: string;
  exercise: BuiltExercise;
  submissionId: string;
  reviewId: string;
  publishedCourseId: string;
  draftCourseId: string;
  generatedCourseId: string;
  /** Of another learner, to whose review the account added its judgement. */
  other: { userId: string; submissionId: string; reviewId: string };
}

const hidden = buildTestResult({
  name: 'secret case',
  visibility: 'never',
  input: ['hidden input'],
  expected: 'hidden answer',
});

/** Leaves a trace of an account, and one of another learner, in every table that can have one. */
export async function fillAccount(db: Database, userId: string, email: string, otherId: string): Promise<FullAccount> {
  const exercise = await buildExercise(db);
  const own = await gradeAndReview(db, exercise, userId);
  const other = await gradeAndReview(db, exercise, otherId);
  const published = await buildCourse(db, [[sumExercise()]], { ownerId: userId, title: 'Published' });
  const draft = await buildCourse(db, [[sumExercise()]], { ownerId: userId, status: 'draft', title: `Draft ${MARK}` });
  const generated = await buildCourse(db, [[sumExercise()]], {
    ownerId: userId,
    kind: 'generated',
    title: `For ${MARK}`,
  });
  await buildSolved(db, userId, exercise.exerciseId);
  await buildSolved(db, otherId, exercise.exerciseId);
  const statements = [
    sql.fragment`INSERT INTO archetypes (user_id, meta_category, domain, skill_level, variables)
      VALUES (${userId}, 'Digital', ${MARK}, 'novice', ${sql.jsonb({ ENTITY: MARK })})`,
    sql.fragment`INSERT INTO sessions (id, user_id, kind, ip, user_agent, expires_at)
      VALUES (${newId()}, ${userId}, 'ops', ${ADDRESS}, ${`Browser of ${MARK}`}, now() + interval '1 hour')`,
    sql.fragment`INSERT INTO mfa_secrets (user_id, secret_encrypted, activated_at) VALUES (${userId}, ${bytes()}, now())`,
    sql.fragment`INSERT INTO mfa_setups (user_id, secret_encrypted) VALUES (${userId}, ${bytes()})`,
    sql.fragment`INSERT INTO mfa_recovery_codes (user_id, code_hash) VALUES (${userId}, ${bytes()})`,
    sql.fragment`INSERT INTO mfa_challenges (token_hash, user_id, expires_at) VALUES (${bytes()}, ${userId}, now() + interval '1 hour')`,
    sql.fragment`INSERT INTO known_devices (token_hash, user_id) VALUES (${bytes()}, ${userId})`,
    // Before the tokens that the suite works with.
    sql.fragment`INSERT INTO revocations (user_id, kind, revoked_at) VALUES (${userId}, 'stale', now() - interval '1 hour')`,
    sql.fragment`INSERT INTO account_requests (id, purpose, user_id, email, expires_at)
      VALUES (${newId()}, 'reset_password', ${userId}, ${email}, now() + interval '1 hour')`,
    sql.fragment`INSERT INTO mails (id, template, recipient, recipient_key, user_id)
      VALUES (${newId()}, 'password_changed', ${email}, ${email}, ${userId})`,
    sql.fragment`INSERT INTO enrollments (learner_id, course_id) VALUES (${userId}, ${exercise.courseId})`,
    sql.fragment`INSERT INTO enrollments (learner_id, course_id) VALUES (${otherId}, ${published.courseId})`,
    sql.fragment`INSERT INTO hints_used (learner_id, exercise_id, hint_number) VALUES (${userId}, ${exercise.exerciseId}, 1)`,
    sql.fragment`INSERT INTO idempotency_keys (user_id, key, request_hash, resource_id)
      VALUES (${userId}, ${MARK}, ${bytes()}, ${own.submissionId})`,
    sql.fragment`INSERT INTO review_overrides (id, review_id, author_id, comment, reviewed_source, reviewed_scores)
      VALUES (${newId()}, ${other.reviewId}, ${userId}, 'Well done.', 'static', '{}')`,
    sql.fragment`INSERT INTO regrades (id, exercise_id, exercise_version_id, requested_by, selection, report, confirm_hash, confirm_before,
        last_submission_id)
      VALUES (${newId()}, ${exercise.exerciseId}, ${exercise.versionId}, ${userId}, '{}', '{}', ${bytes()}, now(), ${newId()})`,
    sql.fragment`INSERT INTO ai_requests (id, provider, model, purpose, learner_id, subject_id, estimated_tokens, reserved_micros, expires_at,
        settled_at, outcome, input_tokens, output_tokens, cost_micros)
      VALUES (${newId()}, 'openai', 'some-model', 'review', ${userId}, ${own.reviewId}, 10, 10, now(), now(), 'answered', 5, 5, 42)`,
    sql.fragment`UPDATE ai_switch SET changed_by = ${userId}`,
  ];
  for (const statement of statements) await db.query(sql.typeAlias('void')`${statement}`);
  return {
    userId,
    email,
    exercise,
    ...own,
    publishedCourseId: published.courseId,
    draftCourseId: draft.courseId,
    generatedCourseId: generated.courseId,
    other: { userId: otherId, ...other },
  };
}

async function gradeAndReview(
  db: Database,
  exercise: BuiltExercise,
  learnerId: string,
): Promise<{ submissionId: string; reviewId: string }> {
  const { submissionId } = await buildSubmission(db, exercise, `// by ${MARK} ${learnerId}`, learnerId);
  const tests = [buildTestResult({ name: 'adds', stdout: `hello ${MARK}` }), hidden];
  await finishGrading(db, submissionId, buildGrade({ tests, stdout: `hello ${MARK}` }));
  const reviewId = newId();
  const contentHash = bytes();
  const statements = [
    sql.fragment`INSERT INTO reviews (id, submission_id, learner_id, exercise_id, status, source, work, content_hash)
      VALUES (${reviewId}, ${submissionId}, ${learnerId}, ${exercise.exerciseId}, 'completed', 'llm', 'idle', ${contentHash})`,
    sql.fragment`INSERT INTO review_cache (content_hash, body) VALUES (${contentHash}, ${sql.jsonb({ quote: `${MARK} ${learnerId}` })})`,
    sql.fragment`INSERT INTO review_feedback (review_id, helpful, comment) VALUES (${reviewId}, true, ${`Thanks, says ${learnerId}`})`,
  ];
  for (const statement of statements) await db.query(sql.typeAlias('void')`${statement}`);
  return { submissionId, reviewId };
}

const bytes = () => sql.binary(randomBytes(32));
