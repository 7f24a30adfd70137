import { readFileSync } from 'node:fs';
import type { Outcome, RunRequest } from '../../../protocol.ts';
import { FrameReader } from '../../framing.ts';
import { MAX_REQUEST_BYTES, sendOutcome, sendReady, watchParent } from '../../runner-process-io.ts';
import { TimeGuard } from '../../time-guard.ts';
import { GradedRun } from './graded-run.ts';
import { parseImage } from './python-image.ts';
import { PythonInstance, type CompiledImage } from './python-instance.ts';

/**
 * Entry of a runner process: `python-wasi-runner.ts IMAGE`. Each submission is served by an instance of its own, which begins with the memory
 * of the image and was made ready while the runner was idle. Learner code lives inside the instance, which has no files, no network and
 * nothing to start processes or threads with.
 */
const USUAL_MEMORY_BYTES = 64 * 1024 * 1024;
const PRACTICE_ROUNDS = 3;

const image = await loadImage();
const guard = await TimeGuard.start();
let preparedFor = USUAL_MEMORY_BYTES;
let prepared = PythonInstance.prepare(image, preparedFor, null);
practise();
collectGarbage();

await watchParent();
const reader = new FrameReader(MAX_REQUEST_BYTES);
process.stdin.on('data', (chunk: Buffer) => {
  // The parent sends the next request only after the last outcome, so requests never overlap.
  for (const message of reader.push(chunk)) serve(message as RunRequest, sendOutcome);
});
process.stdin.on('end', () => process.exit(0));
sendReady(image.engine);

async function loadImage(): Promise<CompiledImage> {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Error('usage: python-wasi-runner IMAGE');
  const { code, low, high, ...rest } = parseImage(readFileSync(path));
  // Copied, so that the code is not kept with it.
  return { ...rest, low: new Uint8Array(low), high: new Uint8Array(high), module: await WebAssembly.compile(code) };
}

function serve(request: RunRequest, send: (outcome: Outcome) => void): void {
  const { memoryBytes } = request.limits;
  // Exercises seldom change their limit, so that of the last request is the best guess for the next.
  if (memoryBytes !== preparedFor) prepared = PythonInstance.prepare(image, memoryBytes, prepared);
  preparedFor = memoryBytes;
  new GradedRun(prepared, request, guard, send).run();
  // After the last outcome is sent: whoever waits for it does not wait for the next instance.
  const former = prepared;
  prepared = PythonInstance.prepare(image, memoryBytes, former);
  if (!prepared.sharesMemoryWith(former)) collectGarbage();
}

/** The engine does not see how much memory an instance holds, so left to itself it would keep those of many. */
function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('this runner needs --expose-gc');
  globalThis.gc();
}

/** Submissions of our own: they prove that the engine works, and have its hot code compiled before a learner waits for it. */
function practise(): void {
  const content = 'def half(n):\n    print(n)\n    return [n / 2, sorted({n, 1})]\n';
  const request: RunRequest = {
    program: { entrypoint: 'practice.py', files: [{ path: 'practice.py', content }] },
    task: { kind: 'calls', calls: [{ function: 'half', args: '[42]' }] },
    limits: { cpuMs: 10_000, wallMs: 20_000, memoryBytes: USUAL_MEMORY_BYTES, outputBytes: 1000 },
    clockMs: null,
  };
  for (let round = 0; round < PRACTICE_ROUNDS; round++) {
    const outcomes: Outcome[] = [];
    serve(request, (outcome) => outcomes.push(outcome));
    const answer = outcomes[1];
    if (answer?.kind !== 'answer') throw new Error(`the engine fails its own practice: ${JSON.stringify(outcomes)}`);
  }
}
