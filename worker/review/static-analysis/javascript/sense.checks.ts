import type { Remark } from '../remark.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import {
  around,
  functionAround,
  initialValueOf,
  isFunction,
  isNamed,
  isParameter,
  linesOf,
  methodOf,
  nameOf,
  variableOf,
  within,
  type FunctionNode,
  type Node,
  type Program,
  type PlainNodeOf,
  type PlainNode,
} from './syntax.ts';

type Found = Remark<JavaScriptRule>[];

const CHANGING = new Set(['sort', 'reverse', 'splice', 'fill', 'copyWithin']);
const WAITING = new Set(['all', 'allSettled', 'any', 'race']);

/** Code that does not mean what it seems to say. */
export function senseChecks(program: Program): Found {
  return [
    ...asynchronous(program),
    ...forgottenWaits(program),
    ...keysOfLists(program),
    ...changedParameters(program),
    ...comparedWithBooleans(program),
    ...nestedChoices(program),
    ...sharedFills(program),
    ...returnsWithoutWait(program),
    ...answersOfComparators(program),
  ];
}

/** Functions that answer with promises where nobody waits for them. */
function asynchronous(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const [callback] = call.arguments;
    if (callback === undefined || !isFunction(callback) || callback.async !== true) return [];
    const name = methodOf(call)?.name;
    const lines = linesOf(call);
    if (name === 'forEach') return [{ rule: 'for-each-async', ...lines }];
    if (name === 'filter' || name === 'some' || name === 'every' || name === 'find') {
      return [{ rule: 'async-test', ...lines, data: { method: name } }];
    }
    return name === 'map' && !isWaitedFor(call, program) ? [{ rule: 'map-async', ...lines }] : [];
  });
}

/** Whether the list of promises reaches `Promise.all` or one of its like, by itself or under a name. */
function isWaitedFor(call: Node, program: Program): boolean {
  if (isInsideWait(call)) return true;
  const { parent } = call;
  if (parent?.type !== 'VariableDeclarator' || parent.id.type !== 'Identifier') return false;
  const uses = variableOf(parent.id, program)?.references.filter((reference) => reference.isRead()) ?? [];
  return uses.some(({ identifier }) => isInsideWait(identifier as unknown as Node));
}

function isInsideWait(node: Node): boolean {
  for (const outer of around(node)) {
    if (outer.type === 'CallExpression') {
      const method = methodOf(outer);
      if (method !== null && isNamed(method.object, 'Promise') && WAITING.has(method.name)) return true;
    }
    if (outer.type === 'ForOfStatement' && outer.await) return true;
    if (isFunction(outer)) return false;
  }
  return false;
}

/** An async function of this file, called as if it were done when it returns. */
function forgottenWaits(program: Program): Found {
  return program.all('ExpressionStatement').flatMap((statement): Found => {
    const call = statement.expression;
    if (call.type !== 'CallExpression' || call.callee.type !== 'Identifier') return [];
    const called = functionOf(call.callee, program);
    if (called?.async !== true || functionAround(statement)?.async !== true) return [];
    return [{ rule: 'forgotten-wait', ...linesOf(call), data: { name: call.callee.name } }];
  });
}

function functionOf(name: PlainNodeOf<'Identifier'>, program: Program): PlainNodeOf<FunctionNode['type']> | null {
  const definition = variableOf(name, program)?.defs[0];
  if (definition?.type === 'FunctionName') return definition.node;
  const initial = initialValueOf(name, program);
  return initial !== null && isFunction(initial) ? initial : null;
}

/** `for (const key in list)`: keys are texts, of other things than items too. */
function keysOfLists(program: Program): Found {
  return program.all('ForInStatement').flatMap((loop): Found => {
    const list = program.textOf(loop.right);
    const isList = isKnownList(loop.right, program) || program.nodes.some((node) => usesAsList(node, list, program));
    if (!isList) return [];
    const { startLine } = linesOf(loop);
    return [{ rule: 'keys-of-list', startLine, endLine: startLine, data: { list } }];
  });
}

function isKnownList(list: PlainNode, program: Program): boolean {
  if (list.type === 'Identifier' && program.known.lists.has(list.name)) return true;
  return initialValueOf(list, program)?.type === 'ArrayExpression';
}

function usesAsList(node: Node, list: string, program: Program): boolean {
  if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier') return false;
  return (
    /^(?:length|push|map|filter|slice|forEach|reduce)$/.test(node.property.name) && program.textOf(node.object) === list
  );
}

