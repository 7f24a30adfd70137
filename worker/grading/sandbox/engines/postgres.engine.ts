import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from './engine.ts';
import { ImageFile } from './image-file.ts';
import { nodeRunnerCommand, packageDirectory } from './node-runner.ts';

const PACKAGE = '@electric-sql/pglite';
const BUILDER = fileURLToPath(new URL('../runner/sql/postgres-image-builder.ts', import.meta.url));

const image = new ImageFile({
  package: PACKAGE,
  builder: BUILDER,
  ingredients: () => [join(packageDirectory(PACKAGE), 'package.json'), BUILDER],
});

/** SQL in the dialect of PostgreSQL: PGlite. */
export const postgresEngine: Engine = {
  async prepare() {
    await image.build();
  },
  command: (layer) =>
    nodeRunnerCommand(
      {
        entry: 'sql/postgres-runner.ts',
        packages: [PACKAGE],
        files: [image.path()],
        wasmPages: 2048,
        heapMb: 192,
        hasThreads: true,
        extraFlags: [
          // Room for PostgreSQL's own limit of nesting to strike first.
          '--stack-size=3900',
          // The optimising compiler takes 500 MB for some functions of PostgreSQL, and makes a query's speed depend on those before it.
          '--liftoff-only',
          '--optimize-for-size',
          '--max-semi-space-size=1',
        ],
      },
      layer,
    ),
  maxRssKb: 450 * 1024,
  warm: 1,
};
