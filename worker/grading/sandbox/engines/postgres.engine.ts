import type { Engine } from './engine.ts';
import { nodeRunnerCommand } from './node-runner.ts';

/** SQL in the dialect of PostgreSQL: PGlite. */
export const postgresEngine: Engine = {
  command: (layer) =>
    nodeRunnerCommand(
      {
        entry: 'sql/postgres-runner.ts',
        packages: ['@electric-sql/pglite'],
        wasmPages: 8192,
        heapMb: 256,
        hasThreads: true,
      },
      layer,
    ),
  maxRssKb: 900 * 1024,
  warm: 1,
};
