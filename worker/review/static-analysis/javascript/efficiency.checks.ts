import type { Remark } from '../remark.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import { rootList } from './root-list.ts';
import { wasteChecks } from './waste.checks.ts';
import {
  functionAround,
  initialValueOf,
  isFunction,
  isNamed,
  iterationOf,
  iterationsAround,
  linesOf,
  mentions,
  methodOf,
  nameOf,
  variableOf,
  within,
  type FunctionNode,
  type Iteration,
  type Node,
  type NodeOf,
  type Program,
  type PlainNode,
} from './syntax.ts';

type Found = Remark<JavaScriptRule>[];

/** Linear searches by value. */
const SEARCHES = new Set(['includes', 'indexOf', 'lastIndexOf']);
/** Methods that go through a list with a function; a search if the function compares the item with that of the loop. */
const SIEVES = new Set(['find', 'findIndex', 'findLast', 'filter', 'some', 'every', 'reduce']);
const TEXT_METHODS = new Set([
  'replace',
  'replaceAll',
  'trim',
  'toLowerCase',
  'toUpperCase',
  'join',
  'toString',
  'repeat',
]);
const TEXT_NAMES = /^(?:text|str|string|word|line|sentence|s|char|character|ch|alphabet|vowels|letters|digits)$/i;

/** Work that grows faster with the input than it has to. */
export function efficiencyChecks(program: Program): Found {
  return [
    ...searchesInLoops(program),
    ...nestedLoops(program),
    ...workInLoops(program),
    ...waitsInLoops(program),
    ...wasteChecks(program),
  ];
}

function searchesInLoops(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    if (method === null || !(SEARCHES.has(method.name) || SIEVES.has(method.name))) return [];
    const loops = iterationsAround(call, program);
    const [loop] = loops;
    // With a place to go on from it is one walk in steps, and a fixed text is looked for in a text.
    if (call.arguments.length > 1 && SEARCHES.has(method.name)) return [];
    if (
      loop === undefined ||
      call.arguments[0]?.type === 'Literal' ||
      (SIEVES.has(method.name) && !isPartnerSearch(call, loops, program)) ||
      !isOuterList(method.object, loop, loops, program)
    )
      return [];
    return [
      { rule: 'search-in-loop', ...linesOf(call), data: { list: nameOf(method.object, program), method: method.name } },
    ];
  });
}

/** Whether the function given to `filter` and its like holds its own item against that of a loop around it. */
function isPartnerSearch(call: NodeOf<'CallExpression'>, loops: readonly Iteration[], program: Program): boolean {
  const [sieve] = call.arguments;
  const inner = sieve === undefined ? null : iterationOf(sieve as Node, program.textOf);
  return inner !== null && loops.some((outer) => outer.over === inner.over || comparesItems(inner, outer, program));
}

/** A list of unknown length that is there before the loop begins: not the loop's own item, not a text, not a short literal. */
function isOuterList(list: PlainNode, loop: Iteration, loops: readonly Iteration[], program: Program): boolean {
  // Of other objects' lists nothing is known; they often are short.
  if (list.type !== 'Identifier' && !(list.type === 'MemberExpression' && list.object.type === 'ThisExpression'))
    return false;
  if (
    mentions(
      list,
      loops.flatMap((each) => each.names),
      program,
    )
  )
    return false;
  if (list.type === 'Identifier') {
    if (TEXT_NAMES.test(list.name) || isDeclaredIn(list, loop.node, program)) return false;
    const initial = initialValueOf(list, program);
    return initial === null || !isTextOrConstant(initial);
  }
  return true;
}

function isDeclaredIn(name: PlainNode, loop: Node, program: Program): boolean {
  const declared = variableOf(name, program)?.defs[0]?.name;
  const [start, end] = loop.range ?? [0, 0];
  return declared?.range !== undefined && declared.range[0] >= start && declared.range[1] <= end;
}

function isTextOrConstant(value: PlainNode): boolean {
  if (value.type === 'Literal' || value.type === 'TemplateLiteral') return true;
  if (value.type === 'ArrayExpression') return value.elements.length > 0 && value.elements.every(isPlainValue);
  if (value.type !== 'CallExpression') return false;
  return TEXT_METHODS.has(methodOf(value)?.name ?? '');
}

function isPlainValue(element: PlainNode | null): boolean {
  return element !== null && element.type !== 'SpreadElement';
}

/** A loop inside a loop that goes through the same list, or looks for a partner in another one. */
function nestedLoops(program: Program): Found {
  return program.nodes.flatMap((node): Found => {
    const inner = iterationOf(node, program.textOf);
    if (inner?.over === null || inner === null || isSearchCallback(node)) return [];
    const outers = iterationsAround(isFunction(node) ? node.parent : node, program);
    const outer = outers.find((each) => each.over !== null);
    if (outer === undefined || listMentions(node, outer, program)) return [];
    const same = outers.find((each) => each.over === inner.over) ?? null;
    if (same === null && !comparesItems(inner, outer, program)) return [];
    const around = same ?? outer;
    return [
      {
        rule: 'nested-loops',
        startLine: linesOf(around.node).startLine,
        endLine: linesOf(node).startLine,
        data: { outer: around.over ?? '', inner: inner.over },
      },
    ];
  });
}

function isSearchCallback(node: Node): boolean {
  return isFunction(node) && node.parent.type === 'CallExpression' && SIEVES.has(methodOf(node.parent)?.name ?? '');
}

