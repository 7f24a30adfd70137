import type { SerializableValue } from 'slonik';
import { z } from 'zod';
import { CourseKind, CourseStatus } from '../contracts/course.contract.ts';
import { ExerciseDefinition } from '../contracts/exercise.contract.ts';
import { VerificationReport, VerificationStatus } from '../contracts/verification.contract.ts';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';
import { storableJson } from '../db/storable-json.ts';

const ExerciseRow = z.strictObject({
  id: z.string(),
  module_id: z.string(),
  module_number: z.number(),
  course_id: z.string(),
  course_kind: CourseKind,
  course_status: CourseStatus,
  sequential: z.boolean(),
  version_id: z.string(),
  version: z.number(),
  solved: z.boolean(),
});
export type ExerciseRow = z.infer<typeof ExerciseRow>;

/** An exercise's verified version, if the viewer may see its course; null for a stranger's draft as for an unknown id. */
export async function findVisibleExercise(db: Database, id: string, viewerId: string): Promise<ExerciseRow | null> {
  return db.maybeOne(sql.prepared('find_visible_exercise', ExerciseRow)`
    SELECT x.id, x.module_id, m.number AS module_number, c.id AS course_id, c.kind AS course_kind, c.status AS course_status, c.sequential,
      v.id AS version_id, v.version, s.exercise_id IS NOT NULL AS solved
    FROM exercises x
    JOIN exercise_versions v ON v.id = x.current_version_id
    JOIN modules m ON m.id = x.module_id
    JOIN courses c ON c.id = m.course_id
    LEFT JOIN enrollments e ON e.course_id = c.id AND e.learner_id = ${viewerId}
    LEFT JOIN solved_exercises s ON s.exercise_id = x.id AND s.learner_id = ${viewerId}
    WHERE x.id = ${id}
      AND ((c.status = 'active' AND (c.kind = 'authored' OR e.course_id IS NOT NULL)) OR c.owner_id = ${viewerId})`);
}

const AuthoredExerciseRow = z.strictObject({
  id: z.string(),
  module_id: z.string(),
  course_id: z.string(),
  version_id: z.string(),
  version: z.number(),
  verification: VerificationStatus,
  published_version: z.number().nullable(),
  solved: z.boolean(),
});
export type AuthoredExerciseRow = z.infer<typeof AuthoredExerciseRow>;

/** An author's own exercise with its newest version, verified or not; null for anybody else's. */
export async function findAuthoredExercise(
  db: Database,
  id: string,
  authorId: string,
): Promise<AuthoredExerciseRow | null> {
  return db.maybeOne(sql.type(AuthoredExerciseRow)`
    SELECT x.id, x.module_id, m.course_id, v.id AS version_id, v.version, v.verification, published.version AS published_version,
      s.exercise_id IS NOT NULL AS solved
    FROM exercises x
    JOIN modules m ON m.id = x.module_id
    JOIN courses c ON c.id = m.course_id
    CROSS JOIN LATERAL (SELECT * FROM exercise_versions WHERE exercise_id = x.id ORDER BY version DESC LIMIT 1) v
    LEFT JOIN exercise_versions published ON published.id = x.current_version_id
    LEFT JOIN solved_exercises s ON s.exercise_id = x.id AND s.learner_id = ${authorId}
    WHERE x.id = ${id} AND c.owner_id = ${authorId} AND c.kind = 'authored'`);
}

const VerificationRow = z.strictObject({
  /** Null while it is pending, and for versions that were verified before reports were kept. */
  report: VerificationReport.nullable().catch(null),
  run_status: z.enum(['queued', 'running', 'completed', 'cancelled', 'failed']).nullable(),
});

/** What verification found out about a version, and how far its newest run is; a run that failed says nothing about the version. */
export async function getVerification(db: Database, versionId: string): Promise<z.infer<typeof VerificationRow>> {
  return db.one(sql.type(VerificationRow)`
    SELECT v.verification_report AS report, run.status AS run_status
    FROM exercise_versions v
    LEFT JOIN LATERAL (
      SELECT g.status FROM grading_runs g
      WHERE g.exercise_version_id = v.id AND g.kind = 'verification' ORDER BY g.id DESC LIMIT 1
    ) run ON true
    WHERE v.id = ${versionId}`);
}

/** What a version says. @throws when there is no such version. */
export async function getDefinition(db: Database, versionId: string): Promise<ExerciseDefinition> {
  const row = await db.one(sql.prepared('get_definition', z.strictObject({ definition: ExerciseDefinition }))`
    SELECT definition FROM exercise_versions WHERE id = ${versionId}`);
  return row.definition;
}

/** Whether every verified exercise of the modules before `moduleNumber` is solved. */
export async function hasSolvedModulesBefore(
  db: Database,
  learnerId: string,
  courseId: string,
  moduleNumber: number,
): Promise<boolean> {
  return !(await db.exists(sql.type(z.strictObject({}))`
    SELECT FROM modules m
    JOIN exercises x ON x.module_id = m.id AND x.current_version_id IS NOT NULL
    LEFT JOIN solved_exercises s ON s.exercise_id = x.id AND s.learner_id = ${learnerId}
    WHERE m.course_id = ${courseId} AND m.number < ${moduleNumber} AND s.exercise_id IS NULL`));
}

/** Records what verification found. A verified version becomes the one that learners get, unless a newer one is already. */
export async function settleVerification(
  db: Database,
  versionId: string,
  verification: 'verified' | 'rejected',
  report: SerializableValue,
): Promise<void> {
  await db.query(sql.typeAlias('void')`
    UPDATE exercise_versions SET verification = ${verification}, verification_report = ${sql.json(storableJson(report))} WHERE id = ${versionId}`);
  if (verification === 'rejected') return;
  await db.query(sql.typeAlias('void')`
    UPDATE exercises x SET current_version_id = v.id
    FROM exercise_versions v
    WHERE v.id = ${versionId} AND x.id = v.exercise_id
      AND NOT EXISTS (SELECT FROM exercise_versions cur WHERE cur.id = x.current_version_id AND cur.version > v.version)`);
}
