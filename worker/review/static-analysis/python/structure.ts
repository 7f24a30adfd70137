import type { CodeMetrics, CodeTrait } from '../../facts.ts';
import type { Remark } from '../remark.ts';
import { shapeRemark, type ShapeRule } from '../shape.ts';
import { iterationOf, iterationsAround } from './iterations.ts';
import { callOf, childrenOf, linesOf, methodOf, type Program, type SyntaxNode } from './syntax.ts';
import { kindOf } from './variables.ts';

const SMALL_FUNCTION_LINES = 15;

/** Measures the functions of a program, and the program itself where it has code outside of them. */
export function measure(program: Program, lines: number): { metrics: CodeMetrics; remarks: Remark<ShapeRule>[] } {
  const functions = program.all('FunctionDefinition');
  const [whole] = program.nodes;
  const shapes = functions.map((node) => {
    const name = node.getChild('VariableName');
    const place = linesOf(node, program);
    return {
      name: name === null ? 'this function' : program.textOf(name),
      ...place,
      ...shapeWithin(node),
      lines: place.endLine - place.startLine + 1,
    };
  });
  const outside = whole === undefined ? { complexity: 1, nesting: 0 } : shapeWithin(whole);
  return {
    metrics: {
      lines,
      functions: functions.length,
      maxComplexity: Math.max(outside.complexity, ...shapes.map(({ complexity }) => complexity)),
      maxNesting: Math.max(outside.nesting, ...shapes.map(({ nesting }) => nesting)),
      longestFunctionLines: Math.max(0, ...shapes.map((shape) => shape.lines)),
    },
    remarks: shapes.flatMap(shapeRemark),
  };
}

/** Decisions and depth of a function; what functions inside it do counts as theirs. */
function shapeWithin(root: SyntaxNode): { complexity: number; nesting: number } {
  let complexity = 1;
  let nesting = 0;
  const pending = childrenOf(root).map((node) => ({ node, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.node.name === 'FunctionDefinition') continue;
    const depth = next.depth + (nests(next.node) ? 1 : 0);
    complexity += branchesOf(next.node);
    nesting = Math.max(nesting, depth);
    pending.push(...childrenOf(next.node).map((node) => ({ node, depth })));
  }
  return { complexity, nesting };
}

function branchesOf(node: SyntaxNode): number {
  if (node.name === 'IfStatement')
    return childrenOf(node).filter(({ name }) => name === 'if' || name === 'elif').length;
  if (node.name === 'TryStatement') return node.getChildren('except').length;
  if (node.name === 'BinaryExpression') return node.getChild('and') !== null || node.getChild('or') !== null ? 1 : 0;
  return /^(?:ForStatement|WhileStatement|ConditionalExpression|MatchClause)$|Comprehension/.test(node.name) ? 1 : 0;
}

function nests(node: SyntaxNode): boolean {
  return /^(?:If|For|While|Try|With|Match)Statement$/.test(node.name);
}

/** Good things that can be seen in executable code. */
export function traitsOf(program: Program, metrics: CodeMetrics, isQuadratic: boolean): CodeTrait[] {
  const traits: CodeTrait[] = [];
  if (program.all('FunctionDefinition').some(beginsWithGuard)) traits.push('guard_clause');
  if (usesHashing(program)) traits.push('hash_lookup');
  if (isMemoised(program)) traits.push('memoised');
  if (!isQuadratic && program.nodes.some((node) => iterationOf(node, program) !== null) && !hasCostlyCalls(program))
    traits.push('linear_loops');
  if (metrics.functions >= 2 && metrics.longestFunctionLines <= SMALL_FUNCTION_LINES) traits.push('small_functions');
  if (hasNamedConstants(program)) traits.push('named_constants');
  if (program.all('RaiseStatement').length > 0) traits.push('raises_errors');
  return traits;
}

function beginsWithGuard(definition: SyntaxNode): boolean {
  const body = definition.getChild('Body');
  if (body === null) return false;
  const statements = childrenOf(body).filter(({ name }) => name !== ':' && name !== 'Comment');
  const [first, second] = statements.filter((node, place) => !(place === 0 && node.firstChild?.name === 'String'));
  if (
    first?.name !== 'IfStatement' ||
    second === undefined ||
    first.getChild('else') !== null ||
    first.getChild('elif') !== null
  )
    return false;
  const block = first.getChild('Body');
  return block !== null && (block.getChild('ReturnStatement') !== null || block.getChild('RaiseStatement') !== null);
}

const COSTLY_IN_LOOPS = new Set([
  'remove',
  'pop',
  'insert',
  'index',
  'count',
  'join',
  'replace',
  'find',
  'extend',
  'copy',
]);
const COSTLY_CALLS = new Set(['sum', 'max', 'min', 'any', 'all', 'list', 'set', 'tuple', 'reversed', 'map', 'filter']);

/** Sorting, and calls in loops that may go through a whole list: nothing is promised about code that has them. */
function hasCostlyCalls(program: Program): boolean {
  return program.nodes.some((node) => {
    const method = methodOf(node, program);
    const call = callOf(node, program);
    if (method?.name === 'sort' || call?.name === 'sorted') return true;
    const isCostly =
      COSTLY_IN_LOOPS.has(method?.name ?? '') || COSTLY_CALLS.has(call?.name ?? '') || isListMembership(node, program);
    return isCostly && iterationsAround(node, program).length > 0;
  });
}

/** `x in y`, unless `y` is known to be a set or dict. */
function isListMembership(node: SyntaxNode, program: Program): boolean {
  if (node.name !== 'BinaryExpression' || node.getChild('in') === null || node.lastChild === null) return false;
  return kindOf(program.textOf(node.lastChild), node, program) !== 'hash';
}

function usesHashing(program: Program): boolean {
  return program.nodes.some((node) => {
    const called = callOf(node, program)?.name ?? '';
    if (['set', 'dict', 'Counter', 'defaultdict'].includes(called) || methodOf(node, program)?.name === 'fromkeys')
      return true;
    return node.name === 'SetComprehensionExpression' || node.name === 'DictionaryComprehensionExpression';
  });
}

function isMemoised(program: Program): boolean {
  return program.all('Decorator').some((node) => /cache/.test(program.textOf(node)));
}

function hasNamedConstants(program: Program): boolean {
  return program
    .all('AssignStatement')
    .some(
      (node) =>
        node.parent?.name === 'Script' &&
        node.firstChild !== null &&
        /^[A-Z][A-Z0-9_]{2,}$/.test(program.textOf(node.firstChild)),
    );
}
