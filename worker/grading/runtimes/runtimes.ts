import type { ExerciseTest, Language } from '../../../shared/contracts/exercise.contract.ts';
import type { PythonEngine } from '../sandbox/sandbox.ts';
import { javascriptRuntime } from './javascript.runtime.ts';
import { postgresRuntime } from './postgres.runtime.ts';
import { pythonNativeRuntime } from './python-native.runtime.ts';
import { pythonWasiRuntime } from './python-wasi.runtime.ts';
import type { Runtime } from './runtime.ts';
import { sqliteRuntime } from './sqlite.runtime.ts';
import { typescriptRuntime } from './typescript.runtime.ts';

/** Every way of running a language that has only one. */
const ofLanguage = { javascript: javascriptRuntime, typescript: typescriptRuntime } satisfies Partial<
  Record<Language, Runtime>
>;
const ofPython = { 'python-wasi': pythonWasiRuntime, 'python-native': pythonNativeRuntime } satisfies Record<
  PythonEngine,
  Runtime
>;
const ofDialect = { sqlite: sqliteRuntime, postgres: postgresRuntime };

/** What runs a test of an exercise here: a database by its dialect, everything else by its language. */
export function runtimeOf(language: Language, test: ExerciseTest, python: PythonEngine): Runtime {
  if (test.kind === 'query') return ofDialect[test.dialect];
  if (language === 'python') return ofPython[python];
  // Refused before anything is stored, see definition.policy.ts.
  if (language === 'sql') throw new TypeError(`a ${test.kind} test cannot test SQL`);
  return ofLanguage[language];
}
