import { programOfFiles, type Runtime } from './runtime.ts';

/**
 * JavaScript on QuickJS, compiled to WebAssembly. Measured against V8: about 9 times slower in calls, 30–45 in tight loops, 2–3 in
 * strings; 10 fits what learners write.
 */
export const javascriptRuntime: Runtime = { engine: 'quickjs', cpuScale: 10, program: programOfFiles };
