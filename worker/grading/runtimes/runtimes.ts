import type { Language } from '../../../shared/contracts/exercise.contract.ts';
import { javascriptRuntime } from './javascript.runtime.ts';
import type { Runtime } from './runtime.ts';
import { typescriptRuntime } from './typescript.runtime.ts';

/** Every language has its runtime: the compiler complains until it has. */
export const runtimes = { javascript: javascriptRuntime, typescript: typescriptRuntime } satisfies Record<
  Language,
  Runtime
>;
