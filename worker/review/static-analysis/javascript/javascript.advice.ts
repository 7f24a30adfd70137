import type { Advice } from '../remark.ts';
import { shapeAdvice } from '../shape.advice.ts';
import { edgeCaseAdvice } from './edge-case.advice.ts';
import { efficiencyAdvice } from './efficiency.advice.ts';
import { linterAdvice } from './linter.advice.ts';
import { senseAdvice } from './sense.advice.ts';

/** What is said about each rule of JavaScript and TypeScript. */
export const javascriptAdvice = {
  ...shapeAdvice,
  ...efficiencyAdvice,
  ...edgeCaseAdvice,
  ...senseAdvice,
  ...linterAdvice,
} satisfies Record<string, Advice>;

export type JavaScriptRule = keyof typeof javascriptAdvice;
