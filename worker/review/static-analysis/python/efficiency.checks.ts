import type { Remark } from '../remark.ts';
import { iterationOf, iterationsAround, type Iteration } from './iterations.ts';
import { factsAround } from './owner-facts.ts';
import type { PythonRule } from './python.advice.ts';
import {
  callOf,
  childrenOf,
  contains,
  linesOf,
  mentions,
  methodOf,
  ownerOf,
  subscriptOf,
  within,
  type Program,
  type SyntaxNode,
} from './syntax.ts';
import { assignmentsTo, kindOf } from './variables.ts';

type Found = Remark<PythonRule>[];

/** Work that grows faster with the input than it has to. */
export function efficiencyChecks(program: Program): Found {
  return [
    ...searchesInLoops(program),
    ...nestedLoops(program),
    ...sortsInLoops(program),
    ...growingTexts(program),
    ...sortsForOne(program),
    ...naiveRecursions(program),
  ];
}

function searchesInLoops(program: Program): Found {
  const memberships = program.all('BinaryExpression').flatMap((node): Found => {
    const list = node.lastChild;
    if (node.getChild('in') === null || list?.name !== 'VariableName' || !isOuterList(list, node, program)) return [];
    return [{ rule: 'search-in-loop', ...linesOf(node, program), data: { list: program.textOf(list), method: 'in' } }];
  });
  const calls = program.all('CallExpression').flatMap((node): Found => {
    const method = methodOf(node, program);
    if (method === null || method.object.name !== 'VariableName') return [];
    const data = { list: program.textOf(method.object), method: method.name };
    const lines = linesOf(node, program);
    if (['index', 'count'].includes(method.name) && isOuterList(method.object, node, program))
      return [{ rule: 'search-in-loop', ...lines, data }];
    const [first] = method.args;
    const isAtFront = first !== undefined && program.textOf(first) === '0' && ['insert', 'pop'].includes(method.name);
    return isAtFront && isOuterList(method.object, node, program) ? [{ rule: 'shift-in-loop', ...lines, data }] : [];
  });
  return [...memberships, ...calls];
}

/** A list of unknown length that is there before the loop begins. */
function isOuterList(list: SyntaxNode, node: SyntaxNode, program: Program): boolean {
  const loops = iterationsAround(node, program);
  const [loop] = loops;
  if (
    loop === undefined ||
    mentions(
      list,
      loops.flatMap(({ names }) => names),
      program,
    )
  )
    return false;
  const name = program.textOf(list);
  const kind = kindOf(name, node, program);
  if (kind !== 'list' && kind !== 'parameter') return false;
  const values = assignmentsTo(name, node, program);
  if (values.some((value) => value.name === 'ArrayExpression' && isConstant(value)))
    return isFilledIn(name, node, program);
  return !values.some((value) => contains(loop.node, value));
}

/** `["a", "b"]`: it has the size that one sees, unless something is added to it. */
function isConstant(value: SyntaxNode): boolean {
  const items = childrenOf(value).filter(({ name }) => !['[', ']', ','].includes(name));
  return items.length > 0 && items.every(({ name }) => name === 'String' || name === 'Number');
}

function isFilledIn(name: string, node: SyntaxNode, program: Program): boolean {
  const called = factsAround(node, program).methods.get(name);
  return called !== undefined && ['append', 'extend', 'insert'].some((method) => called.has(method));
}

