import { ENGINE_NAMES, type Engine } from './grading/sandbox/engines/engine.ts';
import { engines } from './grading/sandbox/engines/engines.ts';

/** Makes what runners start from, so that a container that can write nowhere finds it there. Dockerfile.worker runs it. */
for (const name of ENGINE_NAMES) {
  const engine: Engine = engines[name];
  await engine.prepare?.();
}
