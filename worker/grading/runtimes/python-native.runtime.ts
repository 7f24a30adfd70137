import { programOfFiles, type Runtime } from './runtime.ts';

/** Python by the interpreter of the system. */
export const pythonNativeRuntime: Runtime = { engine: 'python-native', cpuScale: 1, program: programOfFiles };
