import { factsAround, testsOf, type OwnerFacts } from './owner-facts.ts';
import { around, callOf, subscriptOf, within, type Program, type SyntaxNode } from './syntax.ts';
import { assignmentsTo } from './variables.ts';

/** Whether the function around a node asks if something of this name is empty, or is ready for the error it makes. */
export function asksForEmptiness(node: SyntaxNode, name: string, program: Program): boolean {
  if (isTried(node)) return true;
  const { tests, assignments } = factsAround(node, program);
  if (tests.some((test) => isAsked(test, name, program))) return true;
  return lengthAliases(name, assignments, program).some((alias) => tests.some((test) => isAsked(test, alias, program)));
}

/** Whether an error that a node makes is caught in its function. */
export function isTried(node: SyntaxNode): boolean {
  let inner = node;
  for (const outer of around(node)) {
    if (outer.name === 'FunctionDefinition') return false;
    if (outer.name === 'TryStatement') {
      const body = outer.getChild('Body');
      return body !== null && body.from === inner.from;
    }
    inner = outer;
  }
  return false;
}

/** `if x`, `if not x`, `len(x)`, `x == []`; not `if x[i] > y`. */
function isAsked(test: SyntaxNode, name: string, program: Program): boolean {
  for (const node of within(test)) {
    if (node.name !== 'VariableName' || program.textOf(node) !== name) continue;
    const { parent } = node;
    if (parent === null) continue;
    if (node.from === test.from && node.to === test.to) return true;
    if (parent.name === 'ArgList') {
      const call = parent.parent === null ? null : callOf(parent.parent, program);
      if (call !== null && ['len', 'any', 'all', 'bool'].includes(call.name)) return true;
      continue;
    }
    if (
      parent.name === 'UnaryExpression' ||
      parent.name === 'BinaryExpression' ||
      parent.name === 'ParenthesizedExpression'
    )
      return true;
    if (parent.name === 'AssertStatement') return true;
  }
  return false;
}

/** Names that hold `len(name)`. */
function lengthAliases(name: string, assignments: OwnerFacts['assignments'], program: Program): string[] {
  return [...assignments].flatMap(([alias, values]) => {
    const [list] = values.map((value) => callOf(value, program)).find((call) => call?.name === 'len')?.args ?? [];
    return list !== undefined && program.textOf(list) === name ? [alias] : [];
  });
}

/** The list whose length a divisor is: `len(x)`, or a variable that holds it. */
export function lengthOf(node: SyntaxNode, program: Program): string | null {
  const call = callOf(node, program);
  if (call?.name === 'len' && call.args[0] !== undefined) return program.textOf(call.args[0]);
  if (node.name !== 'VariableName') return null;
  const [value, ...others] = assignmentsTo(program.textOf(node), node, program);
  return value === undefined || others.length > 0 || value.name !== 'CallExpression' ? null : lengthOf(value, program);
}

/** Whether empty, zero, missing or wrong input is looked at anywhere in executable code. */
export function checksEdgeCases(program: Program): boolean {
  if (program.all('RaiseStatement', 'AssertStatement', 'TryStatement').length > 0) return true;
  return program.nodes.some((node) => {
    if (node.name !== 'IfStatement' && node.name !== 'ConditionalExpression' && node.name !== 'WhileStatement')
      return false;
    return testsOf(node).some((test) => [...within(test)].some((part) => isEdge(part, program)));
  });
}

function isEdge(node: SyntaxNode, program: Program): boolean {
  if (node.name === 'None') return true;
  if (node.name === 'UnaryExpression') return node.getChild('not') !== null;
  if (node.name === 'Number')
    return ['0', '1'].includes(program.textOf(node)) && node.parent?.name === 'BinaryExpression';
  if (node.name === 'String') return program.textOf(node).length === 2;
  return callOf(node, program)?.name === 'len' && subscriptOf(node) === null;
}
