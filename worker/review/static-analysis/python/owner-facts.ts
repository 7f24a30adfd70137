import { childrenOf, methodOf, ownerOf, within, type Program, type SyntaxNode } from './syntax.ts';

/** What is done in a function, read once: it is asked for again and again. */
export type OwnerFacts = {
  owner: SyntaxNode;
  /** The values that names are given, in order. */
  assignments: ReadonlyMap<string, SyntaxNode[]>;
  /** The methods that are called on an expression, by its text. */
  methods: ReadonlyMap<string, ReadonlySet<string>>;
  /** What is looked up by a text in brackets. */
  keyed: ReadonlySet<string>;
  /** What decides which way it goes. */
  tests: readonly SyntaxNode[];
};

const read = new WeakMap<Program, Map<number, OwnerFacts>>();

/** The facts of the function around a node, or of the whole program. */
export function factsAround(node: SyntaxNode, program: Program): OwnerFacts {
  const owner = ownerOf(node);
  const known = read.get(program) ?? new Map<number, OwnerFacts>();
  read.set(program, known);
  // A function and the program around it may begin at the same place, but not end there.
  const key = owner.name === 'FunctionDefinition' ? owner.from : -1;
  const facts = known.get(key) ?? readFacts(owner, program);
  known.set(key, facts);
  return facts;
}

function readFacts(owner: SyntaxNode, program: Program): OwnerFacts {
  const assignments = new Map<string, SyntaxNode[]>();
  const methods = new Map<string, Set<string>>();
  const keyed = new Set<string>();
  const tests: SyntaxNode[] = [];
  for (const node of within(owner)) {
    tests.push(...testsOf(node));
    const assigned = assignmentOf(node);
    if (assigned !== null) addTo(assignments, program.textOf(assigned.target), assigned.value);
    const method = methodOf(node, program);
    if (method !== null) {
      const object = program.textOf(method.object);
      const names = methods.get(object) ?? new Set();
      methods.set(object, names.add(method.name));
    }
    const [object, open, key] = node.name === 'MemberExpression' ? childrenOf(node) : [];
    if (object !== undefined && open?.name === '[' && key?.name === 'String') keyed.add(program.textOf(object));
  }
  return { owner, assignments, methods, keyed, tests };
}

function addTo(map: Map<string, SyntaxNode[]>, key: string, value: SyntaxNode): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

function assignmentOf(node: SyntaxNode): { target: SyntaxNode; value: SyntaxNode } | null {
  if (node.name !== 'AssignStatement') return null;
  const [target, operator, value] = childrenOf(node).filter((child) => child.name !== 'TypeDef');
  if (target?.name !== 'VariableName' || operator?.name !== 'AssignOp' || value === undefined) return null;
  return { target, value };
}

/** What decides which way a node goes. */
export function testsOf(node: SyntaxNode): SyntaxNode[] {
  switch (node.name) {
    case 'IfStatement':
    case 'WhileStatement':
      return childrenOf(node).filter((child) => ['if', 'elif', 'while'].includes(child.prevSibling?.name ?? ''));
    case 'ConditionalExpression':
      return childrenOf(node).slice(2, 3);
    case 'AssertStatement':
      return [node];
    case 'BinaryExpression': {
      const isEither = node.getChild('or') !== null || node.getChild('and') !== null;
      return isEither && node.firstChild !== null ? [node.firstChild] : [];
    }
    default:
      return [];
  }
}
