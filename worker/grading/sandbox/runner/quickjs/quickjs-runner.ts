import type { Outcome, RunRequest, Task } from '../../protocol.ts';
import { FrameReader } from '../framing.ts';
import { MAX_REQUEST_BYTES, sendOutcome, sendReady, watchParent } from '../runner-process-io.ts';
import { buildImages } from './quickjs-image.ts';
import { QuickJsSession } from './quickjs-session.ts';
import { stepsAfter } from '../steps.ts';

/**
 * Entry of a runner process: warm, without secrets, network or writable disk. It serves one submission after the other, each in a
 * fresh engine instance that was made ready while the runner was idle. Requests come on stdin, replies go to stdout; learner
 * code lives inside the instance and reaches neither.
 */
const USUAL_MEMORY_BYTES = 64 * 1024 * 1024;

const { program: image, suite: suiteImage } = await buildImages();
await practise();
let prepared = QuickJsSession.prepare(image, USUAL_MEMORY_BYTES);
await prepared;
/** Only from the first suite on: many runners never see one. */
let preparedForSuite: Promise<QuickJsSession> | null = null;

await watchParent();
const reader = new FrameReader(MAX_REQUEST_BYTES);
process.stdin.on('data', (chunk: Buffer) => {
  // The parent sends the next request only after the last outcome, so requests never overlap.
  for (const message of reader.push(chunk)) void serve(message as RunRequest);
});
process.stdin.on('end', () => process.exit(0));
sendReady(image.engine);

async function serve(request: RunRequest): Promise<void> {
  const isSuite = request.task.kind === 'suite';
  const usual = request.limits.memoryBytes === USUAL_MEMORY_BYTES;
  const ready = usual ? (isSuite ? preparedForSuite : prepared) : null;
  const session = await (ready ?? QuickJsSession.prepare(isSuite ? suiteImage : image, request.limits.memoryBytes));
  await runAll(session, request);
  // After the last outcome is sent: whoever waits for it does not wait for the next instance.
  if (!usual) return;
  if (isSuite) preparedForSuite = QuickJsSession.prepare(suiteImage, USUAL_MEMORY_BYTES);
  else prepared = QuickJsSession.prepare(image, USUAL_MEMORY_BYTES);
}

/** In lock-step: learner code sees the next input only after it has answered the last one. */
async function runAll(session: QuickJsSession, request: RunRequest): Promise<void> {
  const { task } = request;
  session.clockMs = request.clockMs;
  const loaded = await load(session, request);
  sendOutcome(loaded);
  const steps = stepsAfter(task, loaded);
  for (let step = 0; step < steps; step++) {
    const outcome = await runStep(session, task, step);
    sendOutcome(outcome);
    if (outcome.spent) return;
  }
}

function load(session: QuickJsSession, { program, task, limits }: RunRequest): Promise<Outcome> {
  switch (task.kind) {
    case 'calls':
      return session.load(program, limits);
    case 'stdio':
      return session.runMain(program, task.stdin, limits);
    case 'suite':
      return session.loadSuite(program, task.suite, limits);
    case 'queries':
      throw new Error('this engine has no database');
  }
}

function runStep(session: QuickJsSession, task: Task, step: number): Promise<Outcome> {
  if (task.kind === 'suite') return session.runCase(task.from + step);
  const call = task.kind === 'calls' ? task.calls[step] : undefined;
  if (call === undefined) throw new Error(`this task has no step ${step}`);
  return session.call(call);
}

/** One submission of our own: proves that the engine works, and has its hot code compiled before a learner waits for it. */
async function practise(): Promise<void> {
  const limits = { cpuMs: 5000, wallMs: 5000, memoryBytes: USUAL_MEMORY_BYTES, outputBytes: 1000 };
  const content = 'export function half(n) { console.log({ n }); return [n / 2]; }';
  const practice = await QuickJsSession.prepare(image, USUAL_MEMORY_BYTES);
  await practice.load({ entrypoint: 'practice.js', files: [{ path: 'practice.js', content }] }, limits);
  for (let round = 0; round < 5; round++) await practice.call({ function: 'half', args: '[4]' });
  const outcome = await practice.call({ function: 'half', args: '[42]' });
  if (outcome.kind !== 'answer' || outcome.json !== '[21]') throw new Error('the engine fails its own practice');
}
