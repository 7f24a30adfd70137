import type { Language } from '../../../shared/contracts/exercise.contract.ts';
import { javascriptRuntime } from './javascript.runtime.ts';
import type { Runtime } from './runtime.ts';

/** Every language has its runtime: the compiler complains until it has. */
export const runtimes = { javascript: javascriptRuntime } satisfies Record<Language, Runtime>;