/** What the inner loop goes through belongs to the outer one's item, as the cells of a row do. */
function listMentions(inner: Node, outer: Iteration, program: Program): boolean {
  if (inner.type === 'ForOfStatement' || inner.type === 'ForInStatement')
    return mentions(inner.right, outer.names, program);
  if (inner.type === 'ForStatement')
    return inner.test !== null && inner.test !== undefined && mentions(inner.test, outer.names, program);
  if (!isFunction(inner) || inner.parent.type !== 'CallExpression') return false;
  return mentions(inner.parent.callee, outer.names, program);
}

function comparesItems(inner: Iteration, outer: Iteration, program: Program): boolean {
  for (const node of within(inner.node, program)) {
    if (node.type !== 'BinaryExpression' || !/^[!=]==?$/.test(node.operator)) continue;
    const [left, right] = [node.left, node.right];
    if (mentions(left, outer.names, program) && mentions(right, inner.names, program)) return true;
    if (mentions(left, inner.names, program) && mentions(right, outer.names, program)) return true;
  }
  return false;
}

/** Sorting, copying and moving whole lists in every round. */
function workInLoops(program: Program): Found {
  const calls = program.all('CallExpression').flatMap((call): Found => {
    const method = methodOf(call);
    const loops = iterationsAround(call, program);
    const [loop] = loops;
    if (method === null || loop === undefined) return [];
    const list = nameOf(method.object, program);
    if (
      (method.name === 'sort' || method.name === 'toSorted') &&
      isOuterList(rootList(method.object), loop, loops, program)
    ) {
      return [{ rule: 'sort-in-loop', ...linesOf(call), data: { list: nameOf(rootList(method.object), program) } }];
    }
    const isShift = method.name === 'unshift' || (method.name === 'shift' && call.arguments.length === 0);
    if (isShift && isOuterList(method.object, loop, loops, program)) {
      return [{ rule: 'shift-in-loop', ...linesOf(call), data: { list, method: method.name } }];
    }
    if (method.name === 'concat' && isAccumulated(call, method.object, program)) {
      return [{ rule: 'copy-in-loop', ...linesOf(call), data: { list } }];
    }
    if (TEXT_METHODS.has(method.name) && loop.node.type === 'WhileStatement' && rebuilds(call, loop.node, program)) {
      return [
        {
          rule: 'rebuild-in-loop',
          startLine: linesOf(loop.node).startLine,
          endLine: linesOf(call).endLine,
          data: { list: nameOf(rootList(call), program) },
        },
      ];
    }
    return [];
  });
  const spreads = program.all('SpreadElement').flatMap((spread): Found => {
    const holder = spread.parent;
    if (holder.type !== 'ArrayExpression' && holder.type !== 'ObjectExpression') return [];
    if (!isAccumulated(holder, spread.argument, program)) return [];
    return [{ rule: 'copy-in-loop', ...linesOf(holder), data: { list: nameOf(spread.argument, program) } }];
  });
  return [...calls, ...spreads];
}

/** `acc = [...acc, x]` in a loop, a reducer that answers `[...acc, x]`, `map.set(key, [...map.get(key), x])`. */
function isAccumulated(copy: Node, source: PlainNode, program: Program): boolean {
  const loops = iterationsAround(copy, program);
  if (loops.length === 0) return false;
  const { parent } = copy;
  if (parent?.type === 'AssignmentExpression') {
    // What belongs to the round's own item does not grow from round to round.
    const isOfItem = mentions(
      parent.left,
      loops.flatMap(({ names }) => names),
      program,
    );
    return !isOfItem && program.textOf(parent.left) === program.textOf(source);
  }
  const reducer = functionAround(copy);
  if (reducer !== null && isReducer(reducer) && source.type === 'Identifier') {
    return reducer.params[0] !== undefined && isNamed(reducer.params[0], source.name);
  }
  if (parent?.type !== 'CallExpression') return false;
  const method = methodOf(parent);
  if (method?.name !== 'set') return false;
  return program.textOf(source).includes(`${program.textOf(method.object)}.get(`);
}

function isReducer(node: FunctionNode): boolean {
  return node.parent.type === 'CallExpression' && (methodOf(node.parent)?.name ?? '').startsWith('reduce');
}

function rebuilds(call: NodeOf<'CallExpression'>, loop: NodeOf<'WhileStatement'>, program: Program): boolean {
  const { parent } = call;
  if (parent.type !== 'AssignmentExpression' || parent.left.type !== 'Identifier') return false;
  const root = rootList(call);
  return isNamed(root, parent.left.name) && mentions(loop.test, [parent.left.name], program);
}

/** `await` in a loop whose rounds do not need each other's answers. */
function waitsInLoops(program: Program): Found {
  return program.all('AwaitExpression').flatMap((wait): Found => {
    const [loop] = iterationsAround(wait, program);
    if (loop?.node.type !== 'ForOfStatement' || loop.node.await || wait.argument.type !== 'CallExpression') return [];
    if (!mentions(wait.argument, loop.names, program) || dependsOnRounds(wait, loop.node, program)) return [];
    return [{ rule: 'wait-in-loop', startLine: linesOf(loop.node).startLine, endLine: linesOf(wait).endLine }];
  });
}

function dependsOnRounds(wait: Node, loop: Node, program: Program): boolean {
  const assigned: string[] = [];
  for (const node of within(loop, program)) {
    if (node.type === 'BreakStatement' || node.type === 'ReturnStatement' || node.type === 'TryStatement') return true;
    if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier') assigned.push(node.left.name);
  }
  return mentions(wait, assigned, program);
}
