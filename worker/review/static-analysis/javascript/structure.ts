import type { CodeMetrics, CodeTrait } from '../../facts.ts';
import { shapeRemark } from '../shape.ts';
import type { Remark } from '../remark.ts';
import { waitsTogether } from './sense.checks.ts';
import {
  around,
  isFunction,
  iterationOf,
  iterationsAround,
  linesOf,
  methodOf,
  within,
  type FunctionNode,
  type Node,
  type Program,
} from './syntax.ts';

/** Size and shape of one function; what functions inside it do counts as theirs. */
type FunctionShape = { node: FunctionNode; name: string; complexity: number; nesting: number; lines: number };

const SMALL_FUNCTION_LINES = 15;

/** Measures the functions of a program, the program itself too where it has code outside of them. */
export function measure(
  program: Program,
  lines: number,
): { metrics: CodeMetrics; remarks: Remark<'deep-nesting' | 'complex-function' | 'long-function'>[] } {
  const shapes = program
    .all('FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression')
    .map((node) => shapeOf(node, program));
  const outside = {
    complexity: complexityOf(program.sourceCode.ast as unknown as Node, program),
    nesting: nestingOf(program.sourceCode.ast as unknown as Node, program),
  };
  const most = (pick: (shape: { complexity: number; nesting: number }) => number) =>
    Math.max(pick(outside), ...shapes.map(pick));
  return {
    metrics: {
      lines,
      functions: shapes.filter(({ node }) => isNamedFunction(node)).length,
      maxComplexity: most((shape) => shape.complexity),
      maxNesting: most((shape) => shape.nesting),
      longestFunctionLines: Math.max(0, ...shapes.map((shape) => shape.lines)),
    },
    remarks: shapes.flatMap((shape) => shapeRemark({ ...shape, ...linesOf(shape.node) })),
  };
}

function shapeOf(node: FunctionNode, program: Program): FunctionShape {
  const { startLine, endLine } = linesOf(node);
  return {
    node,
    name: nameOfFunction(node),
    complexity: complexityOf(node, program),
    nesting: nestingOf(node, program),
    lines: endLine - startLine + 1,
  };
}

/** Functions that stand for themselves; callbacks belong to what they are given to. */
function isNamedFunction(node: FunctionNode): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    ['VariableDeclarator', 'MethodDefinition', 'Property', 'AssignmentExpression'].includes(node.parent.type)
  );
}

function nameOfFunction(node: FunctionNode): string {
  if (node.type === 'FunctionDeclaration') return node.id?.name ?? 'this function';
  const { parent } = node;
  if (parent.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name;
  if ((parent.type === 'MethodDefinition' || parent.type === 'Property') && parent.key.type === 'Identifier')
    return parent.key.name;
  return 'this function';
}

function* ownNodes(root: Node, program: Program): Generator<Node> {
  for (const node of within(root, program)) {
    if (node !== root && ownFunctionOf(node) === root) yield node;
  }
}

function ownFunctionOf(node: Node): Node | null {
  let top: Node | null = null;
  for (const outer of around(node)) {
    if (isFunction(outer)) return outer;
    top = outer;
  }
  return top;
}

function complexityOf(root: Node, program: Program): number {
  let complexity = 1;
  for (const node of ownNodes(root, program)) if (isBranch(node)) complexity += 1;
  return complexity;
}

function isBranch(node: Node): boolean {
  if (node.type === 'SwitchCase') return node.test !== null && node.test !== undefined;
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression' || node.type === 'LogicalExpression')
    return true;
  return isLoop(node);
}

function isLoop(node: Node): boolean {
  return !isFunction(node) && iterationOf(node) !== null;
}

function nestingOf(root: Node, program: Program): number {
  let deepest = 0;
  for (const node of ownNodes(root, program)) {
    if (!nests(node)) continue;
    let depth = 1;
    for (const outer of around(node)) {
      if (outer === root) break;
      if (nests(outer)) depth += 1;
    }
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function nests(node: Node): boolean {
  // `else if` stands beside its `if`, not inside it.
  if (node.type === 'IfStatement') return !(node.parent.type === 'IfStatement' && node.parent.alternate === node);
  return isLoop(node) || node.type === 'SwitchStatement' || node.type === 'TryStatement';
}

/** Good things that can be seen in executable code. */
export function traitsOf(program: Program, functions: { metrics: CodeMetrics }, isQuadratic: boolean): CodeTrait[] {
  const traits: CodeTrait[] = [];
  const { metrics } = functions;
  if (program.all('FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression').some(beginsWithGuard))
    traits.push('guard_clause');
  if (usesHashing(program)) traits.push('hash_lookup');
  if (!isQuadratic && hasLoops(program) && !hasCostlyCalls(program)) traits.push('linear_loops');
  if (metrics.functions >= 2 && metrics.longestFunctionLines <= SMALL_FUNCTION_LINES) traits.push('small_functions');
  if (hasNamedConstants(program)) traits.push('named_constants');
  if (waitsTogether(program)) traits.push('concurrent_waits');
  if (program.all('ThrowStatement').length > 0) traits.push('raises_errors');
  return traits;
}

function beginsWithGuard(node: FunctionNode): boolean {
  if (node.body.type !== 'BlockStatement' || node.body.body.length < 2) return false;
  const [first] = node.body.body;
  if (first?.type !== 'IfStatement' || (first.alternate !== null && first.alternate !== undefined)) return false;
  const consequent = first.consequent.type === 'BlockStatement' ? first.consequent.body[0] : first.consequent;
  return consequent?.type === 'ReturnStatement' || consequent?.type === 'ThrowStatement';
}

function hasLoops(program: Program): boolean {
  return program.nodes.some((node) => iterationOf(node, program.textOf) !== null);
}

const COSTLY_IN_LOOPS = new Set([
  'splice',
  'slice',
  'includes',
  'indexOf',
  'lastIndexOf',
  'concat',
  'shift',
  'unshift',
  'find',
  'findIndex',
  'filter',
  'some',
  'every',
  'reduce',
  'join',
  'replace',
  'map',
]);

/** Sorting, and calls in loops that may go through a whole list: nothing is promised about code that has them. */
function hasCostlyCalls(program: Program): boolean {
  return program.all('CallExpression').some((call) => {
    const name = methodOf(call)?.name ?? '';
    if (name === 'sort' || name === 'toSorted') return true;
    return COSTLY_IN_LOOPS.has(name) && iterationsAround(call, program).length > 0;
  });
}

function usesHashing(program: Program): boolean {
  const made = program
    .all('NewExpression')
    .some((node) => node.callee.type === 'Identifier' && /^(?:Weak)?(?:Map|Set)$/.test(node.callee.name));
  return made && program.all('CallExpression').some((call) => ['has', 'get'].includes(methodOf(call)?.name ?? ''));
}

function hasNamedConstants(program: Program): boolean {
  return program
    .all('VariableDeclarator')
    .some(
      (node) =>
        node.parent.parent?.type === 'Program' &&
        node.id.type === 'Identifier' &&
        /^[A-Z][A-Z0-9_]{2,}$/.test(node.id.name),
    );
}
