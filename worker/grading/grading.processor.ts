import type { ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { newId } from '../../shared/db/id.ts';
import { ExerciseDefinitions } from '../../shared/learning/exercise-definitions.ts';
import { claimRun, type ClaimedRunRow } from '../../shared/learning/grading-run.repository.ts';
import { createSandboxMetrics } from '../../shared/observability/sandbox.metrics.ts';
import { JobError, type OpenProcessorFor, type Process, type ReceivedJob, type WorkerDeps } from '../processor.ts';
import { openRunCancellations, RunCancelled, type RunCancellations } from '../run-cancellations.ts';
import { ExclusiveLane } from './exclusive-lane.ts';
import { grade } from './grade.ts';
import { giveUp, handBack, settleGrade, settleVerification } from './settle.ts';
import { probeIsolation, probePython } from './sandbox/isolation.ts';
import { Sandbox, warmEngines } from './sandbox/sandbox.ts';
import { verify } from './verification.ts';

/** A run whose workers died so often is graded with nothing beside it; one more crash and it ends. */
const QUARANTINE_AFTER_CRASHES = 2;
const MAX_CRASHES = 3;

/** Grades submissions and verifies exercises, in warm sandboxed runner processes. */
export const openGrading: OpenProcessorFor<'grading'> = async (deps, concurrency) => {
  const sandboxMetrics = createSandboxMetrics(deps.registry);
  const isolation = await probeIsolation(deps.config.SANDBOX_ISOLATION);
  sandboxMetrics.isolation(isolation.layer);
  deps.log.info({ layer: isolation.layer, reason: isolation.reason }, 'sandbox isolation');
  const python = await probePython(deps.config.SANDBOX_PYTHON, isolation);
  deps.log.info({ engine: python.engine, reason: python.reason }, 'sandbox engine of python');
  const sandbox = new Sandbox({
    size: concurrency,
    isolation,
    python: python.engine,
    warm: warmEngines(deps.config.SANDBOX_WARM, python.engine),
    hooks: {
      onRecycle: sandboxMetrics.recycled,
      onRun: ({ engine, waitMs }) => sandboxMetrics.waited(engine, waitMs / 1000),
      onRepeatAlone: sandboxMetrics.repeatedAlone,
      onStartFailure: (error) => deps.log.error({ err: error }, 'a sandbox runner did not start'),
    },
  });
  sandboxMetrics.watchRunners(() => sandbox.health().engines);
  const cancellations = openRunCancellations(deps);
  const gradeCode: GradeCode = async (definition, code, signal) => {
    const startedAt = performance.now();
    const result = await grade(sandbox, definition, code, signal);
    sandboxMetrics.graded(result.verdict, result.engine, (performance.now() - startedAt) / 1000);
    return result;
  };
  return {
    process: createGradingProcess(deps, cancellations, gradeCode),
    checks: [
      {
        name: 'sandbox',
        required: true,
        check: () => {
          if (!sandbox.health().ready) throw new Error('no runner is ready');
        },
      },
    ],
    close: async () => {
      await Promise.all([sandbox.close(), cancellations.close()]);
    },
  };
};

type GradeCode = (definition: ExerciseDefinition, code: string, signal: AbortSignal) => ReturnType<typeof grade>;

function createGradingProcess(
  deps: WorkerDeps,
  cancellations: RunCancellations,
  gradeCode: GradeCode,
): Process<'grading'> {
  const definitions = new ExerciseDefinitions(deps.db);
  const lane = new ExclusiveLane();

  return (job, signal) =>
    cancellations.during(job.payload.runId, signal, (untilCancelled) => claimAndGrade(job, untilCancelled));

  async function claimAndGrade(job: ReceivedJob<'grading'>, signal: AbortSignal): Promise<void> {
    const run = await claimRun(deps.db, job.payload.runId, job.payload.dispatch, newId());
    if (run === null) return;
    if (run.crashes >= MAX_CRASHES) {
      await giveUp(deps, run, `Its workers died ${run.crashes} times while grading it.`);
      return;
    }
    try {
      if (run.crashes < QUARANTINE_AFTER_CRASHES) {
        await lane.beside(() => gradeAndSettle(run, signal));
      } else {
        deps.metrics.recovered('quarantined');
        await lane.alone(() => gradeAndSettle(run, signal));
      }
    } catch (error) {
      if (signal.reason instanceof RunCancelled) {
        deps.log.info({ run_id: run.id, submission_id: run.submission_id }, 'run cancelled');
        return;
      }
      // What was interrupted has not failed: reconciliation asks for it again when the queue has no attempt left for it.
      const isOver = job.isLastAttempt && !wasInterrupted(signal);
      if (isOver) await giveUp(deps, run, error instanceof Error ? error.message : 'Grading failed.');
      else await handBack(deps, run);
      throw error;
    }
  }

  async function gradeAndSettle(run: ClaimedRunRow, signal: AbortSignal): Promise<void> {
    const definition = await definitions.get(run.exercise_version_id);
    if (run.kind === 'verification') {
      const report = await verify(definition, (code) => gradeCode(definition, code, signal));
      await settleVerification(deps, run, report);
    } else {
      await settleGrade(deps, run, await gradeCode(definition, run.code ?? '', signal));
    }
  }
}

/** Whether the work was taken from us, by a shutdown or a lost lock; a deadline that passed is a failure of the work. */
function wasInterrupted(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof JobError;
}
