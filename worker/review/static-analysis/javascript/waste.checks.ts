import type { Remark } from '../remark.ts';
import type { JavaScriptRule } from './javascript.advice.ts';
import { rootList } from './root-list.ts';
import {
  isNamed,
  linesOf,
  methodOf,
  nameOf,
  variableOf,
  within,
  type FunctionNode,
  type Node,
  type NodeOf,
  type Program,
} from './syntax.ts';

type Found = Remark<JavaScriptRule>[];

/** Far more work than the question asks for. */
export function wasteChecks(program: Program): Found {
  return [...sortsForOne(program), ...naiveRecursions(program)];
}

/** A whole list is sorted, and only its first or last item is used. */
function sortsForOne(program: Program): Found {
  return program.all('CallExpression').flatMap((call): Found => {
    const name = methodOf(call)?.name;
    if (name !== 'sort' && name !== 'toSorted') return [];
    const places = usesOfSorted(call, program);
    if (places === null || places.length === 0 || !places.every((place) => isEndOfList(place, program))) return [];
    return [{ rule: 'sort-for-one', ...linesOf(call), data: { list: nameOf(rootList(call), program) } }];
  });
}

/** Where the sorted list is used; null when that cannot be told. */
function usesOfSorted(call: NodeOf<'CallExpression'>, program: Program): Node[] | null {
  const { parent } = call;
  if (parent.type === 'MemberExpression') return [call];
  const holder =
    parent.type === 'VariableDeclarator' ? parent.id : parent.type === 'ExpressionStatement' ? rootList(call) : null;
  if (holder?.type !== 'Identifier') return null;
  const variable = variableOf(holder, program);
  const end = call.range?.[1] ?? 0;
  const later = variable?.references.filter(({ identifier }) => (identifier.range?.[0] ?? 0) > end);
  return later?.map(({ identifier }) => identifier as unknown as Node) ?? null;
}

function isEndOfList(list: Node, program: Program): boolean {
  const { parent } = list;
  if (parent?.type !== 'MemberExpression' || parent.object !== list) return false;
  if (isNamed(parent.property, 'length')) return true;
  if (isNamed(parent.property, 'at')) return true;
  if (!parent.computed) return false;
  return /^(?:0|.+\.length - 1)$/.test(program.textOf(parent.property));
}

/** A function that asks itself twice for smaller numbers and remembers nothing. */
function naiveRecursions(program: Program): Found {
  const functions = program.all('FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression');
  return functions.flatMap((owner): Found => {
    const name = ownName(owner);
    if (name === null || remembers(owner, program)) return [];
    const calls = [...within(owner.body, program)].filter((node) => isSmallerCall(node, name));
    const [first] = calls;
    const last = calls.at(-1);
    if (first === undefined || last === undefined || calls.length < 2) return [];
    return [
      { rule: 'naive-recursion', startLine: linesOf(first).startLine, endLine: linesOf(last).endLine, data: { name } },
    ];
  });
}

function ownName(owner: FunctionNode): string | null {
  if (owner.type === 'FunctionDeclaration') return owner.id?.name ?? null;
  return owner.parent.type === 'VariableDeclarator' && owner.parent.id.type === 'Identifier'
    ? owner.parent.id.name
    : null;
}

function isSmallerCall(node: Node, name: string): boolean {
  if (node.type !== 'CallExpression' || !isNamed(node.callee, name)) return false;
  return node.arguments.some((argument) => argument.type === 'BinaryExpression' && argument.operator === '-');
}

function remembers(owner: FunctionNode, program: Program): boolean {
  for (const node of within(owner.body, program)) {
    if (node.type === 'CallExpression' && ['get', 'has', 'set'].includes(methodOf(node)?.name ?? '')) return true;
    if (node.type === 'AssignmentExpression' && node.left.type === 'MemberExpression' && node.left.computed)
      return true;
  }
  return false;
}
