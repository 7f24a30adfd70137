import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import type { EngineName } from './engines/engine.ts';
import { engines } from './engines/engines.ts';
import { KILL_MARGIN_MS, MAX_REPLY_BYTES } from './limits.ts';
import { Reply, type Outcome, type RunRequest, type Task } from './protocol.ts';
import type { IsolationLayer, RunnerCommand } from './runner-command.ts';
import { cpuMsOfTree } from './runner-cpu.ts';
import { FrameReader, encodeFrame } from './runner/framing.ts';
import { stepsAfter } from './runner/steps.ts';
import { SandboxError } from './sandbox-error.ts';
import { spawnAlone } from './spawn-alone.ts';

const START_DEADLINE_MS = 15_000;
const MAX_STDERR_CHARS = 4000;
const STRAGGLER_GRACE_MS = 1000;

/** Below this share of the margin spent on a cpu, a runner that overran its wall limit may have been kept from running. */
const BUSY_CPU_SHARE = 0.5;

/** The runner overran its wall limit in a place the engine cannot interrupt, and was killed for it. */
export class WallClockKill extends Error {
  override name = 'WallClockKill';
  /** Whether it was computing all the time, as far as can be told. */
  readonly wasBusy: boolean;

  constructor(wasBusy: boolean) {
    super('runner overran its wall limit');
    this.wasBusy = wasBusy;
  }
}

/** The runner ended, or said something unintelligible, without our having killed it. */
export class RunnerDied extends Error {
  override name = 'RunnerDied';
}

type Waiting = { resolve: (reply: Reply) => void; reject: (error: Error) => void };

/**
 * The worker's handle of one runner process. It leads a process group of its own, gets nothing of ours, and is only ever ended with SIGKILL:
 * there is nothing in it that could need a goodbye.
 */
export class RunnerProcess {
  /** Name and version of the engine, as the runner introduced itself. */
  engine = '';
  jobs = 0;
  peakRssKb = 0;
  /** Resolves when the process and everything that held its pipes is gone. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #reader = new FrameReader(MAX_REPLY_BYTES);
  #waiting: Waiting | null = null;
  /** Replies the runner may still send; the first is that it is ready. */
  #repliesDue = 1;
  /** What the runner was told to do, until it has loaded it and with that said how many replies there will be. */
  #loading: Task | null = null;
  /** Replies that came together with one that was waited for. */
  readonly #early: Reply[] = [];
  #ended: Error | null = null;
  #stderr = '';

