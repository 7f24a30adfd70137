import type { Rule, Scope, SourceCode } from 'eslint';

/** A node of the syntax tree. */
export type PlainNode = Parameters<SourceCode['getScope']>[0];
export type PlainNodeOf<Type extends PlainNode['type']> = Extract<PlainNode, { type: Type }>;
/** A node of the syntax tree that knows its parent. */
export type Node = Rule.Node;
export type NodeOf<Type extends Node['type']> = Extract<Node, { type: Type }>;
export type FunctionNode = NodeOf<'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression'>;

/** What types that stood in the source tell about names. */
export type KnownTypes = { lists: ReadonlySet<string>; numberLists: ReadonlySet<string>; numbers: ReadonlySet<string> };

/** A parsed program, with its nodes by type in the order of the text. */
export type Program = {
  sourceCode: SourceCode;
  known: KnownTypes;
  nodes: readonly Node[];
  all: <Type extends Node['type']>(...types: Type[]) => NodeOf<Type>[];
  textOf: (node: PlainNode) => string;
};

/** Array methods that call a function once for each item. */
const ITERATING = new Set([
  'forEach',
  'map',
  'filter',
  'reduce',
  'reduceRight',
  'some',
  'every',
  'find',
  'findIndex',
  'findLast',
  'flatMap',
]);

/** Reads the tree once. The linter has set the parents. */
export function readProgram(sourceCode: SourceCode, known: KnownTypes): Program {
  const byType = new Map<string, Node[]>();
  const nodes: Node[] = [];
  const pending: Node[] = [sourceCode.ast as unknown as Node];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes.push(node);
    const same = byType.get(node.type);
    if (same === undefined) byType.set(node.type, [node]);
    else same.push(node);
    pending.push(...childrenOf(node, sourceCode).reverse());
  }
  return {
    sourceCode,
    known,
    nodes,
    all: <Type extends Node['type']>(...types: Type[]) =>
      types.flatMap((type) => (byType.get(type) ?? []) as NodeOf<Type>[]),
    textOf: (node) => sourceCode.getText(node),
  };
}

function childrenOf(node: Node, sourceCode: SourceCode): Node[] {
  const keys = sourceCode.visitorKeys[node.type] ?? [];
  const fields = node as unknown as Record<string, unknown>;
  return keys.flatMap((key) => fields[key]).filter((child): child is Node => child !== null && child !== undefined);
}

/** All nodes below one, itself included. */
export function* within(node: PlainNode, program: Program): Generator<Node> {
  const pending: Node[] = [node as Node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    pending.push(...childrenOf(next, program.sourceCode).reverse());
  }
}

/** The nodes around one, the nearest first. */
export function* around(node: Node): Generator<Node> {
  for (let next: Node | null = node.parent; next !== null && next !== undefined; next = next.parent) yield next;
}

export function isFunction(node: PlainNode): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
  );
}

export function functionAround(node: Node): FunctionNode | null {
  for (const outer of around(node)) if (isFunction(outer)) return outer;
  return null;
}

/** The function a caller sees: callbacks of array methods count as part of the function around them. */
export function ownerOf(node: Node): Node {
  let top: Node = node;
  for (const outer of around(node)) {
    top = outer;
    if (isFunction(outer) && iterationOf(outer) === null) return outer;
  }
  return top;
}

/** What runs again and again. `over` is the text of what is gone through; `names` are those of its item, index or key. */
export type Iteration = { node: Node; over: string | null; names: string[] };

/** A loop, or a function that an array method calls for each item; null for anything else. */
export function iterationOf(node: Node, textOf: (node: PlainNode) => string = () => ''): Iteration | null {
  if (node.type === 'ForOfStatement' || node.type === 'ForInStatement') {
    return { node, over: textOf(node.right), names: namesIn(node.left) };
  }
  if (node.type === 'WhileStatement' || node.type === 'DoWhileStatement') return { node, over: null, names: [] };
  if (node.type === 'ForStatement') {
    const { init } = node;
    return { node, over: lengthLimit(node, textOf), names: init === null || init === undefined ? [] : namesIn(init) };
  }
  return isFunction(node) ? iterationOfCallback(node, textOf) : null;
}