/** A loop inside a loop that goes through the same list, or looks for a partner in another one. */
function nestedLoops(program: Program): Found {
  return program.nodes.flatMap((node): Found => {
    const inner = iterationOf(node, program);
    if (inner?.over === null || inner === null) return [];
    const outers = iterationsAround(node, program);
    const outer = outers.find(({ over }) => over !== null);
    if (
      outer === undefined ||
      (inner.iterable !== null && !inner.isIndexed && mentions(inner.iterable, outer.names, program))
    )
      return [];
    if (inner.isIndexed && /\[/.test(inner.over)) return [];
    const same = outers.find(({ over }) => over === inner.over) ?? null;
    if (same === null && !comparesItems(inner, outer, program)) return [];
    const first = same ?? outer;
    return [
      {
        rule: 'nested-loops',
        startLine: linesOf(first.node, program).startLine,
        endLine: linesOf(node, program).startLine,
        data: { outer: first.over ?? '', inner: inner.over },
      },
    ];
  });
}

function comparesItems(inner: Iteration, outer: Iteration, program: Program): boolean {
  return [...within(inner.node)].some((node) => {
    if (node.name !== 'BinaryExpression') return false;
    const operator = node.getChild('CompareOp');
    if (operator === null || !['==', '!='].includes(program.textOf(operator))) return false;
    const [left, right] = [node.firstChild, node.lastChild];
    if (left === null || right === null) return false;
    const crosses = (one: SyntaxNode, two: SyntaxNode) =>
      mentions(one, outer.names, program) && mentions(two, inner.names, program);
    return crosses(left, right) || crosses(right, left);
  });
}

function sortsInLoops(program: Program): Found {
  return program.all('CallExpression').flatMap((node): Found => {
    const list = sortedList(node, program);
    const loops = iterationsAround(node, program);
    const [loop] = loops;
    if (
      list?.name !== 'VariableName' ||
      loop === undefined ||
      mentions(
        list,
        loops.flatMap(({ names }) => names),
        program,
      )
    )
      return [];
    const name = program.textOf(list);
    if (assignmentsTo(name, node, program).some((value) => contains(loop.node, value))) return [];
    return [{ rule: 'sort-in-loop', ...linesOf(node, program), data: { list: name } }];
  });
}

/** What `sorted(list)` and `list.sort()` put in order. */
function sortedList(node: SyntaxNode, program: Program): SyntaxNode | null {
  const call = callOf(node, program);
  if (call?.name === 'sorted') return call.args[0] ?? null;
  const method = methodOf(node, program);
  return method?.name === 'sort' ? method.object : null;
}

/** Texts and lists that are built anew to make them longer. */
function growingTexts(program: Program): Found {
  return program.all('UpdateStatement', 'AssignStatement').flatMap((node): Found => {
    const [target, operator, value] = childrenOf(node);
    if (target?.name !== 'VariableName' || operator === undefined || value === undefined) return [];
    const name = program.textOf(target);
    const [loop] = iterationsAround(node, program);
    if (
      loop === undefined ||
      assignmentsTo(name, node, program).some((start) => start !== value && isFreshIn(start, loop, value))
    )
      return [];
    const isUpdate = node.name === 'UpdateStatement' && program.textOf(operator) === '+=';
    const isCopy = node.name === 'AssignStatement' && value.name === 'BinaryExpression' && addsTo(value, name, program);
    if (!isUpdate && !isCopy) return [];
    const kind = kindOf(name, node, program);
    const lines = linesOf(node, program);
    if (kind === 'text' && assignmentsTo(name, node, program).length > 0)
      return [{ rule: 'text-in-loop', ...lines, data: { text: name } }];
    return kind === 'list' && isCopy ? [{ rule: 'copy-in-loop', ...lines, data: { list: name } }] : [];
  });
}

/** Whether a name begins anew in each round. */
function isFreshIn(start: SyntaxNode, loop: Iteration, value: SyntaxNode): boolean {
  return contains(loop.node, start) && start.from < value.from;
}

function addsTo(sum: SyntaxNode, name: string, program: Program): boolean {
  const operator = sum.getChild('ArithOp');
  if (operator === null || program.textOf(operator) !== '+') return false;
  const { firstChild, lastChild } = sum;
  if (firstChild === null || lastChild === null) return false;
  if ([firstChild, lastChild].some((side) => side.name === 'VariableName' && program.textOf(side) === name))
    return true;
  return firstChild.name === 'BinaryExpression' && addsTo(firstChild, name, program);
}

/** A whole list is sorted, and only its first or last item is used. */
function sortsForOne(program: Program): Found {
  const direct = program.all('MemberExpression').flatMap((node): Found => {
    const subscript = subscriptOf(node);
    if (subscript === null || !isEnd(subscript.index, program)) return [];
    const call = callOf(subscript.list, program);
    if (call?.name !== 'sorted' || call.args[0] === undefined) return [];
    return [{ rule: 'sort-for-one', ...linesOf(node, program), data: { list: program.textOf(call.args[0]) } }];
  });
  const stored = program.all('CallExpression').flatMap((node): Found => {
    const name = sortedName(node, program);
    if (name === null) return [];
    const uses = [...within(ownerOf(node))].filter(
      (part) => part.name === 'VariableName' && part.from > node.to && program.textOf(part) === name,
    );
    if (uses.length === 0 || !uses.every((use) => isEndOf(use, program))) return [];
    return [{ rule: 'sort-for-one', ...linesOf(node, program), data: { list: name } }];
  });
  return [...direct, ...stored];
}

/** The variable that holds a sorted list after this call. */
function sortedName(node: SyntaxNode, program: Program): string | null {
  const { parent } = node;
  if (callOf(node, program)?.name === 'sorted') {
    const target = parent?.name === 'AssignStatement' ? parent.firstChild : null;
    return target?.name === 'VariableName' ? program.textOf(target) : null;
  }
  const method = methodOf(node, program);
  return method?.name === 'sort' && method.object.name === 'VariableName' ? program.textOf(method.object) : null;
}

function isEndOf(use: SyntaxNode, program: Program): boolean {
  const subscript = use.parent === null ? null : subscriptOf(use.parent);
  if (subscript !== null) return isEnd(subscript.index, program);
  return use.parent?.name === 'ArgList' && program.code.slice(use.parent.from - 3, use.parent.from) === 'len';
}

function isEnd(index: SyntaxNode, program: Program): boolean {
  return /^(?:0|-1)$/.test(program.textOf(index).replaceAll(' ', ''));
}

/** A function that asks itself twice for smaller numbers and remembers nothing. */
function naiveRecursions(program: Program): Found {
  return program.all('FunctionDefinition').flatMap((definition): Found => {
    const nameNode = definition.getChild('VariableName');
    const name = nameNode === null ? '' : program.textOf(nameNode);
    if (name === '' || isRemembering(definition, program)) return [];
    const calls = [...within(definition)].filter((node) => isSmallerCall(node, name, program));
    const [first] = calls;
    const last = calls.at(-1);
    if (first === undefined || last === undefined || calls.length < 2) return [];
    return [
      {
        rule: 'naive-recursion',
        startLine: program.lineOf(first.from),
        endLine: program.lineOf(last.from),
        data: { name },
      },
    ];
  });
}

function isSmallerCall(node: SyntaxNode, name: string, program: Program): boolean {
  const call = callOf(node, program);
  return (
    call?.name === name &&
    call.args.some((argument) => argument.name === 'BinaryExpression' && program.textOf(argument).includes('-'))
  );
}

function isRemembering(definition: SyntaxNode, program: Program): boolean {
  const { parent } = definition;
  if (
    parent?.name === 'DecoratedStatement' &&
    /cache|memo/i.test(parent.getChildren('Decorator').map(program.textOf).join(' '))
  )
    return true;
  return [...within(definition)].some(
    (node) => node.name === 'AssignStatement' && node.firstChild !== null && subscriptOf(node.firstChild) !== null,
  );
}
