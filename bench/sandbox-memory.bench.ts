import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { grade } from '../worker/grading/grade.ts';
import type { EngineName } from '../worker/grading/sandbox/engines/engine.ts';
import { probeIsolation, probePython } from '../worker/grading/sandbox/isolation.ts';
import { WarmEngine } from '../shared/config/worker.config.ts';
import { Sandbox, warmEngines } from '../worker/grading/sandbox/sandbox.ts';
import { descendantsOf } from '../test/support/grading.ts';
import { startPlatform, startPostgres } from './bench-platform.ts';
import { print } from './measure.ts';
import { GCD_IN_JAVASCRIPT, GCD_IN_PYTHON, callsOf, queriesOf } from './sandbox-exercises.ts';

/**
 * Memory of an idle worker process with the runners of all languages warm, and how that of a sandbox grows over 10,000 submissions. Proportional set size: what
 * processes share, such as the program text of Node, is counted once. Run: `npm run bench:memory`; takes some minutes.
 */
const SLOTS = 2;
const SUBMISSIONS = 10_000;
const STEP = 1000;
const SETTLE_MS = 5000;
/** One for all: those of a minute each would be kept for a minute each. */
const never = new AbortController().signal;

const isolation = await probeIsolation('auto');
const { engine: python } = await probePython('auto', isolation);
const warm = warmEngines(WarmEngine.options, python);
await showIdleWorker();

const sandbox = new Sandbox({ size: SLOTS, isolation, python, warm });
const work: [EngineName, () => Promise<string>][] = [
  ['quickjs', () => verdictOf(callsOf('javascript').exercise, GCD_IN_JAVASCRIPT)],
  [python, () => verdictOf(callsOf('python').exercise, GCD_IN_PYTHON)],
  ['sqlite', () => verdictOf(queriesOf('sqlite').exercise, queriesOf('sqlite').code)],
];
for (const [engine, gradeOnce] of work) {
  for (let done = 0; done < SUBMISSIONS; done += STEP) {
    await Promise.all(Array.from({ length: SLOTS }, () => repeat(STEP / SLOTS, gradeOnce)));
    print(`${engine.padEnd(14)} after ${String(done + STEP).padStart(6)} submissions: ${totalMb().toFixed(0)} MB`);
  }
}
await sandbox.close();

/** All queues in one process, as `npm start` has it; after the catalogue was verified and what that took has been let go. */
async function showIdleWorker(): Promise<void> {
  const postgres = await startPostgres();
  const platform = await startPlatform(postgres.server, undefined);
  await sleep(SETTLE_MS);
  print(`idle worker, warm: ${warm.join(', ')}`);
  for (const [name, megabytes] of memoryByProgram(platform.workerPid)) {
    print(`  ${name.padEnd(30)} ${megabytes.toFixed(0)} MB`);
  }
  print(`  ${'together'.padEnd(30)} ${totalMb(platform.workerPid).toFixed(0)} MB`);
  await platform.stop();
  await postgres.stop();
}

async function repeat(times: number, gradeOnce: () => Promise<string>): Promise<void> {
  for (let time = 0; time < times; time++) {
    const verdict = await gradeOnce();
    if (verdict !== 'accepted') throw new Error(`the honest solution got ${verdict}`);
  }
}

async function verdictOf(exercise: Parameters<typeof grade>[1], code: string): Promise<string> {
  return (await grade(sandbox, exercise, code, never)).verdict;
}

function totalMb(root = process.pid): number {
  return [...memoryByProgram(root).values()].reduce((sum, megabytes) => sum + megabytes, 0);
}

function memoryByProgram(root: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const pid of [root, ...descendantsOf(root)]) {
    const name = nameOf(pid);
    found.set(name, (found.get(name) ?? 0) + pssMb(pid));
  }
  return found;
}

/** What a process runs, for people: the last part of its script's path. */
function nameOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (words[0]?.includes('bwrap') || words[0]?.includes('prlimit')) return 'bubblewrap';
    return (
      words
        .findLast((word) => /\.(ts|py)$/.test(word))
        ?.split('/')
        .at(-1) ?? 'other'
    );
  } catch {
    return 'gone';
  }
}

function pssMb(pid: number): number {
  try {
    const [, kilobytes] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    // It ended between the listing and the look.
    return readdirSync('/proc').includes(String(pid)) ? Number.NaN : 0;
  }
}
