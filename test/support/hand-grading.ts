import { z } from 'zod';
import type { Grade } from '../../shared/contracts/grade.contract.ts';
import { newId } from '../../shared/db/id.ts';
import type { Database } from '../../shared/db/pool.ts';
import { sql } from '../../shared/db/sql.ts';
import { claimRun, type ClaimedRunRow } from '../../shared/learning/grading-run.repository.ts';
import type { WorkerDeps } from '../../worker/processor.ts';
import { giveUp, handBack, settleGrade } from '../../worker/grading/settle.ts';

/** Does by hand what a grading worker does to a submission, step by step and without a sandbox, so that a test decides when. */
export interface HandGrader {
  /** Null when there is nothing to claim. */
  claim: (submissionId: string) => Promise<ClaimedRunRow | null>;
  complete: (run: ClaimedRunRow, grade?: Partial<Grade>) => Promise<void>;
  handBack: (run: ClaimedRunRow) => Promise<void>;
  giveUp: (run: ClaimedRunRow) => Promise<void>;
  /** Claims and completes. */
  grade: (submissionId: string, grade?: Partial<Grade>) => Promise<void>;
}

const ACCEPTED: Grade = { verdict: 'accepted', score: 100, fault: null, tests: [], stdout: '', engine: 'by hand' };

export function gradeByHand(deps: WorkerDeps): HandGrader {
  const claim = async (submissionId: string): Promise<ClaimedRunRow | null> => {
    const run = await newestRun(deps.db, submissionId);
    return claimRun(deps.db, run.id, run.dispatch, newId());
  };
  const complete = (run: ClaimedRunRow, grade: Partial<Grade> = {}): Promise<void> =>
    settleGrade(deps, run, { ...ACCEPTED, ...grade });
  return {
    claim,
    complete,
    handBack: (run) => handBack(deps, run),
    giveUp: (run) => giveUp(deps, run, 'by hand'),
    grade: async (submissionId, grade) => {
      const run = await claim(submissionId);
      if (run === null) throw new Error('There is nothing to claim.');
      await complete(run, grade);
    },
  };
}

const RunRow = z.strictObject({ id: z.string(), dispatch: z.number(), status: z.string() });

/** The newest run of a submission. */
export async function newestRun(db: Database, submissionId: string): Promise<z.infer<typeof RunRow>> {
  return db.one(sql.type(RunRow)`
    SELECT id, dispatch, status FROM grading_runs WHERE submission_id = ${submissionId} ORDER BY run_number DESC, id DESC LIMIT 1`);
}
