import { Worker } from 'node:worker_threads';
import type { StaticFacts } from '../facts.ts';
import type { AnalysisInput } from './analyse-code.ts';
import type { ThreadAnswer } from './analysis-thread.ts';

/** Why a thread was ended. `broke`: it died or reported an error of its own. */
export type ThreadEnd = 'worn_out' | 'time_limit' | 'broke' | 'aborted' | 'idle';

/** An analysis came to nothing; its thread is gone and others are not touched. */
export class AnalysisFailed extends Error {
  readonly reason: 'time_limit' | 'broke' | 'closed' | 'overloaded';

  constructor(reason: AnalysisFailed['reason'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'AnalysisFailed';
    this.reason = reason;
  }
}

export type PoolLimits = {
  /** Analyses at the same time. */ threads: number;
  /** For one analysis, loading its parser included. */ timeLimitMs: number;
  /** Heap of one thread; parsers in WebAssembly have their own. */ memoryMb: number;
  /** Analyses after which a thread is replaced, against slow leaks. */ recycleAfter: number;
  /** Analyses that wait for a thread. One more is refused. */ mostWaiting: number;
  /** A thread without work for so long is ended. */ idleMs: number;
};

type Job = {
  id: number;
  input: AnalysisInput;
  signal: AbortSignal;
  resolve: (facts: StaticFacts) => void;
  reject: (error: unknown) => void;
};

type Thread = { worker: Worker; job: Job | null; jobs: number; timer: NodeJS.Timeout | undefined };

const THREAD = new URL('analysis-thread.ts', import.meta.url);
const STACK_MB = 4;

/** Worker threads for analyses, started when they are needed. A thread that hangs, grows or breaks is ended alone. */
export class AnalysisPool {
  readonly #limits: PoolLimits;
  readonly #onEnd: (reason: ThreadEnd) => void;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Job[] = [];
  readonly #ending = new Set<Promise<unknown>>();
  #lastId = 0;
  #closed = false;

  constructor(limits: PoolLimits, onEnd: (reason: ThreadEnd) => void) {
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  /** @throws AnalysisFailed; the signal's reason when aborted. */
  async run(input: AnalysisInput, signal: AbortSignal): Promise<StaticFacts> {
    signal.throwIfAborted();
    if (this.#closed) throw new AnalysisFailed('closed', 'the analysis pool is closed');
    if (this.#waiting.length >= this.#limits.mostWaiting) {
      throw new AnalysisFailed('overloaded', `${this.#waiting.length} analyses are waiting already`);
    }
    return new Promise((resolve, reject) => {
      const abort = () => this.#abort(job);
      const done = () => signal.removeEventListener('abort', abort);
      const job: Job = {
        id: (this.#lastId += 1),
        input,
        signal,
        resolve: (facts) => (done(), resolve(facts)),
        reject: (error) => (done(), reject(error)),
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(job);
      this.#serve();
    });
  }

  /** Ends all threads; what waits or runs is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = () => new AnalysisFailed('closed', 'the analysis pool was closed');
    for (const job of this.#waiting.splice(0)) job.reject(closed());
    for (const thread of this.#threads) {
      thread.job?.reject(closed());
      this.#end(thread, null);
    }
    await Promise.all(this.#ending);
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#freeThread();
      const job = thread === null ? undefined : this.#waiting.shift();
      if (thread === null || job === undefined) return;
      this.#start(thread, job);
    }
  }

  #freeThread(): Thread | null {
    for (const thread of this.#threads) if (thread.job === null) return thread;
    return this.#threads.size < this.#limits.threads && !this.#closed ? this.#open() : null;
  }

  #open(): Thread {
    const worker = new Worker(THREAD, {
      // Analysis needs neither the environment nor arguments, and the code it reads is a stranger's.
      env: {},
      argv: [],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb, stackSizeMb: STACK_MB },
    });
    const thread: Thread = { worker, job: null, jobs: 0, timer: undefined };
    worker.unref();
    worker.on('message', (answer: ThreadAnswer) => this.#answered(thread, answer));
    worker.on('error', (error: Error) => this.#broke(thread, error));
    worker.on('exit', (code) => this.#broke(thread, new Error(`the thread ended with code ${code}`)));
    this.#threads.add(thread);
    return thread;
  }

  #start(thread: Thread, job: Job): void {
    clearTimeout(thread.timer);
    thread.job = job;
    thread.jobs += 1;
    thread.worker.ref();
    thread.timer = setTimeout(() => {
      const { timeLimitMs } = this.#limits;
      job.reject(new AnalysisFailed('time_limit', `the analysis took more than ${timeLimitMs} ms`));
      this.#end(thread, 'time_limit');
    }, this.#limits.timeLimitMs);
    thread.worker.postMessage({ id: job.id, input: job.input });
  }

  #answered(thread: Thread, answer: ThreadAnswer): void {
    const { job } = thread;
    if (job === null || job.id !== answer.id || !this.#threads.has(thread)) return;
    if ('problem' in answer) return this.#broke(thread, new Error(answer.problem));
    job.resolve(answer.facts);
    this.#free(thread);
  }

  #free(thread: Thread): void {
    clearTimeout(thread.timer);
    thread.job = null;
    if (thread.jobs >= this.#limits.recycleAfter) return this.#end(thread, 'worn_out');
    thread.worker.unref();
    thread.timer = setTimeout(() => this.#end(thread, 'idle'), this.#limits.idleMs).unref();
    this.#serve();
  }

  /** A parser that broke once may be broken for good (WebAssembly is, after a trap), so its thread goes. */
  #broke(thread: Thread, cause: Error): void {
    if (!this.#threads.has(thread)) return;
    thread.job?.reject(new AnalysisFailed('broke', `the analysis broke: ${cause.message}`, { cause }));
    this.#end(thread, 'broke');
  }

  #abort(job: Job): void {
    job.reject(job.signal.reason);
    const place = this.#waiting.indexOf(job);
    if (place >= 0) this.#waiting.splice(place, 1);
    for (const thread of this.#threads) if (thread.job === job) this.#end(thread, 'aborted');
  }

  #end(thread: Thread, reason: ThreadEnd | null): void {
    if (!this.#threads.delete(thread)) return;
    clearTimeout(thread.timer);
    const ended: Promise<unknown> = thread.worker.terminate().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
    if (reason !== null) this.#onEnd(reason);
    if (!this.#closed) this.#serve();
  }
}
