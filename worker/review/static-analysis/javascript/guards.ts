import {
  iterationOf,
  isNamed,
  ownerOf,
  within,
  type Node,
  type NodeOf,
  type Program,
  type PlainNode,
} from './syntax.ts';

/** Answers whether a function looks at something before it uses it. */
export type Guards = {
  /** Whether the function around a node asks if the list of this text is empty. */
  asksForLength(node: Node, list: string): boolean;
  /** Whether it asks if the value of this text is there at all. */
  asksForPresence(node: Node, value: string): boolean;
  /** Whether it asks anything about this value. */
  asksAbout(node: Node, value: string): boolean;
};

type Tests = { lengths: Set<string>; presences: Set<string>; mentioned: Set<string> };

export function guardsOf(program: Program): Guards {
  const known = new Map<Node, Tests>();
  const testsAround = (node: Node): Tests => {
    const owner = ownerOf(node);
    const tests = known.get(owner) ?? readTests(owner, program);
    known.set(owner, tests);
    return tests;
  };
  return {
    asksForLength: (node, list) => {
      const tests = testsAround(node);
      return tests.lengths.has(list) || tests.presences.has(`${list}[0]`);
    },
    asksForPresence: (node, value) => testsAround(node).presences.has(value),
    asksAbout: (node, value) => testsAround(node).mentioned.has(value),
  };
}

function readTests(owner: Node, program: Program): Tests {
  const tests: Tests = { lengths: new Set(), presences: new Set(), mentioned: new Set() };
  const aliases = new Map<string, string>();
  for (const node of within(owner, program)) {
    const aliased = lengthAlias(node, program);
    if (aliased !== null) aliases.set(aliased.name, aliased.list);
    const test = testOf(node);
    if (test !== null) readTest(test, node.type !== 'LogicalExpression', tests, program);
  }
  for (const [name, list] of aliases) if (tests.mentioned.has(name)) tests.lengths.add(list);
  return tests;
}

/** `const count = list.length`. */
function lengthAlias(node: Node, program: Program): { name: string; list: string } | null {
  if (node.type !== 'VariableDeclarator' || node.id.type !== 'Identifier') return null;
  const list = node.init === null || node.init === undefined ? null : lengthOf(node.init, program);
  return list === null ? null : { name: node.id.name, list };
}

function lengthOf(node: PlainNode, program: Program): string | null {
  if (node.type !== 'MemberExpression' || node.computed) return null;
  return isNamed(node.property, 'length') || isNamed(node.property, 'size') ? program.textOf(node.object) : null;
}

/** What decides which way a node goes; the end of a counting loop decides nothing about emptiness. */
function testOf(node: Node): PlainNode | null {
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression' || node.type === 'WhileStatement')
    return node.test;
  if (node.type === 'LogicalExpression') return node.left;
  if (node.type === 'SwitchStatement') return node.discriminant;
  if (node.type === 'ChainExpression') return node;
  return null;
}

/** The left side of `a || b` asks whether `a` is there, and nothing about what `a` is made of. */
function readTest(test: PlainNode, isDecision: boolean, tests: Tests, program: Program): void {
  for (const node of within(test, program)) {
    const list = lengthOf(node, program);
    if (list !== null) tests.lengths.add(list);
    if (node.type === 'Identifier' || node.type === 'MemberExpression') {
      const text = program.textOf(node);
      if (isDecision) tests.mentioned.add(text);
      if (isAskedForPresence(node, test)) tests.presences.add(text);
    }
  }
}

/** `!x`, `x === null`, `x ?? y`, `if (x)`, `x?.y`. */
function isAskedForPresence(node: NodeOf<'Identifier' | 'MemberExpression'>, test: PlainNode): boolean {
  if (node === test) return true;
  const { parent } = node;
  if (parent.type === 'UnaryExpression' && parent.operator === '!') return true;
  if (parent.type === 'LogicalExpression') return true;
  if (parent.type === 'MemberExpression' && parent.optional) return true;
  if (parent.type !== 'BinaryExpression' || !/^[!=]==?$/.test(parent.operator)) return false;
  const other = parent.left === node ? parent.right : parent.left;
  return isNamed(other, 'undefined') || (other.type === 'Literal' && other.value === null);
}

/** Whether empty, zero, missing or wrong input is looked at anywhere in executable code. */
export function checksEdgeCases(program: Program): boolean {
  return program.nodes.some((node) => {
    if (node.type === 'ThrowStatement' || node.type === 'TryStatement') return true;
    if (node.type === 'LogicalExpression' && node.operator === '??') return true;
    if (node.type === 'ChainExpression' || node.type === 'AssignmentPattern') return true;
    if (node.type !== 'IfStatement' && node.type !== 'ConditionalExpression') return false;
    return [...within(node.test, program)].some((part) => isEdgeTest(part, program));
  });
}

function isEdgeTest(node: Node, program: Program): boolean {
  if (node.type === 'UnaryExpression') return node.operator === '!';
  if (node.type === 'CallExpression')
    return /^(?:Number\.)?is(?:NaN|Finite|Integer)$/.test(program.textOf(node.callee));
  if (node.type !== 'BinaryExpression') return false;
  return [node.left, node.right].some(
    (side) => (side.type === 'Literal' && [0, 1, '', null].includes(side.value as never)) || isNamed(side, 'undefined'),
  );
}

/** The counting loop `for (…; i <= list.length; …)`, when it is one. */
export function pastTheEnd(node: Node, program: Program): { list: string; index: string } | null {
  if (node.type !== 'ForStatement' || node.test?.type !== 'BinaryExpression' || node.test.operator !== '<=')
    return null;
  const list = lengthOf(node.test.right, program);
  const index = iterationOf(node, program.textOf)?.names[0];
  return list === null || index === undefined ? null : { list, index };
}
