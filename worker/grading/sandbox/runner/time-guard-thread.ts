import { parentPort, workerData } from 'node:worker_threads';
import type { Outcome } from '../protocol.ts';
import { sendOutcome } from './runner-process-io.ts';
import { CELL, STATE, guardCells, processCpuMs } from './time-guard.ts';
import { residentKb } from './process-memory.ts';

/** Below this share of wall time spent on a cpu, a missed wall limit is blamed on the machine; see `stopwatch.ts` of QuickJS. */
const STARVED_CPU_SHARE = 0.5;
const LONGEST_LOOK_MS = 1000;
/** Where memory is watched: what an engine can take meanwhile is what it can take too much. */
const MEMORY_LOOK_MS = 20;

const { state, times } = guardCells(workerData as SharedArrayBuffer);
parentPort?.postMessage('watching');
while (Atomics.load(state, 0) !== STATE.expired) {
  Atomics.wait(state, 0, STATE.idle);
  // Wakes also when the step ended and the next began meanwhile: all that counts is read anew.
  Atomics.wait(state, 0, STATE.armed, look());
}

/** Ends the step if a limit has passed, otherwise answers in how many milliseconds the earliest of them can pass. */
function look(): number {
  const at = (cell: keyof typeof CELL) => times[CELL[cell]] ?? 0;
  const wallMs = performance.timeOrigin + performance.now() - at('wallStart');
  const cpuMs = processCpuMs() - at('cpuStart');
  const wallLeft = at('wallLimit') - wallMs;
  // One busy thread cannot use more cpu than wall time; the few that help it hardly count.
  const cpuLeft = at('cpuLimit') - cpuMs;
  const watchesMemory = at('rssLimit') > 0;
  if (watchesMemory && residentKb() > at('rssLimit')) {
    end({ kind: 'fault', verdict: 'memory_limit', message: 'memory limit exceeded' }, cpuMs, wallMs);
  } else if (cpuLeft <= 0) end({ kind: 'fault', verdict: 'time_limit', message: 'time limit exceeded' }, cpuMs, wallMs);
  else if (wallLeft <= 0) {
    const wasStarved = cpuMs + at('slept') < wallMs * STARVED_CPU_SHARE;
    if (wasStarved) end({ kind: 'starved' }, cpuMs, wallMs);
    else end({ kind: 'fault', verdict: 'time_limit', message: 'time limit exceeded' }, cpuMs, wallMs);
  }
  return Math.max(1, Math.min(cpuLeft, wallLeft, watchesMemory ? MEMORY_LOOK_MS : LONGEST_LOOK_MS));
}

type Ending = { kind: 'starved' } | { kind: 'fault'; verdict: 'time_limit' | 'memory_limit'; message: string };

/** Whoever changes the state first ends the step: this thread, or the guarded one that was done just now. */
function end(ending: Ending, cpuMs: number, wallMs: number): void {
  if (Atomics.compareExchange(state, 0, STATE.armed, STATE.expired) !== STATE.armed) return;
  const outcome: Outcome = {
    ...ending,
    stdout: '',
    cpuMs: Math.round(cpuMs * 10) / 10,
    wallMs: Math.round(wallMs * 10) / 10,
    memoryKb: null,
    rssKb: residentKb(),
    spent: true,
  };
  sendOutcome(outcome);
}
