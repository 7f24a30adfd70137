import { programOfFiles, type Runtime } from './runtime.ts';

/** SQL in the dialect of PostgreSQL. */
export const postgresRuntime: Runtime = { engine: 'postgres', cpuScale: 3, program: programOfFiles };
