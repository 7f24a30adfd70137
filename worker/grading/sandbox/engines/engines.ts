import type { Engine, EngineName } from './engine.ts';
import { postgresEngine } from './postgres.engine.ts';
import { pythonNativeEngine } from './python-native.engine.ts';
import { pythonWasiEngine } from './python-wasi.engine.ts';
import { quickjsEngine } from './quickjs.engine.ts';
import { sqliteEngine } from './sqlite.engine.ts';

/** Every engine by its name: the compiler complains until it is here. */
export const engines = {
  quickjs: quickjsEngine,
  'python-wasi': pythonWasiEngine,
  'python-native': pythonNativeEngine,
  sqlite: sqliteEngine,
  postgres: postgresEngine,
} satisfies Record<EngineName, Engine>;
