import type { Outcome, SuiteCase, Task } from '../../../protocol.ts';

/** More than this from a guest at once is no finding any more, in bytes. */
export const MAX_FINDING_BYTES = 3 * 1024 * 1024;
const MAX_ANSWER_CHARS = 1_100_000;
const MAX_MESSAGE_CHARS = 10_000;
const MAX_DESCRIPTION_CHARS = 500;
const MAX_CASES = 2000;
const MAX_CASE_NAME_CHARS = 1000;

type Measured = 'cpuMs' | 'wallMs' | 'memoryKb' | 'rssKb';
type Unmeasured<Kind> = Kind extends unknown ? Omit<Kind, Measured> : never;

/** An outcome before it is measured. */
export type Finding = Unmeasured<Outcome>;
type FaultVerdict = Extract<Outcome, { kind: 'fault' }>['verdict'];

/** Faults that the harness can tell. */
const VERDICTS: readonly unknown[] = [
  'compile_error',
  'runtime_error',
  'invalid_submission',
  'memory_limit',
  'output_limit',
] satisfies FaultVerdict[];

export function fault(verdict: FaultVerdict, message: string): Finding {
  return { kind: 'fault', verdict, message, stdout: '', spent: true };
}

/** The program, or what it did to the harness, said something that no harness says. */
export function interfered(): Finding {
  return fault('security_violation', 'the program interfered with the grader');
}

/** What a guest said in its own words: one of the findings that are due, or else an attempt to interfere. */
export function parseFinding(text: string, task: Task, isLoading: boolean, outputBytes: number): Finding {
  const said = jsonOrUndefined(text);
  if (!isRecord(said)) return interfered();
  const { stdout } = said;
  if (typeof stdout !== 'string' || Buffer.byteLength(stdout) > outputBytes) return interfered();
  if (said['kind'] === 'fault') return faultOf(said, stdout);
  const found = isLoading ? loadingOf(task, said, stdout) : stepOf(task, said, stdout);
  return found ?? interfered();
}

type Said = Record<string, unknown>;

function faultOf({ verdict, message, spent }: Said, stdout: string): Finding {
  const told = clipped(message, MAX_MESSAGE_CHARS);
  if (!VERDICTS.includes(verdict) || told === null) return interfered();
  return { kind: 'fault', verdict: verdict as FaultVerdict, message: told, stdout, spent: spent === true };
}

function loadingOf(task: Task, { kind, cases }: Said, stdout: string): Finding | null {
  if (task.kind !== 'suite') return kind === 'loaded' ? { kind, stdout, spent: false } : null;
  if (kind !== 'collected' || !Array.isArray(cases) || cases.length > MAX_CASES) return null;
  const known = (cases as unknown[]).map(caseOf).filter((found) => found !== null);
  return known.length === cases.length ? { kind, cases: known, stdout, spent: false } : null;
}

function caseOf(said: unknown): SuiteCase | null {
  if (!isRecord(said)) return null;
  const { runs } = said;
  const name = clipped(said['name'], MAX_CASE_NAME_CHARS);
  return name !== null && typeof runs === 'boolean' ? { name, runs } : null;
}

function stepOf(task: Task, said: Said, stdout: string): Finding | null {
  return task.kind === 'suite' ? caseRunOf(said, stdout) : callOf(said, stdout);
}

function caseRunOf({ kind, message }: Said, stdout: string): Finding | null {
  if (kind === 'passed') return { kind, stdout, spent: false };
  const told = clipped(message, MAX_MESSAGE_CHARS);
  return kind === 'failed' && told !== null ? { kind, message: told, stdout, spent: false } : null;
}

function callOf({ kind, json, description }: Said, stdout: string): Finding | null {
  if (kind === 'answer') {
    const isAnswer = typeof json === 'string' && json.length <= MAX_ANSWER_CHARS && jsonOrUndefined(json) !== undefined;
    return isAnswer ? { kind, json, stdout, spent: false } : null;
  }
  const told = clipped(description, MAX_DESCRIPTION_CHARS);
  return kind === 'not_json' && told !== null ? { kind, description: told, stdout, spent: false } : null;
}

function isRecord(value: unknown): value is Said {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A text for people, or null when it is none or far too long: the harness clips it, but counts characters where JavaScript counts units of
 * UTF-16, of which a character has up to two.
 */
function clipped(value: unknown, maxChars: number): string | null {
  return typeof value === 'string' && value.length <= 2 * maxChars ? value.slice(0, maxChars) : null;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
