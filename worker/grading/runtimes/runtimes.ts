import type { ExerciseTest, Language } from '../../../shared/contracts/exercise.contract.ts';
import type { PythonEngine } from '../sandbox/engines/engine.ts';
import { javascriptRuntime } from './javascript.runtime.ts';
import { postgresRuntime } from './postgres.runtime.ts';
import { pythonNativeRuntime } from './python-native.runtime.ts';
import { pythonWasiRuntime } from './python-wasi.runtime.ts';
import type { Runtime } from './runtime.ts';
import { sqliteRuntime } from './sqlite.runtime.ts';
import { typescriptRuntime } from './typescript.runtime.ts';

/** Every way of running something. Tests that hold for all of them walk through this list. */
export const runtimes = {
  javascript: javascriptRuntime,
  typescript: typescriptRuntime,
  'python-wasi': pythonWasiRuntime,
  'python-native': pythonNativeRuntime,
  sqlite: sqliteRuntime,
  postgres: postgresRuntime,
} satisfies Record<string, Runtime>;

/** What runs a test of an exercise here: a database by its dialect, Python as it is possible here, the others by their name. */
export function runtimeOf(language: Language, test: ExerciseTest, python: PythonEngine): Runtime {
  if (test.kind === 'query') return runtimes[test.dialect];
  // Refused before anything is stored, see definition.policy.ts.
  if (language === 'sql') throw new TypeError(`a ${test.kind} test cannot test SQL`);
  return runtimes[language === 'python' ? python : language];
}