  private constructor({ file, args, seccomp }: RunnerCommand) {
    this.#child = spawnAlone(file, args);
    this.exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.once('error', (error) => this.#fail(new RunnerDied(`runner did not start: ${error.message}`)));
    this.#child.once('exit', () => this.#endStragglers());
    this.#child.once('close', (code, signal) => this.#fail(new RunnerDied(`runner ended (${signal ?? code})`)));
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-MAX_STDERR_CHARS);
    });
    this.#input = pipeTo(this.#child, 0);
    pipeTo(this.#child, 3).end(seccomp ?? undefined);
  }

  /**
   * Starts a runner and waits until it is warm.
   * @throws SandboxError `runner_unavailable` with the runner's last words when it does not get there, also since the signal was aborted.
   */
  static async start(engine: EngineName, layer: IsolationLayer, signal?: AbortSignal): Promise<RunnerProcess> {
    const runner = new RunnerProcess(await untilAborted(commandOf(engine, layer), signal));
    const abort = () => runner.kill();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const reply = await runner.#nextReply(START_DEADLINE_MS, 0);
      if (reply.type !== 'ready') throw new RunnerDied('runner did not introduce itself');
      runner.engine = reply.engine;
      return runner;
    } catch (error) {
      runner.kill();
      await runner.exited;
      throw new SandboxError(
        'runner_unavailable',
        `cannot start a ${engine} runner, ${layer}: ${runner.#stderr.trim()}`,
        {
          cause: error,
        },
      );
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#ended === null;
  }

  /** Sends a program. Its outcomes are read one by one with `nextOutcome`, until one ends the row. */
  send(request: RunRequest): void {
    this.jobs += 1;
    this.#repliesDue = 1;
    this.#loading = request.task;
    this.#input.write(encodeFrame(request));
  }

  /**
   * Waits for the next outcome. The runner is killed when it takes longer than `wallMs` and a margin, or when the signal aborts.
   * @throws WallClockKill, RunnerDied, or the signal's reason.
   */
  async nextOutcome(wallMs: number, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const abort = () => this.#end(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      const reply = await this.#nextReply(wallMs, KILL_MARGIN_MS);
      if (reply.type !== 'outcome') throw new RunnerDied('runner answered out of turn');
      this.peakRssKb = Math.max(this.peakRssKb, reply.outcome.rssKb);
      return reply.outcome;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Kills the whole process group at once; fine to call twice. */
  kill(): void {
    this.#end(new RunnerDied('runner was stopped'));
  }

  #nextReply(deadlineMs: number, marginMs: number): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const early = this.#early.shift();
      if (early !== undefined) return resolve(early);
      if (this.#ended !== null) return reject(this.#ended);
      let timer = setTimeout(() => {
        const cpuMs = this.#cpuMs();
        timer = setTimeout(() => setImmediate(overrun, cpuMs), marginMs);
      }, deadlineMs);
      // Timers come before pipes: a worker that was held up must first read the reply that has been there for long.
      const overrun = (cpuMsBefore: number | null) => {
        if (this.#waiting !== waiting) return;
        const cpuMs = this.#cpuMs();
        const isKnown = cpuMs !== null && cpuMsBefore !== null;
        this.#end(new WallClockKill(!isKnown || cpuMs - cpuMsBefore >= marginMs * BUSY_CPU_SHARE));
      };
      const waiting: Waiting = {
        resolve: (reply) => (clearTimeout(timer), resolve(reply)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      };
      this.#waiting = waiting;
    });
  }

  #cpuMs(): number | null {
    return this.pid === undefined ? null : cpuMsOfTree(this.pid);
  }

  #receive(chunk: Buffer): void {
    if (this.#ended !== null) return;
    try {
      for (const message of this.#reader.push(chunk)) {
        if (this.#repliesDue === 0) throw new RunnerDied('runner spoke without being asked');
        this.#repliesDue -= 1;
        const reply = Reply.parse(message);
        if (reply.type === 'outcome' && this.#loading !== null) {
          this.#repliesDue = stepsAfter(this.#loading, reply.outcome);
          this.#loading = null;
        }
        this.#deliver(reply);
      }
    } catch (error) {
      this.#end(new RunnerDied('runner sent something that is not a reply', { cause: error }));
    }
  }

  #deliver(reply: Reply): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#early.push(reply);
    else waiting.resolve(reply);
  }

  #end(reason: Error): void {
    this.#fail(reason);
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#killGroup();
  }

  /** A bubblewrap killed while it sets up leaves a child of its own, which would hold the pipes, and with them `exited`, for ever. */
  #endStragglers(): void {
    this.#killGroup();
    const release = () => this.#child.stdio.forEach((pipe) => pipe?.destroy());
    setTimeout(release, STRAGGLER_GRACE_MS).unref();
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      // Gone between the look and the shot.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #fail(reason: Error): void {
    this.#ended ??= reason;
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }
}

/** Stops waiting at the abort; what was waited for goes on. */
async function untilAborted<Value>(waitedFor: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return waitedFor;
  const stopped = new AbortController();
  const aborted = once(signal, 'abort', { signal: stopped.signal }).then((): never => {
    throw new SandboxError('pool_closed', 'the runner is not needed any more');
  });
  aborted.catch(() => undefined);
  try {
    signal.throwIfAborted();
    return await Promise.race([waitedFor, aborted]);
  } finally {
    stopped.abort();
  }
}

async function commandOf(engine: EngineName, layer: IsolationLayer): Promise<RunnerCommand> {
  try {
    await engines[engine].prepare?.();
    return engines[engine].command(layer);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SandboxError('runner_unavailable', `cannot start a ${engine} runner, ${layer}: ${reason}`, {
      cause: error,
    });
  }
}

/** A pipe into the child. Writing to a child that just died fails with EPIPE; its `close` event tells the same and more. */
function pipeTo(child: ChildProcess, descriptor: 0 | 3): Writable {
  const pipe = child.stdio[descriptor];
  if (!(pipe instanceof Writable)) throw new TypeError(`descriptor ${descriptor} of the runner is not a pipe`);
  pipe.on('error', () => undefined);
  return pipe;
}
