import { javascriptRuntime } from './javascript.runtime.ts';
import type { Runtime } from './runtime.ts';

/**
 * TypeScript without type checks, on the engine of JavaScript. The runner takes the types out of every file named `.ts`, `.mts` or `.cts`:
 * the parser that does it reads what learners wrote, and belongs where their code is.
 */
export const typescriptRuntime: Runtime = javascriptRuntime;
