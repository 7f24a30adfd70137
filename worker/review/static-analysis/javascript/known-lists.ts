import { initialValueOf, type Program, type PlainNode } from './syntax.ts';

/** A list that certainly has items, since its literal shows them. */
export function isFilled(list: PlainNode, program: Program): boolean {
  const initial = initialValueOf(list, program);
  return (
    initial?.type === 'ArrayExpression' &&
    initial.elements.some((element) => element !== null && element.type !== 'SpreadElement')
  );
}
