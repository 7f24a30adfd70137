import { programOfFiles, type Runtime } from './runtime.ts';

/** SQL in the dialect of SQLite, natively. */
export const sqliteRuntime: Runtime = { engine: 'sqlite', cpuScale: 1, program: programOfFiles };
