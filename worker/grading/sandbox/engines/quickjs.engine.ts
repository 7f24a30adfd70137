import type { Engine } from './engine.ts';
import { nodeRunnerCommand } from './node-runner.ts';

/** JavaScript and TypeScript: QuickJS-ng on WebAssembly. */
export const quickjsEngine: Engine = {
  command: (layer) =>
    nodeRunnerCommand(
      {
        entry: 'quickjs/quickjs-runner.ts',
        packages: ['quickjs-wasi'],
        wasmPages: 3072,
        heapMb: 192,
        hasThreads: false,
        // Room for QuickJS' own 512 KB stack limit to strike first, so that endless recursion is an exception and not a trap.
        extraFlags: ['--stack-size=3900'],
      },
      layer,
    ),
  maxRssKb: 400 * 1024,
  warm: 'every',
};
