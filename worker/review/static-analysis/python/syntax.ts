import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';

export type { SyntaxNode };

/** A parsed program, with its nodes by name in the order of the text. The parser recovers from errors, so there always is one. */
export type Program = {
  code: string;
  nodes: readonly SyntaxNode[];
  all: (...names: string[]) => SyntaxNode[];
  textOf: (node: SyntaxNode) => string;
  lineOf: (place: number) => number;
};

export function readProgram(code: string): Program {
  const byName = new Map<string, SyntaxNode[]>();
  const nodes: SyntaxNode[] = [];
  for (const node of within(parser.parse(code).topNode)) {
    nodes.push(node);
    const same = byName.get(node.name);
    if (same === undefined) byName.set(node.name, [node]);
    else same.push(node);
  }
  const starts = lineStarts(code);
  return {
    code,
    nodes,
    all: (...names) => names.flatMap((name) => byName.get(name) ?? []),
    textOf: ({ from, to }) => code.slice(from, to),
    lineOf: (place) => lineAt(starts, place),
  };
}

function lineStarts(code: string): number[] {
  const starts = [0];
  for (let place = code.indexOf('\n'); place >= 0; place = code.indexOf('\n', place + 1)) starts.push(place + 1);
  return starts;
}

function lineAt(starts: readonly number[], place: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** All nodes below one, itself included, in the order of the text. */
export function* within(root: SyntaxNode): Generator<SyntaxNode> {
  const pending: SyntaxNode[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    yield node;
    pending.push(...childrenOf(node).reverse());
  }
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** The nodes around one, the nearest first. */
export function* around(node: SyntaxNode): Generator<SyntaxNode> {
  for (let outer = node.parent; outer !== null; outer = outer.parent) yield outer;
}

export function isSame(left: SyntaxNode, right: SyntaxNode): boolean {
  return left.from === right.from && left.to === right.to && left.name === right.name;
}

export function contains(outer: SyntaxNode, inner: SyntaxNode): boolean {
  return outer.from <= inner.from && inner.to <= outer.to;
}

export function isFunction(node: SyntaxNode): boolean {
  return node.name === 'FunctionDefinition' || node.name === 'LambdaExpression';
}

/** The named function around a node, or the whole program. */
export function ownerOf(node: SyntaxNode): SyntaxNode {
  let top = node;
  for (const outer of around(node)) {
    if (outer.name === 'FunctionDefinition') return outer;
    top = outer;
  }
  return top;
}

/** The lines of a node; a block's trailing line break is not part of it. */
export function linesOf(node: SyntaxNode, program: Program): { startLine: number; endLine: number } {
  const text = program.textOf(node).trimEnd();
  return { startLine: program.lineOf(node.from), endLine: program.lineOf(node.from + Math.max(0, text.length - 1)) };
}

/** A call of a plain function: `len(x)`. Null for anything else. */
export function callOf(
  node: SyntaxNode,
  program: Program,
): { name: string; args: SyntaxNode[]; named: string[] } | null {
  if (node.name !== 'CallExpression') return null;
  const callee = node.firstChild;
  return callee?.name === 'VariableName' ? { name: program.textOf(callee), ...argumentsOf(node, program) } : null;
}

/** A call of a method: `items.index(x)`. Null for anything else. */
export function methodOf(
  node: SyntaxNode,
  program: Program,
): { object: SyntaxNode; name: string; args: SyntaxNode[]; named: string[] } | null {
  if (node.name !== 'CallExpression') return null;
  const callee = node.firstChild;
  const property = callee?.name === 'MemberExpression' ? callee.getChild('PropertyName') : null;
  const object = callee?.firstChild;
  if (property === null || object === null || object === undefined) return null;
  return { object, name: program.textOf(property), ...argumentsOf(node, program) };
}

function argumentsOf(call: SyntaxNode, program: Program): { args: SyntaxNode[]; named: string[] } {
  const list = call.getChild('ArgList');
  const children = list === null ? [] : childrenOf(list);
  const named = children.filter((child) => child.nextSibling?.name === 'AssignOp');
  const values = children.filter(
    (child) => child.nextSibling?.name !== 'AssignOp' && child.prevSibling?.name !== 'AssignOp',
  );
  return {
    args: values.filter(({ name }) => name !== '(' && name !== ')' && name !== ',' && name !== 'Comment'),
    named: named.map((name) => program.textOf(name)),
  };
}

/** `list[index]`. Null for slices, attributes and all else. */
export function subscriptOf(node: SyntaxNode): { list: SyntaxNode; index: SyntaxNode } | null {
  if (node.name !== 'MemberExpression') return null;
  const [list, open, index, close] = childrenOf(node);
  if (list === undefined || open?.name !== '[' || index === undefined || close?.name !== ']') return null;
  return { list, index };
}

/** Parameters of a function, without `self` and `cls`. */
export function parametersOf(definition: SyntaxNode, program: Program): string[] {
  const list = definition.getChild('ParamList');
  if (list === null) return [];
  const names = childrenOf(list).filter(
    (child) => child.name === 'VariableName' && child.prevSibling?.name !== 'AssignOp',
  );
  return names.map((name) => program.textOf(name)).filter((name) => name !== 'self' && name !== 'cls');
}

/** Whether any of the names occurs as a variable below a node. */
export function mentions(node: SyntaxNode, names: readonly string[], program: Program): boolean {
  for (const inner of within(node))
    if (inner.name === 'VariableName' && names.includes(program.textOf(inner))) return true;
  return false;
}
