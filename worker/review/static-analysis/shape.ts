import type { Remark } from './remark.ts';

/** A function's size, with the lines it stands on. */
export type Shape = {
  name: string;
  complexity: number;
  nesting: number;
  lines: number;
  startLine: number;
  endLine: number;
};

export type ShapeRule = 'deep-nesting' | 'complex-function' | 'long-function';

const DEEPEST_NESTING = 3;
/** A flat list of cases is easier to read than as many decisions inside each other. */
const HIGHEST_COMPLEXITY = { flat: 14, nested: 10 } as const;
const MOST_LINES = 50;

/** At most one remark about a function that is hard to hold in one's head, the most telling one. */
export function shapeRemark(shape: Shape): Remark<ShapeRule>[] {
  const { name, startLine, endLine } = shape;
  const remark = (rule: ShapeRule, size: number) => [{ rule, startLine, endLine, data: { name, size: String(size) } }];
  if (shape.nesting > DEEPEST_NESTING) return remark('deep-nesting', shape.nesting);
  if (shape.complexity > HIGHEST_COMPLEXITY[shape.nesting > 1 ? 'nested' : 'flat'])
    return remark('complex-function', shape.complexity);
  if (shape.lines > MOST_LINES) return remark('long-function', shape.lines);
  return [];
}
