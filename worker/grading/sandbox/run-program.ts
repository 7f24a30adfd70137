import { MAX_LIMITS_HIT, RUN_WALL_MS } from './limits.ts';
import type { EngineName } from './engines/engine.ts';
import { engines } from './engines/engines.ts';
import type { RecycleReason, RunnerPool } from './pool.ts';
import type { Outcome, RunRequest, Task } from './protocol.ts';
import { stepsAfter, withoutSteps } from './runner/steps.ts';
import { RunnerDied, WallClockKill, type RunnerProcess } from './runner-process.ts';
import type { RunReport, Sandbox } from './sandbox.ts';
import { SandboxError } from './sandbox-error.ts';

/** `null` stands for a step that was not taken, or a program not loaded, because what came before made it pointless. */
export type ProgramRun = { load: Outcome | null; steps: (Outcome | null)[]; engine: string };

/** What all runs of one submission may use up together. */
export class RunBudget {
  #deadline = performance.now() + RUN_WALL_MS;
  #limitsHit = 0;
  #stepsEnded = 0;

  /** Code that hits a limit before it has come to one end is taken for endless: its author shall not wait for a second proof. */
  isLeft(): boolean {
    const tolerated = this.#stepsEnded === 0 ? 1 : MAX_LIMITS_HIT;
    return this.#limitsHit < tolerated && performance.now() < this.#deadline;
  }

  remainingMs(): number {
    return Math.max(0, this.#deadline - performance.now());
  }

  /** Gives all the time again, to a run that is repeated through no fault of its own. */
  restart(): void {
    this.#deadline = performance.now() + RUN_WALL_MS;
  }

  limitHit(): void {
    this.#limitsHit += 1;
  }

  stepEnded(): void {
    this.#stepsEnded += 1;
  }

  exhaust(): void {
    this.#limitsHit = MAX_LIMITS_HIT;
  }
}

/**
 * Runs a program in the sandbox. A runner that dies without our doing is a platform fault: the whole program is run once more in
 * a fresh one. A program whose time was stretched by load is run once more with nothing beside it.
 * @throws SandboxError when the platform could not do it; the signal's reason when aborted.
 */
export async function runProgram(
  sandbox: Sandbox,
  engine: EngineName,
  job: RunRequest,
  budget: RunBudget,
  signal: AbortSignal,
): Promise<ProgramRun> {
  if (!budget.isLeft()) return { load: null, steps: [], engine: '' };
  const started = performance.now();
  const attempts: Attempts = { count: 0, waitMs: 0 };
  const attempt = (isAlone: boolean) => {
    attempts.count += 1;
    return new Attempt(sandbox, engine, job, budget, signal, attempts, isAlone).run();
  };
  const report = (result: RunReport['result'], run: ProgramRun | null) =>
    sandbox.hooks.onRun?.({
      engine,
      result,
      wallMs: performance.now() - started,
      waitMs: attempts.waitMs,
      cpuMs: cpuOf(run),
    });
  try {
    const run = await withSecondChances(sandbox, engine, budget, attempt);
    report(attempts.count > 1 ? 'retried' : 'completed', run);
    return run;
  } catch (error) {
    report('failed', null);
    throw error;
  }
}

type Attempts = { count: number; waitMs: number };

/** The machine was too busy for this run to be judged by its time. */
class Starved extends Error {
  override name = 'Starved';
}

async function withSecondChances(
  sandbox: Sandbox,
  engine: EngineName,
  budget: RunBudget,
  attempt: (isAlone: boolean) => Promise<ProgramRun>,
): Promise<ProgramRun> {
  try {
    return await sandbox.lane.beside(() => twiceIfRunnerDies(() => attempt(false)));
  } catch (error) {
    if (!(error instanceof Starved)) throw error;
  }
  sandbox.hooks.onRepeatAlone?.(engine);
  return sandbox.lane.alone(() => {
    budget.restart();
    return twiceIfRunnerDies(() => attempt(true));
  });
}

async function twiceIfRunnerDies(attempt: () => Promise<ProgramRun>): Promise<ProgramRun> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof RunnerDied)) throw error;
  }
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof RunnerDied)) throw error;
    throw new SandboxError('runner_died', 'the runner died twice over the same program', { cause: error });
  }
}

/** One pass over the program, on one runner or, after a limit, on several. */
class Attempt {
  readonly #pool: RunnerPool;
  readonly #engineName: EngineName;
  readonly #job: RunRequest;
  readonly #signal: AbortSignal;
  readonly #attempts: Attempts;
  readonly #budget: RunBudget;
  /** Nothing else runs here that could have slowed it down. */
  readonly #isAlone: boolean;
  #runner: RunnerProcess | null = null;
  #engine = '';

