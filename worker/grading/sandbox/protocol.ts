import { z } from 'zod';
import type { EngineLimits } from './limits.ts';

/**
 * What the worker and a runner say to each other, as length-prefixed JSON over the runner's stdin and stdout. A runner says `ready`
 * once. Then it answers each request with a row of outcomes, each sent as soon as it is there: that of loading the program, and,
 * unless that failed, one for each step of the task until one leaves the instance `spent`. The runner gives the instance one input after
 * the other. Of calls and of what a program shall print it never learns an expected answer, so nothing it says can pass such a test by
 * itself; still every reply is parsed, since a runner is the process that untrusted code would have to take over first.
 */
export type Program = { entrypoint: string; files: { path: string; content: string }[] };

/** One call of an exported function; `args` is the JSON text of the argument list. */
export type Call = { function: string; args: string };

/** One question to a fresh database: `check`, if there is one, is asked after the program, whose own rows then do not matter. */
export type Query = { setup: string; check: string | null };

/** Unit tests, which import the program. */
export type SuiteFile = { path: string; content: string; runSkipped: boolean };

/**
 * What to do with a program. `calls`: load it, then one step a call. `stdio`: run it as a whole, no steps. `suite`: load the suite, which
 * tells its cases, then one step a case that is run; `from` leaves out those before. `queries`: the program is a script, run once for each
 * of them.
 */
export type Task =
  | { kind: 'calls'; calls: Call[] }
  | { kind: 'stdio'; stdin: string }
  | { kind: 'queries'; queries: Query[] }
  | { kind: 'suite'; suite: SuiteFile; from: number };

/** `clockMs`: the moment, in milliseconds since the epoch, at which the program's clock stands still; null lets it run. */
export type RunRequest = { program: Program; task: Task; limits: EngineLimits; clockMs: number | null };

/** The cases of a suite; `runs` is false for those it skips. */
export const SuiteCases = z.array(z.strictObject({ name: z.string().max(1000), runs: z.boolean() })).max(2000);
export type SuiteCase = z.infer<typeof SuiteCases>[number];

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
  'security_violation',
]);

export const Outcome = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('loaded'), ...measured }),
  /** A suite is loaded. */
  z.strictObject({ kind: z.literal('collected'), cases: SuiteCases, ...measured }),
  /** A case of a suite passed, or an assertion of it did not hold. */
  z.strictObject({ kind: z.literal('passed'), ...measured }),
  z.strictObject({ kind: z.literal('failed'), message: z.string().max(20_000), ...measured }),
  /** The JSON text of what the function returned. */
  z.strictObject({ kind: z.literal('answer'), json: z.string().max(2_000_000), ...measured }),
  /** The JSON text of `{ columns, rows }`. */
  z.strictObject({ kind: z.literal('rows'), json: z.string().max(2_000_000), ...measured }),
  /** The function returned something that JSON cannot say, such as `undefined`. */
  z.strictObject({ kind: z.literal('not_json'), description: z.string().max(500), ...measured }),
  z.strictObject({ kind: z.literal('fault'), verdict: EngineVerdict, message: z.string().max(10_000), ...measured }),
  /** The wall limit passed while the runner hardly got any cpu: the machine was busy, the code may not be to blame. */
  z.strictObject({ kind: z.literal('starved'), ...measured }),
]);
export type Outcome = z.infer<typeof Outcome>;
export type Fault = Extract<Outcome, { kind: 'fault' }>;

export const Reply = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), engine: z.string().max(100) }),
  z.strictObject({ type: z.literal('outcome'), outcome: Outcome }),
]);
export type Reply = z.infer<typeof Reply>;
