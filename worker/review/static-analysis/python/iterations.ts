import {
  around,
  callOf,
  childrenOf,
  contains,
  isFunction,
  methodOf,
  within,
  type Program,
  type SyntaxNode,
} from './syntax.ts';

/**
 * What runs again and again. `over` names what is gone through, also behind `enumerate`, `range(len(…))` and their like; `isDirect`: it is
 * gone through itself and not a copy or its indexes.
 */
export type Iteration = {
  node: SyntaxNode;
  over: string | null;
  isDirect: boolean;
  isIndexed: boolean;
  names: string[];
  /** What is evaluated once, before the first round. */
  iterable: SyntaxNode | null;
};

const COMPREHENSION = /Comprehension/;

export function iterationOf(node: SyntaxNode, program: Program): Iteration | null {
  if (node.name === 'WhileStatement')
    return { node, over: null, isDirect: false, isIndexed: false, names: [], iterable: null };
  if (node.name !== 'ForStatement' && !COMPREHENSION.test(node.name)) return null;
  const children = childrenOf(node);
  const begin = children.findIndex((child) => child.name === 'for');
  const middle = children.findIndex((child, place) => child.name === 'in' && place > begin);
  const iterable = children[middle + 1];
  if (begin < 0 || middle < 0 || iterable === undefined) return null;
  const names = children
    .slice(begin + 1, middle)
    .flatMap((target) => [...within(target)].filter(({ name }) => name === 'VariableName'));
  const source = sourceOf(iterable, program);
  return { node, iterable, names: names.map((name) => program.textOf(name)), ...source };
}

function sourceOf(
  iterable: SyntaxNode,
  program: Program,
): { over: string | null; isDirect: boolean; isIndexed: boolean } {
  const call = callOf(iterable, program);
  if (call !== null) {
    // Counting down, nothing that is removed has an item behind it that is still to come.
    const isDown = call.args[2] !== undefined && program.textOf(call.args[2]).startsWith('-');
    const last = call.name === 'range' && !isDown ? lengthIn(call.args, program) : null;
    if (call.name === 'range') return { over: last, isDirect: false, isIndexed: last !== null };
    const [first] = call.args;
    if (
      ['enumerate', 'reversed', 'sorted', 'list', 'set', 'tuple', 'iter'].includes(call.name) &&
      first !== undefined
    ) {
      return {
        ...sourceOf(first, program),
        isDirect: call.name === 'enumerate' && first.name === 'VariableName',
        isIndexed: false,
      };
    }
    return { over: null, isDirect: false, isIndexed: false };
  }
  const method = methodOf(iterable, program);
  if (method !== null && ['items', 'keys', 'values'].includes(method.name)) {
    return { over: program.textOf(method.object), isDirect: true, isIndexed: false };
  }
  const isPlain = iterable.name === 'VariableName' || iterable.name === 'MemberExpression';
  return { over: isPlain ? program.textOf(iterable) : null, isDirect: isPlain, isIndexed: false };
}

/** The list of `range(len(list))` and `range(i + 1, len(list))`. */
function lengthIn(args: readonly SyntaxNode[], program: Program): string | null {
  for (const argument of args) {
    for (const node of within(argument)) {
      const call = callOf(node, program);
      if (call?.name === 'len' && call.args[0] !== undefined) return program.textOf(call.args[0]);
    }
  }
  return null;
}

/** The loops and comprehensions around a node inside its function, the nearest first. What runs once is not inside. */
export function iterationsAround(node: SyntaxNode, program: Program): Iteration[] {
  const found: Iteration[] = [];
  for (const outer of around(node)) {
    if (isFunction(outer)) break;
    const iteration = iterationOf(outer, program);
    if (iteration === null) continue;
    const runsOnce = iteration.iterable !== null && contains(iteration.iterable, node);
    if (!runsOnce) found.push(iteration);
  }
  return found;
}