  constructor(
    sandbox: Sandbox,
    engine: EngineName,
    job: RunRequest,
    budget: RunBudget,
    signal: AbortSignal,
    attempts: Attempts,
    isAlone: boolean,
  ) {
    this.#isAlone = isAlone;
    this.#budget = budget;
    this.#pool = sandbox.pool(engine);
    this.#engineName = engine;
    this.#job = job;
    this.#signal = signal;
    this.#attempts = attempts;
  }

  async run(): Promise<ProgramRun> {
    try {
      const load = await this.#load(this.#job.task);
      const count = stepsAfter(this.#job.task, load);
      const steps: (Outcome | null)[] = [];
      for (let next = 0; next < count; next++) steps.push(this.#budget.isLeft() ? await this.#step(next) : null);
      return { load, steps, engine: this.#engine };
    } catch (error) {
      this.#drop(this.#signal.aborted ? 'aborted' : error instanceof RunnerDied ? 'died' : 'starved');
      throw error;
    } finally {
      if (this.#runner !== null) this.#pool.release(this.#runner);
    }
  }

  /** Takes a runner and sends it the program with the steps that are left; answers the outcome of loading it. */
  async #load(task: Task): Promise<Outcome> {
    const waitStarted = performance.now();
    this.#runner = await this.#pool.acquire(this.#signal);
    this.#attempts.waitMs += performance.now() - waitStarted;
    this.#engine = this.#runner.engine;
    this.#runner.send({ ...this.#job, task });
    const outcome = await this.#outcome(this.#runner);
    if (task.kind === 'stdio' && !outcome.spent) this.#budget.stepEnded();
    return outcome;
  }

  async #step(index: number): Promise<Outcome> {
    if (this.#runner === null) {
      // The last runner went with a limit. What a second loading prints is not shown again.
      const rest = withoutSteps(this.#job.task, index);
      const reload = await this.#load(rest);
      if (stepsAfter(rest, reload) === 0) this.#budget.exhaust();
      if (stepsAfter(rest, reload) === 0 || this.#runner === null) return asFault(reload);
    }
    const outcome = await this.#outcome(this.#runner);
    if (!outcome.spent) this.#budget.stepEnded();
    return outcome;
  }

  async #outcome(runner: RunnerProcess): Promise<Outcome> {
    const started = performance.now();
    const wallMs = Math.min(this.#job.limits.wallMs, this.#budget.remainingMs());
    try {
      const outcome = await runner.nextOutcome(wallMs, this.#signal);
      if (outcome.kind === 'starved') throw this.#starved();
      if (outcome.spent) this.#endInstance(outcome);
      return outcome;
    } catch (error) {
      if (!(error instanceof WallClockKill)) throw error;
      // Alone and still out of reach of its own engine's clock: it has to be its own doing.
      if (!error.wasBusy && !this.#isAlone) throw this.#starved();
      this.#hitLimit('wall_clock');
      return killedOutcome(performance.now() - started);
    }
  }

  /** The program is over; whether its runner is too depends on the engine. */
  #endInstance(spent: Outcome): void {
    if (this.#runner === null || engines[this.#engineName].outlives?.(spent) !== true) return this.#hitLimit('limit');
    this.#budget.limitHit();
    this.#pool.release(this.#runner);
    this.#runner = null;
  }

  #starved(): Error {
    if (!this.#isAlone) return new Starved('the run was stretched by load');
    return new SandboxError('machine_starved', 'the machine is too busy to judge the time limit');
  }

  #hitLimit(reason: RecycleReason): void {
    this.#budget.limitHit();
    this.#drop(reason);
  }

  #drop(reason: RecycleReason): void {
    if (this.#runner === null) return;
    this.#pool.discard(this.#runner, reason);
    this.#runner = null;
  }
}

/** A program that loads differently the second time has no answer to the step that was due. */
function asFault(reload: Outcome): Outcome {
  if (reload.kind === 'fault') return reload;
  const { stdout, cpuMs, wallMs, memoryKb, rssKb } = reload;
  const message = 'the program did not load again as it did before';
  return { kind: 'fault', verdict: 'runtime_error', message, stdout, cpuMs, wallMs, memoryKb, rssKb, spent: true };
}

/** Stands for the outcome that a killed runner could not send. It was spinning in native code: its cpu time is its wall time. */
function killedOutcome(elapsedMs: number): Outcome {
  const milliseconds = Math.round(elapsedMs * 10) / 10;
  return {
    kind: 'fault',
    verdict: 'time_limit',
    message: 'time limit exceeded',
    stdout: '',
    cpuMs: milliseconds,
    wallMs: milliseconds,
    memoryKb: null,
    rssKb: 0,
    spent: true,
  };
}

function cpuOf(run: ProgramRun | null): number {
  const outcomes = run === null ? [] : [run.load, ...run.steps];
  return outcomes.reduce((sum, outcome) => sum + (outcome?.cpuMs ?? 0), 0);
}
