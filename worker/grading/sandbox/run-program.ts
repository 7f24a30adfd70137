import { MAX_LIMITS_HIT, RUN_WALL_MS } from './limits.ts';
import type { RecycleReason, RunnerPool } from './pool.ts';
import type { Call, Outcome, RunRequest } from './protocol.ts';
import { RunnerDied, WallClockKill, type RunnerProcess } from './runner-process.ts';
import { SandboxError } from './sandbox-error.ts';

/** `null` stands for a call that was not made, because what came before made it pointless. */
export type ProgramRun = { load: Outcome; calls: (Outcome | null)[]; engine: string };

/**
 * Runs a program in the sandbox. A runner that dies without our doing is a platform fault: the whole program is run once more in
 * a fresh one.
 * @throws SandboxError when the platform could not do it; the signal's reason when aborted.
 */
export async function runProgram(pool: RunnerPool, job: RunRequest, signal: AbortSignal): Promise<ProgramRun> {
  const started = performance.now();
  const attempts = { retried: false, waitMs: 0 };
  try {
    const run = await runTwiceIfRunnerDies(pool, job, signal, attempts);
    report(pool, attempts.retried ? 'retried' : 'completed', started, attempts.waitMs, run);
    return run;
  } catch (error) {
    report(pool, 'failed', started, attempts.waitMs, null);
    throw error;
  }
}

type Attempts = { retried: boolean; waitMs: number };

async function runTwiceIfRunnerDies(pool: RunnerPool, job: RunRequest, signal: AbortSignal, attempts: Attempts) {
  try {
    return await new Attempt(pool, job, signal, attempts).run();
  } catch (error) {
    if (!(error instanceof RunnerDied)) throw error;
  }
  attempts.retried = true;
  try {
    return await new Attempt(pool, job, signal, attempts).run();
  } catch (error) {
    if (!(error instanceof RunnerDied)) throw error;
    throw new SandboxError('runner_died', 'the runner died twice over the same program', { cause: error });
  }
}

/** One pass over the program, on one runner or, after a limit, on several. */
class Attempt {
  readonly #pool: RunnerPool;
  readonly #job: RunRequest;
  readonly #signal: AbortSignal;
  readonly #attempts: Attempts;
  readonly #deadline = performance.now() + RUN_WALL_MS;
  #runner: RunnerProcess | null = null;
  #limitsHit = 0;
  #callsEnded = 0;
  #engine = '';

  constructor(pool: RunnerPool, job: RunRequest, signal: AbortSignal, attempts: Attempts) {
    this.#pool = pool;
    this.#job = job;
    this.#signal = signal;
    this.#attempts = attempts;
  }

  async run(): Promise<ProgramRun> {
    try {
      const load = await this.#load(this.#job.calls);
      const calls: (Outcome | null)[] = [];
      for (let next = 0; next < this.#job.calls.length; next++) {
        calls.push(load.kind === 'loaded' && this.#worthwhile() ? await this.#call(next) : null);
      }
      return { load, calls, engine: this.#engine };
    } catch (error) {
      this.#drop(this.#signal.aborted ? 'aborted' : error instanceof RunnerDied ? 'died' : 'starved');
      throw error;
    } finally {
      if (this.#runner !== null) this.#pool.release(this.#runner);
    }
  }

  /** Code that hits a limit before it has done one call is taken for endless: its author shall not wait for a second proof. */
  #worthwhile(): boolean {
    const tolerated = this.#callsEnded === 0 ? 1 : MAX_LIMITS_HIT;
    return this.#limitsHit < tolerated && performance.now() < this.#deadline;
  }

  /** Takes a runner and sends it the program with the calls that are left; answers the outcome of loading it. */
  async #load(calls: Call[]): Promise<Outcome> {
    const waitStarted = performance.now();
    this.#runner = await this.#pool.acquire(this.#signal);
    this.#attempts.waitMs += performance.now() - waitStarted;
    this.#engine = this.#runner.engine;
    this.#runner.send({ ...this.#job, calls });
    return this.#outcome(this.#runner);
  }

  async #call(index: number): Promise<Outcome> {
    if (this.#runner === null) {
      // The last runner went with a limit. What a second loading prints is not shown again.
      const reload = await this.#load(this.#job.calls.slice(index));
      if (reload.kind !== 'loaded') this.#limitsHit = MAX_LIMITS_HIT;
      if (reload.kind !== 'loaded' || this.#runner === null) return reload;
    }
    return this.#outcome(this.#runner);
  }

  async #outcome(runner: RunnerProcess): Promise<Outcome> {
    const started = performance.now();
    const wallMs = Math.max(0, Math.min(this.#job.limits.wallMs, this.#deadline - started));
    try {
      const outcome = await runner.nextOutcome(wallMs, this.#signal);
      if (outcome.kind === 'starved')
        throw new SandboxError('machine_starved', 'the machine is too busy to judge the time limit');
      if (outcome.spent) this.#hitLimit('limit');
      else if (outcome.kind !== 'loaded') this.#callsEnded += 1;
      return outcome;
    } catch (error) {
      if (!(error instanceof WallClockKill)) throw error;
      this.#hitLimit('wall_clock');
      return killedOutcome(performance.now() - started);
    }
  }

  #hitLimit(reason: RecycleReason): void {
    this.#limitsHit += 1;
    this.#drop(reason);
  }

  #drop(reason: RecycleReason): void {
    if (this.#runner === null) return;
    this.#pool.discard(this.#runner, reason);
    this.#runner = null;
  }
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

function report(
  pool: RunnerPool,
  result: 'completed' | 'retried' | 'failed',
  started: number,
  waitMs: number,
  run: ProgramRun | null,
) {
  const outcomes = run === null ? [] : [run.load, ...run.calls];
  const cpuMs = outcomes.reduce((sum, outcome) => sum + (outcome?.cpuMs ?? 0), 0);
  pool.hooks.onRun?.({ result, wallMs: performance.now() - started, waitMs, cpuMs });
}
