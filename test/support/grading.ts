import { readFileSync, readdirSync } from 'node:fs';
import {
  ExerciseLimits,
  ExerciseTest,
  type ExerciseFile,
  type Language,
} from '../../shared/contracts/exercise.contract.ts';
import type { GradableExercise } from '../../worker/grading/grade.ts';
import { probeIsolation, type IsolationMode } from '../../worker/grading/sandbox/isolation.ts';
import { Sandbox, type SandboxOptions } from '../../worker/grading/sandbox/sandbox.ts';

/** A test as an author writes it. */
export type TestInput = object;

/** A sandbox for one program at a time, under the strongest layer that works here, unless told otherwise. */
export async function openSandbox(
  overrides: Partial<SandboxOptions> = {},
  mode: IsolationMode = 'auto',
): Promise<Sandbox> {
  return new Sandbox({ size: 1, isolation: await probeIsolation(mode), warm: ['quickjs'], ...overrides });
}

/** An exercise about `gcd.js` with three visible tests, unless told otherwise. */
export function buildExercise(
  overrides: {
    tests?: TestInput[];
    limits?: Partial<ExerciseLimits>;
    files?: ExerciseFile[];
    clock?: string;
    entrypoint?: string;
    language?: Language;
  } = {},
): GradableExercise {
  const gcdTests = [
    { args: [12, 18], expected: 6 },
    { args: [17, 5], expected: 1 },
    { args: [9, 0], expected: 9 },
  ].map((test) => ({ kind: 'call', name: `gcd(${test.args.join(', ')})`, function: 'gcd', ...test }));
  return {
    language: overrides.language ?? 'javascript',
    entrypoint: overrides.entrypoint ?? 'gcd.js',
    files: overrides.files ?? [],
    clock: overrides.clock,
    limits: ExerciseLimits.parse({ cpuMs: 200, wallMs: 5000, memoryMb: 32, outputKb: 16, ...overrides.limits }),
    tests: (overrides.tests ?? gcdTests).map((test) => ExerciseTest.parse(test)),
  };
}

/** One visible test of `f`. */
export function callOfF(args: unknown[], expected: unknown, extra: Record<string, unknown> = {}): TestInput {
  return { kind: 'call', name: `f(${JSON.stringify(args)})`, function: 'f', args, expected, ...extra };
}

export const HONEST_GCD = 'export function gcd(a, b) {\n  return b === 0 ? a : gcd(b, a % b);\n}';

/** Processes below `ancestor`, at any depth, as /proc tells it. */
export function descendantsOf(ancestor: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? readStat(entry) : null;
    if (stat !== null && stat.state !== 'Z') parents.set(Number(entry), stat.parent);
  }
  const found = [ancestor];
  for (const known of found) for (const [pid, parent] of parents) if (parent === known) found.push(pid);
  return found.slice(1);
}

/** Whether a process still runs; one that only waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  const stat = readStat(String(pid));
  return stat !== null && stat.state !== 'Z';
}

/** The process that started it, or took it over; null when it has ended. */
export function parentOf(pid: number): number | null {
  return readStat(String(pid))?.parent ?? null;
}

function readStat(pid: string): { state: string; parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    // It ended between the listing and the look.
    return null;
  }
}
