import { randomBytes } from 'node:crypto';
import type { Outcome, RunRequest } from '../../../protocol.ts';
import { encodeFrame } from '../../framing.ts';
import { stepsAfter } from '../../steps.ts';
import type { TimeGuard } from '../../time-guard.ts';
import { MAX_FINDING_BYTES, fault, interfered, parseFinding, type Finding } from './finding.ts';
import { ConversationOver, type Conversation, type InstanceEnd, type PythonInstance } from './python-instance.ts';
import { residentKb } from '../../process-memory.ts';

const SECRET_BYTES = 16;
const HEADER_BYTES = SECRET_BYTES + 4;
const LOADING = -1;

/**
 * One submission in one instance, as a conversation in lock-step: the guest gets an input, its clock runs until it has said what came of it,
 * and only then the next input exists for it. Whatever the guest does, each outcome is sent once, and no more of them than are due.
 */
export class GradedRun implements Conversation {
  readonly #request: RunRequest;
  readonly #guard: TimeGuard;
  readonly #send: (outcome: Outcome) => void;
  readonly #rssKb = residentKb();
  readonly #instance: PythonInstance;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #input: Uint8Array = new Uint8Array();
  #secret: Buffer = Buffer.alloc(0);
  #step = LOADING;
  #steps = 0;
  #isAnswerDue = false;

  constructor(instance: PythonInstance, request: RunRequest, guard: TimeGuard, send: (outcome: Outcome) => void) {
    this.#instance = instance;
    this.#request = request;
    this.#guard = guard;
    this.#send = send;
  }

  get clockMs(): number | null {
    return this.#request.clockMs;
  }

  /** Runs all of it and sends the outcomes. */
  run(): void {
    const end = this.#instance.run(this);
    if (end !== 'over' && this.#hasMore) this.#conclude(this.#findingOfEnd(end));
  }

  read(maxBytes: number): Uint8Array {
    if (this.#input.length === 0 && !this.#isAnswerDue) this.#nextInput();
    const chunk = this.#input.subarray(0, maxBytes);
    this.#input = this.#input.subarray(chunk.length);
    return chunk;
  }

  wrote(bytes: Uint8Array): void {
    // Anything else is what C code, or a program on its own, writes to the descriptor for errors.
    if (
      this.#secret.length === 0 ||
      bytes.length < HEADER_BYTES ||
      !this.#secret.equals(bytes.subarray(0, SECRET_BYTES))
    )
      return;
    this.#conclude(this.#isAnswerDue ? this.#findingIn(bytes.subarray(HEADER_BYTES)) : interfered());
    if (!this.#hasMore) throw new ConversationOver();
  }

  sleep(milliseconds: number): void {
    this.#guard.willSleep(milliseconds);
    Atomics.wait(this.#sleeper, 0, 0, milliseconds);
  }

  get #hasMore(): boolean {
    return this.#step < this.#steps;
  }

  #nextInput(): void {
    // A new one each time, so that only findings about this input are taken for one.
    this.#secret = randomBytes(SECRET_BYTES);
    const input = this.#step === LOADING ? this.#programInput() : this.#stepInput();
    this.#input = encodeFrame({ ...input, secret: this.#secret.toString('hex') });
    this.#isAnswerDue = true;
    this.#guard.arm(this.#request.limits);
  }

  #programInput() {
    const { program, task, limits, clockMs } = this.#request;
    const { memoryBytes, outputBytes } = limits;
    return {
      program,
      task: guestTask(task),
      limits: { memoryBytes, outputBytes },
      clockMs,
    };
  }

  #stepInput() {
    const { task } = this.#request;
    if (task.kind === 'suite') return { case: task.from + this.#step };
    const call = task.kind === 'calls' ? task.calls[this.#step] : undefined;
    if (call === undefined) throw new Error(`this task has no step ${this.#step}`);
    return call;
  }

  #findingIn(body: Uint8Array): Finding {
    const { task, limits } = this.#request;
    if (body.length > MAX_FINDING_BYTES) return fault('output_limit', 'the returned value is larger than 1 MB of JSON');
    return parseFinding(Buffer.from(body).toString(), task, this.#step === LOADING, limits.outputBytes);
  }

  /** Ends the step with what was found, or the next one if that has not begun. */
  #conclude(finding: Finding): void {
    if (!this.#isAnswerDue) this.#guard.arm(this.#request.limits);
    const { cpuMs, wallMs } = this.#guard.disarm();
    this.#isAnswerDue = false;
    const outcome: Outcome = { ...finding, cpuMs, wallMs, memoryKb: this.#instance.memoryKb, rssKb: this.#rssKb };
    if (this.#step === LOADING) this.#steps = stepsAfter(this.#request.task, outcome);
    this.#step = outcome.spent ? this.#steps : this.#step + 1;
    this.#send(outcome);
  }

  #findingOfEnd(end: Exclude<InstanceEnd, 'over'>): Finding {
    if (end === 'stack_overflow') return fault('runtime_error', 'RecursionError: maximum recursion depth exceeded');
    const memoryMb = this.#request.limits.memoryBytes / 1024 / 1024;
    if (this.#instance.isFull) return fault('memory_limit', `memory limit of ${memoryMb} MB exceeded`);
    const how = typeof end === 'object' ? ` (exit code ${end.exitCode})` : '';
    return fault('runtime_error', `the program ended the interpreter${how}`);
  }
}

/** Without the inputs, which the guest gets one by one. */
function guestTask(task: RunRequest['task']) {
  if (task.kind === 'calls') return { kind: task.kind };
  return task.kind === 'suite' ? { kind: task.kind, suite: task.suite } : task;
}
