import { z } from 'zod';
import type { EngineLimits } from './limits.ts';

/**
 * What the worker and a runner say to each other, as length-prefixed JSON over the runner's stdin and stdout. A runner says `ready`
 * once. Then it answers each request with a row of outcomes, each sent as soon as it is there: that of loading the program, and,
 * unless that failed, one for each call until one leaves the instance `spent`. The runner gives the instance one input after the
 * other. It never learns an expected answer, so nothing it says can pass a test by itself; still every reply is parsed, since a
 * runner is the process that untrusted code would have to take over first.
 */
export type Program = { entrypoint: string; files: { path: string; content: string }[] };

/** One call of an exported function; `args` is the JSON text of the argument list. */
export type Call = { function: string; args: string };

export type RunRequest = { program: Program; calls: Call[]; limits: EngineLimits };

const measured = {
  stdout: z.string().max(300_000),
  cpuMs: z.number().nonnegative(),
  wallMs: z.number().nonnegative(),
  memoryKb: z.number().nonnegative().nullable(),
  /** Peak resident memory of the whole runner process. */
  rssKb: z.number().nonnegative(),
  /** The engine instance was stopped in the middle of something and must not be used again. */
  spent: z.boolean(),
};

/** Faults that the engine itself can tell; the wall-clock kill adds `time_limit` from outside. */
const EngineVerdict = z.enum([
  'invalid_submission',
  'compile_error',
  'runtime_error',
  'memory_limit',
  'time_limit',
  'output_limit',
]);

export const Outcome = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('loaded'), ...measured }),
  /** The JSON text of what the function returned. */
  z.strictObject({ kind: z.literal('answer'), json: z.string().max(2_000_000), ...measured }),
  /** The function returned something that JSON cannot say, such as `undefined`. */
  z.strictObject({ kind: z.literal('not_json'), description: z.string().max(500), ...measured }),
  z.strictObject({ kind: z.literal('fault'), verdict: EngineVerdict, message: z.string().max(10_000), ...measured }),
  /** The wall limit passed while the runner hardly got any cpu: the machine was too busy, the code is not to blame. */
  z.strictObject({ kind: z.literal('starved'), ...measured }),
]);
export type Outcome = z.infer<typeof Outcome>;
export type Fault = Extract<Outcome, { kind: 'fault' }>;

export const Reply = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), engine: z.string().max(100) }),
  z.strictObject({ type: z.literal('outcome'), outcome: Outcome }),
]);
export type Reply = z.infer<typeof Reply>;
