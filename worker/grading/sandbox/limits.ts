import type { ExerciseLimits } from '../../../shared/contracts/exercise.contract.ts';

/** The engine stops itself at the wall limit with a clean message; this much later its process is killed. */
export const KILL_MARGIN_MS = 500;

/** All tests of one submission together, however many there are. */
export const RUN_WALL_MS = 60_000;

/** After so many time, memory or output limits (one, where no call has ended before) the rest of a submission is skipped: it would only hit them again. */
export const MAX_LIMITS_HIT = 2;

/** Largest frame a runner may send: an answer and its output, both in their worst JSON escaping. */
export const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** Deepest answer that is compared. Deeper ones are refused before anything recursive looks at them. */
export const MAX_ANSWER_DEPTH = 200;

/** Limits of one load or one call, as the engine counts them: cpu is already scaled. */
export type EngineLimits = { cpuMs: number; wallMs: number; memoryBytes: number; outputBytes: number };

/**
 * Turns an author's limits into an engine's. Authors think of a native engine; an engine that is `cpuScale` times slower gets
 * that much more cpu time. Wall time is what the learner waits and is not scaled; half of it is the most that the cpu limit can be, so
 * that an endless loop is told by its cpu time also on a machine that gives it only every second moment.
 */
export function engineLimits(limits: ExerciseLimits, cpuScale: number): EngineLimits {
  return {
    cpuMs: Math.min(limits.cpuMs * cpuScale, limits.wallMs / 2),
    wallMs: limits.wallMs,
    memoryBytes: limits.memoryMb * 1024 * 1024,
    outputBytes: limits.outputKb * 1024,
  };
}
