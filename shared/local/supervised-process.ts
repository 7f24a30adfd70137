import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../config/launcher.config.ts';

interface ProcessOptions {
  name: string;
  /** The entry file. */
  entry: string;
  environment: Record<string, string>;
  logFile: string;
  onRestart: (name: string, reason: string) => void;
}

const FIRST_RESTART_DELAY_MS = 200;
const LONGEST_RESTART_DELAY_MS = 10_000;
/** A process that lived this long is healthy: its next restart is quick again. */
const HEALTHY_AFTER_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;

/**
 * A child process that is started again when it dies. It has an IPC channel whose closing tells it that its supervisor is gone,
 * so that a killed launcher leaves nobody behind.
 */
export class SupervisedProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #restarts = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks the process to finish and waits for it; kills it when it takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #start(): void {
    const { entry, environment, logFile } = this.#options;
    const log = openSync(logFile, 'a');
    const startedAt = Date.now();
    try {
      this.#child = spawn(process.execPath, [entry], {
        env: childEnvironment(environment),
        // A process group of its own: Ctrl-C is for the launcher, which stops its children in order.
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      });
    } finally {
      closeSync(log);
    }
    this.#child.once(
      'exit',
      (code, signal) => void this.#restart(Date.now() - startedAt, signal ?? `exit code ${code}`),
    );
  }

  async #restart(livedMs: number, reason: string): Promise<void> {
    if (this.#stopping) return;
    this.#restarts = livedMs > HEALTHY_AFTER_MS ? 0 : this.#restarts + 1;
    this.#options.onRestart(this.#options.name, reason);
    await sleep(Math.min(LONGEST_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** (this.#restarts - 1)));
    if (!this.#stopping) this.#start();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
