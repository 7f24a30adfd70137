import type { Analysis, Remark } from '../remark.ts';
import { edgeCaseChecks } from './edge-case.checks.ts';
import { efficiencyChecks } from './efficiency.checks.ts';
import { checksEdgeCases } from './guards.ts';
import { pythonAdvice, type PythonRule } from './python.advice.ts';
import { askRuff } from './ruff.ts';
import { senseChecks } from './sense.checks.ts';
import { subtleChecks } from './subtle.checks.ts';
import { measure, traitsOf } from './structure.ts';
import { childrenOf, methodOf, readProgram, subscriptOf, type Program } from './syntax.ts';

/** Reads Python with Ruff's rules and our own. */
export function analysePython(code: string): Analysis {
  const lines = code.split('\n').length;
  const ruff = askRuff(code);
  if (!ruff.isReadable) return unreadable(ruff, lines);
  const program = readProgram(code);
  const { metrics, remarks } = measure(program, lines);
  const found: Remark<PythonRule>[] = [
    ...ruff.remarks.filter(
      (remark) => remark.rule !== 'shared-by-class' || isChangedByInstances(remark.startLine, program),
    ),
    ...efficiencyChecks(program),
    ...edgeCaseChecks(program),
    ...senseChecks(program),
    ...subtleChecks(program),
    ...remarks,
  ];
  const isQuadratic = found.some(({ rule }) => 'quadratic' in pythonAdvice[rule]);
  return {
    parsed: true,
    remarks: found,
    metrics,
    checksEdgeCases: checksEdgeCases(program),
    traits: traitsOf(program, metrics, isQuadratic),
  };
}

function unreadable({ line, problem }: { line: number; problem: string }, lines: number): Analysis {
  const place = Math.max(1, Math.min(line, lines));
  const remark: Remark<PythonRule> = { rule: 'syntax-error', startLine: place, endLine: place, data: { problem } };
  return {
    parsed: false,
    remarks: [remark],
    metrics: { lines, functions: 0, maxComplexity: 0, maxNesting: 0, longestFunctionLines: 0 },
    checksEdgeCases: false,
    traits: [],
  };
}

const CHANGING = new Set([
  'append',
  'extend',
  'insert',
  'add',
  'update',
  'pop',
  'remove',
  'clear',
  'setdefault',
  'sort',
]);

/** A list in a class body is harmless as long as nobody changes it through `self`. */
function isChangedByInstances(line: number, program: Program): boolean {
  const assignment = program.all('AssignStatement').find((node) => program.lineOf(node.from) === line);
  const name = assignment?.firstChild === null || assignment === undefined ? '' : program.textOf(assignment.firstChild);
  const attribute = `self.${name}`;
  return program.nodes.some((node) => {
    const method = methodOf(node, program);
    if (method !== null) return CHANGING.has(method.name) && program.textOf(method.object) === attribute;
    if (node.name !== 'AssignStatement' && node.name !== 'UpdateStatement') return false;
    const [target] = childrenOf(node);
    const subscript = target === undefined ? null : subscriptOf(target);
    return subscript !== null && program.textOf(subscript.list) === attribute;
  });
}
