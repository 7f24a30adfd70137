import type { Advice } from '../remark.ts';
import { shapeAdvice } from '../shape.advice.ts';
import { pythonInputAdvice } from './input.advice.ts';
import { pythonSenseAdvice } from './sense.advice.ts';

/** What is said about each rule of Python. */
export const pythonAdvice = { ...shapeAdvice, ...pythonInputAdvice, ...pythonSenseAdvice } satisfies Record<
  string,
  Advice
>;

export type PythonRule = keyof typeof pythonAdvice;
