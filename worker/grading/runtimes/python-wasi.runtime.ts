import { programOfFiles, type Runtime } from './runtime.ts';

/** Python on WebAssembly. */
export const pythonWasiRuntime: Runtime = { engine: 'python-wasi', cpuScale: 8, program: programOfFiles };
