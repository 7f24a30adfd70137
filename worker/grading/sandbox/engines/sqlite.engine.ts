import type { Engine } from './engine.ts';
import { nodeRunnerCommand } from './node-runner.ts';

/** SQL in the dialect of SQLite. */
export const sqliteEngine: Engine = {
  command: (layer) =>
    nodeRunnerCommand(
      { entry: 'sql/sqlite-runner.ts', packages: [], wasmPages: 0, heapMb: 128, hasThreads: true },
      layer,
    ),
  maxRssKb: 200 * 1024,
  warm: 1,
};
