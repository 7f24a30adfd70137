import { programOfFiles, type Runtime } from './runtime.ts';

/**
 * SQL in the dialect of PostgreSQL, compiled to WebAssembly without optimising it. Measured against PostgreSQL itself: 2–3 times slower in scans,
 * joins and recursion, as fast in sorts.
 */
export const postgresRuntime: Runtime = { engine: 'postgres', cpuScale: 3, program: programOfFiles };
