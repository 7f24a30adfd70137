import { isNamed, methodOf, type PlainNode } from './syntax.ts';

/** The list that `[...list]`, `list.slice()` and `Array.from(list)` are made of, through any chain of calls. */
export function rootList(node: PlainNode): PlainNode {
  if (node.type === 'ArrayExpression' && node.elements.length === 1 && node.elements[0]?.type === 'SpreadElement') {
    return rootList(node.elements[0].argument);
  }
  if (node.type !== 'CallExpression') return node;
  const method = methodOf(node);
  const [first] = node.arguments;
  if (method === null) return node;
  if (isNamed(method.object, 'Array') || isNamed(method.object, 'Object'))
    return first === undefined ? node : rootList(first);
  return rootList(method.object);
}
