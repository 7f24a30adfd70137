import { z } from 'zod';
import type { Grade, TestResult } from '../../shared/contracts/grade.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { claimRun, completeRun } from '../../shared/learning/grading-run.repository.ts';
import { completeSubmission } from '../../shared/learning/submission.repository.ts';

/** Takes a submission's newest run as a worker would. Returns what completing it needs. */
export async function startGrading(db: Database, submissionId: string): Promise<{ runId: string; token: string }> {
  const runId = await db.oneFirst(sql.type(z.strictObject({ id: z.string() }))`
    SELECT id FROM grading_runs WHERE submission_id = ${submissionId} ORDER BY run_number DESC LIMIT 1`);
  const token = newId();
  if ((await claimRun(db, runId, 1, token)) === null) throw new Error(`The run ${runId} cannot be claimed.`);
  return { runId, token };
}

/** Writes a grade for a submission through the repositories, as a worker would. */
export async function finishGrading(db: Database, submissionId: string, grade: Grade): Promise<void> {
  const { runId, token } = await startGrading(db, submissionId);
  if (!(await completeRun(db, runId, token, grade))) throw new Error(`The run ${runId} was taken away.`);
  const versionId = await db.oneFirst(sql.type(z.strictObject({ id: z.string() }))`
    SELECT exercise_version_id AS id FROM submissions WHERE id = ${submissionId}`);
  await completeSubmission(db, submissionId, versionId, grade);
}

/** A grade in which everything is accepted, unless told otherwise. */
export function buildGrade(overrides: Partial<Grade> = {}): Grade {
  return { verdict: 'accepted', score: 100, fault: null, tests: [], stdout: '', engine: 'test', ...overrides };
}

export function buildTestResult(overrides: Partial<TestResult> = {}): TestResult {
  return {
    name: 'adds',
    verdict: 'accepted',
    visibility: 'always',
    weight: 1,
    cpuMs: 3,
    wallMs: 4,
    memoryKb: 2100,
    message: null,
    stdout: '',
    ...overrides,
  };
}
