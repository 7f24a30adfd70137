import { programOfFiles, type Runtime } from './runtime.ts';

/**
 * Python on WebAssembly. Measured against the native interpreter: 6 to 12 times slower in most loops, 3 in sorting and regular expressions,
 * 17 where many objects are made.
 */
export const pythonWasiRuntime: Runtime = { engine: 'python-wasi', cpuScale: 10, program: programOfFiles };
