import { PositionEncoding, Workspace, type Diagnostic } from '@astral-sh/ruff-wasm-nodejs';
import type { Remark } from '../remark.ts';
import type { PythonRule } from './python.advice.ts';

/** Ruff's rules that tell a learner something worth knowing, and our name of each. */
const RULES: Record<string, PythonRule> = {
  F401: 'unused-import',
  F402: 'redefined-name',
  F403: 'star-import',
  F501: 'broken-format',
  F502: 'broken-format',
  F507: 'broken-format',
  F521: 'broken-format',
  F524: 'broken-format',
  F541: 'empty-format',
  F601: 'repeated-key',
  F631: 'assert-always-true',
  F632: 'is-literal',
  F634: 'condition-always-true',
  F811: 'redefined-name',
  F821: 'undefined-name',
  F823: 'undefined-name',
  F841: 'unused-variable',
  E711: 'none-compared',
  E712: 'boolean-compared',
  E721: 'type-compared',
  E722: 'bare-except',
  BLE001: 'blind-except',
  S110: 'error-swallowed',
  S112: 'error-swallowed',
  B006: 'mutable-default',
  B007: 'unused-loop-variable',
  B012: 'leaves-finally',
  B015: 'useless-expression',
  B018: 'useless-expression',
  B020: 'redefined-name',
  B023: 'closure-in-loop',
  A001: 'hidden-builtin',
  A002: 'hidden-builtin',
  RET503: 'missing-return',
  RUF012: 'shared-by-class',
  RUF015: 'list-for-one',
  PLR0124: 'compared-with-itself',
  PLR1714: 'repeated-comparison',
  PLW0127: 'useless-expression',
  PLW0603: 'global-statement',
  PLW2901: 'loop-variable-replaced',
  SIM103: 'needless-condition',
  SIM118: 'keys-call',
  ARG001: 'unused-parameter',
  // Both are what is left of a `return`.
  PLE0101: 'useless-expression',
  PLW0120: 'else-of-loop',
};

const CANNOT_BE_READ = 'invalid-syntax';

let opened: Workspace | null = null;

/** The linter of this thread; making one takes a while. */
function workspace(): Workspace {
  opened ??= new Workspace(
    { 'target-version': 'py312', lint: { select: Object.keys(RULES), preview: false } },
    PositionEncoding.Utf16,
  );
  return opened;
}

export type RuffResult =
  { isReadable: true; remarks: Remark<PythonRule>[] } | { isReadable: false; line: number; problem: string };

/** What Ruff says; a learner's own comments cannot switch anything off. */
export function askRuff(code: string): RuffResult {
  const diagnostics = workspace().check(withoutDirectives(code)) as Diagnostic[];
  const fatal = diagnostics.find((diagnostic) => diagnostic.code === CANNOT_BE_READ || diagnostic.code === null);
  if (fatal !== undefined)
    return { isReadable: false, line: fatal.start_location.row, problem: inWords(fatal.message) };
  return { isReadable: true, remarks: diagnostics.flatMap(toRemark) };
}

/** Comments such as `# noqa` and `# ruff: disable` say nothing any more. Everything stays in its place. */
function withoutDirectives(code: string): string {
  return code.replaceAll(/#[^\n]*/g, (comment) =>
    comment.replaceAll(/noqa|ruff|flake8|pylint|isort|fmt|yapf|type:\s*ignore/gi, (word) => 'x'.repeat(word.length)),
  );
}

function inWords(message: string): string {
  return message
    .replace(/^SyntaxError:\s*/i, '')
    .replaceAll('`', '')
    .replace(/^./, (letter) => letter.toLowerCase());
}

function toRemark({ code, message, start_location: start, end_location: end }: Diagnostic): Remark<PythonRule>[] {
  const rule = code === null ? undefined : RULES[code];
  if (rule === undefined) return [];
  const name = /`([^`]+)`/.exec(message)?.[1];
  const endLine = end.column <= 1 && end.row > start.row ? end.row - 1 : end.row;
  return [{ rule, startLine: start.row, endLine, ...(name === undefined ? {} : { data: { name } }) }];
}