function iterationOfCallback(node: FunctionNode, textOf: (node: PlainNode) => string): Iteration | null {
  const call = node.parent;
  if (call.type !== 'CallExpression' || call.arguments[0] !== node) return null;
  const method = methodOf(call);
  if (method === null || !ITERATING.has(method.name)) return null;
  return { node, over: textOf(method.object), names: node.params.flatMap((param) => namesIn(param)) };
}

/** The loops around a node inside its owner, the nearest first. The part of a loop that runs once does not count. */
export function iterationsAround(node: Node, program: Program): Iteration[] {
  const found: Iteration[] = [];
  let inner: Node = node;
  for (const outer of around(node)) {
    const iteration = iterationOf(outer, program.textOf);
    if (iteration !== null && !runsOnce(outer, inner)) found.push(iteration);
    else if (isFunction(outer) && iteration === null) break;
    inner = outer;
  }
  return found;
}

function runsOnce(loop: Node, part: Node): boolean {
  if (loop.type === 'ForStatement') return loop.init === part;
  if (loop.type === 'ForOfStatement' || loop.type === 'ForInStatement') return loop.right === part;
  return false;
}

/** The list of `i < list.length`. */
function lengthLimit(loop: NodeOf<'ForStatement'>, textOf: (node: PlainNode) => string): string | null {
  const test = loop.test;
  if (test?.type !== 'BinaryExpression') return null;
  for (const side of [test.right, test.left]) {
    const length = side.type === 'BinaryExpression' ? side.left : side;
    if (length.type === 'MemberExpression' && isNamed(length.property, 'length')) return textOf(length.object);
  }
  return null;
}

export function isNamed(node: PlainNode | PlainNodeOf<'PrivateIdentifier'>, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

/** Names that a pattern or a declaration binds. */
function namesIn(pattern: PlainNode): string[] {
  if (pattern.type === 'Identifier') return [pattern.name];
  if (pattern.type === 'VariableDeclaration') return pattern.declarations.flatMap(({ id }) => namesIn(id));
  if (pattern.type === 'ArrayPattern') {
    return pattern.elements.flatMap((element) => (element === null ? [] : namesIn(element)));
  }
  if (pattern.type === 'ObjectPattern') {
    return pattern.properties.flatMap((part) => namesIn(part.type === 'Property' ? part.value : part.argument));
  }
  if (pattern.type === 'AssignmentPattern') return namesIn(pattern.left);
  return pattern.type === 'RestElement' ? namesIn(pattern.argument) : [];
}

/** `object.name(…)`, also with `?.`; null for other calls. */
export function methodOf(
  call: PlainNodeOf<'CallExpression'> | PlainNodeOf<'NewExpression'>,
): { object: PlainNode; name: string } | null {
  const { callee } = call;
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return null;
  return { object: callee.object, name: callee.property.name };
}

/** The variable an identifier stands for. */
export function variableOf(node: PlainNode, program: Program): Scope.Variable | null {
  if (node.type !== 'Identifier') return null;
  for (let scope: Scope.Scope | null = program.sourceCode.getScope(node); scope !== null; scope = scope.upper) {
    const variable = scope.set.get(node.name);
    if (variable !== undefined) return variable;
  }
  return null;
}

/** What a variable starts with, when its declaration says so. */
export function initialValueOf(node: PlainNode, program: Program): PlainNode | null {
  const definition = variableOf(node, program)?.defs[0];
  if (definition?.type !== 'Variable' || definition.node.id.type !== 'Identifier') return null;
  return definition.node.init ?? null;
}

export function isParameter(node: PlainNode, program: Program): boolean {
  return variableOf(node, program)?.defs[0]?.type === 'Parameter';
}

/** Whether any of the names occurs as a variable below a node. */
export function mentions(node: PlainNode, names: readonly string[], program: Program): boolean {
  for (const inner of within(node, program)) {
    if (inner.type === 'Identifier' && names.includes(inner.name) && !isPropertyName(inner)) return true;
  }
  return false;
}

function isPropertyName(node: NodeOf<'Identifier'>): boolean {
  const { parent } = node;
  return parent.type === 'MemberExpression' && parent.property === node && !parent.computed;
}

/** A short name for a message: the text of an expression on one line. */
export function nameOf(node: PlainNode, program: Program): string {
  return program.textOf(node).replaceAll(/\s+/g, ' ');
}

export function linesOf(node: PlainNode): { startLine: number; endLine: number } {
  return { startLine: node.loc?.start.line ?? 1, endLine: node.loc?.end.line ?? 1 };
}
