import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { grade, type GradableExercise } from '../worker/grading/grade.ts';
import type { EngineName, PythonEngine } from '../worker/grading/sandbox/engines/engine.ts';
import { probeIsolation, probePython } from '../worker/grading/sandbox/isolation.ts';
import { Sandbox } from '../worker/grading/sandbox/sandbox.ts';
import { format, measure, print, type Measured } from './measure.ts';
import {
  GCD_IN_JAVASCRIPT,
  GCD_IN_PYTHON,
  callsOf,
  programOf,
  queriesOf,
  suiteOf,
  type BenchedExercise,
} from './sandbox-exercises.ts';

/**
 * Submissions a second through warm runners, of each engine and kind of test, and beside it the same with a process started for every
 * submission. Ten `call` tests each, or as many cases; three queries each. All isolation layers that work here. Run:
 * `npm run bench:sandbox [-- javascript python sql]`; each takes about 40 seconds.
 */
const SLOTS = 2;
const WARM_UP_MS = 2000;
const WARM_MS = 8000;
const BASELINE_MS = 6000;
/** Not what PATH leads to: that may be the slow script of a version manager. */
const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find(existsSync) ?? 'python3';

const wanted = process.argv.slice(2);
const isolation = await probeIsolation('auto');
const native = await probePython('auto', isolation);
print(`cores ${availableParallelism()}, slots ${SLOTS}, isolation ${isolation.layer}, python ${native.engine}`);
if (wanted.length === 0 || wanted.includes('javascript')) await benchJavascript();
if (wanted.length === 0 || wanted.includes('python')) await benchPython();
if (wanted.length === 0 || wanted.includes('sql')) await benchSql();

async function benchJavascript(): Promise<void> {
  const calls = callsOf('javascript');
  const warm = await measureWarm('quickjs', calls, GCD_IN_JAVASCRIPT);
  show('javascript, ten calls', warm);
  show('javascript, suite of ten', await measureWarm('quickjs', suiteOf('javascript'), GCD_IN_JAVASCRIPT));
  show(
    'javascript, whole program',
    await measureWarm('quickjs', programOf('javascript'), programOf('javascript').code),
  );
  const baseline = await measureRunnerPerSubmission(calls.exercise, GCD_IN_JAVASCRIPT);
  show('javascript, a runner started for each', baseline);
  compare('warm, to a runner started for each', warm, baseline);
}

async function benchPython(): Promise<void> {
  const engines: PythonEngine[] =
    native.engine === 'python-native' ? ['python-native', 'python-wasi'] : ['python-wasi'];
  const spawned = await measure(BASELINE_MS, SLOTS, spawnPython);
  show('python3 spawned for each, no sandbox', spawned);
  for (const engine of engines) {
    const warm = await measureWarm(engine, callsOf('python'), GCD_IN_PYTHON);
    show(`${engine}, ten calls`, warm);
    show(`${engine}, suite of ten`, await measureWarm(engine, suiteOf('python'), GCD_IN_PYTHON));
    show(`${engine}, whole program`, await measureWarm(engine, programOf('python'), programOf('python').code));
    compare(`${engine}, to spawning python3`, warm, spawned);
  }
}

async function benchSql(): Promise<void> {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const queries = queriesOf(dialect);
    show(`${dialect}, three queries`, await measureWarm(dialect, queries, queries.code));
  }
}

async function measureWarm(engine: EngineName, { exercise }: BenchedExercise, code: string): Promise<Measured> {
  const python = engine === 'python-native' ? engine : 'python-wasi';
  const sandbox = new Sandbox({ size: SLOTS, isolation, python, warm: [engine] });
  const gradeOnce = () => gradeHonestly(sandbox, exercise, code);
  await measure(WARM_UP_MS, SLOTS, gradeOnce);
  const measured = await measure(WARM_MS, SLOTS, gradeOnce);
  await sandbox.close();
  return measured;
}

function measureRunnerPerSubmission(exercise: GradableExercise, code: string): Promise<Measured> {
  return measure(BASELINE_MS, SLOTS, async () => {
    const sandbox = new Sandbox({ size: 1, isolation, spare: 0 });
    await gradeHonestly(sandbox, exercise, code);
    await sandbox.close();
  });
}

async function gradeHonestly(sandbox: Sandbox, exercise: GradableExercise, code: string): Promise<void> {
  const { verdict, tests } = await grade(sandbox, exercise, code, AbortSignal.timeout(30_000));
  if (verdict !== 'accepted') throw new Error(`the honest solution got ${verdict}: ${tests[0]?.message}`);
}

/** The least that a judge without warm runners does: no isolation, no limits, all ten answers in one go. */
async function spawnPython(): Promise<void> {
  const script = `${GCD_IN_PYTHON}
import json
print(json.dumps([gcd(n * 1009, n * 1013) for n in range(2, 12)]))`;
  const child = spawn(PYTHON, ['-I', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`python3 ended with ${code}`);
}

function show(what: string, measured: Measured): void {
  print(`${what.padEnd(40)} ${format(measured)}`);
}

function compare(what: string, one: Measured, other: Measured): void {
  print(`${what.padEnd(40)} ${(one.perSecond / other.perSecond).toFixed(1)}x`);
}