/** The caller's own list or object is changed. */
function changedParameters(program: Program): Found {
  const calls = program.all('CallExpression').flatMap((call) => {
    const method = methodOf(call);
    return method !== null && CHANGING.has(method.name)
      ? [{ node: call, object: method.object, method: method.name }]
      : [];
  });
  const assignments = program.all('AssignmentExpression').flatMap((node) => {
    const target = node.left;
    return target.type === 'MemberExpression' && target.computed
      ? [{ node, object: target.object, method: 'The assignment' }]
      : [];
  });
  return [...calls, ...assignments].flatMap(({ node, object, method }): Found => {
    if (object.type !== 'Identifier' || !isParameter(object, program) || isReassigned(object, program)) return [];
    const owner = definingFunction(object, program);
    if (owner === null || owner.parent.type === 'CallExpression' || !isOutermost(owner)) return [];
    return [{ rule: 'parameter-changed', ...linesOf(node), data: { list: nameOf(object, program), method } }];
  });
}

/** What a function does for another one in the same file, they may have agreed upon. */
function isOutermost(owner: Node): boolean {
  for (const outer of around(owner)) if (isFunction(outer)) return false;
  return (
    ['ExportNamedDeclaration', 'ExportDefaultDeclaration'].includes(owner.parent?.type ?? '') ||
    owner.parent?.parent?.parent?.type === 'ExportNamedDeclaration'
  );
}

function isReassigned(name: PlainNode, program: Program): boolean {
  return (
    variableOf(name, program)?.references.some((reference) => reference.isWrite() && reference.init !== true) ?? false
  );
}

function definingFunction(name: PlainNode, program: Program): (FunctionNode & { parent: Node }) | null {
  const node = variableOf(name, program)?.defs[0]?.node as Node | undefined;
  return node !== undefined && isFunction(node) ? node : null;
}

/** `== true`. With three signs it may tell true from other things that count as true. */
function comparedWithBooleans(program: Program): Found {
  return program.all('BinaryExpression').flatMap((node): Found => {
    if (node.operator !== '==' && node.operator !== '!=') return [];
    const literal = [node.left, node.right].find((side) => side.type === 'Literal' && typeof side.value === 'boolean');
    return literal === undefined ? [] : [{ rule: 'boolean-compared', ...linesOf(node) }];
  });
}

/** A choice inside the first half of another, or a chain of four ways and more. */
function nestedChoices(program: Program): Found {
  return program.all('ConditionalExpression').flatMap((node): Found => {
    const isInside = node.consequent.type === 'ConditionalExpression' || node.test.type === 'ConditionalExpression';
    const isChain =
      node.alternate.type === 'ConditionalExpression' && node.alternate.alternate.type === 'ConditionalExpression';
    return isInside || isChain ? [{ rule: 'nested-choice', ...linesOf(node) }] : [];
  });
}

/** `sort((a, b) => a > b)`: true and false are 1 and 0, and never below. */
function answersOfComparators(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const [comparator] = call.arguments;
    if (!['sort', 'toSorted'].includes(methodOf(call)?.name ?? '') || comparator?.type !== 'ArrowFunctionExpression')
      return [];
    const { body } = comparator;
    const isYesOrNo = body.type === 'BinaryExpression' && /^(?:[<>]=?|[!=]==?)$/.test(body.operator);
    return isYesOrNo ? [{ rule: 'yes-or-no-comparator', ...linesOf(call) }] : [];
  });
}

/** `fill([])` puts one and the same list into every place. */
function sharedFills(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const [value] = call.arguments;
    if (methodOf(call)?.name !== 'fill' || value === undefined) return [];
    const isObject =
      value.type === 'ArrayExpression' || value.type === 'ObjectExpression' || value.type === 'NewExpression';
    return isObject ? [{ rule: 'shared-fill', ...linesOf(call) }] : [];
  });
}

/** `try { return task(); }` in an async function: the promise fails when the try is left behind. */
function returnsWithoutWait(program: Program): Found {
  return program.all('ReturnStatement').flatMap((node): Found => {
    const call = node.argument;
    if (call?.type !== 'CallExpression' || call.callee.type !== 'Identifier' || functionAround(node)?.async !== true)
      return [];
    if (!isParameter(call.callee, program) && functionOf(call.callee, program)?.async !== true) return [];
    return isInsideTry(node)
      ? [{ rule: 'return-without-wait', ...linesOf(node), data: { name: call.callee.name } }]
      : [];
  });
}

function isInsideTry(node: Node): boolean {
  let inner: Node = node;
  for (const outer of around(node)) {
    if (isFunction(outer)) return false;
    if (outer.type === 'TryStatement' && outer.block === inner && (outer.handler ?? null) !== null) return true;
    inner = outer;
  }
  return false;
}

/** Whether anything below a node waits for promises together. */
export function waitsTogether(program: Program): boolean {
  return program.all('CallExpression').some((call) => {
    const method = methodOf(call);
    return (
      method !== null &&
      isNamed(method.object, 'Promise') &&
      WAITING.has(method.name) &&
      [...within(call, program)].length > 0
    );
  });
}
