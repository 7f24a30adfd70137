import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bubblewrap, resourceLimits } from '../bubblewrap.ts';
import { runnerCommand, type IsolationLayer, type RunnerCommand } from '../runner-command.ts';
import { seccompFilter } from '../seccomp.ts';

const RUNNER_DIRECTORY = fileURLToPath(new URL('../runner/', import.meta.url));

export type NodeRunner = {
  /** The program below `runner/`. */
  entry: string;
  /** Packages it may read, beside its own files. */
  packages: string[];
  /** Other files that it may read; it gets their paths as its arguments. */
  files?: string[];
  /** Largest WebAssembly memory, in pages of 64 KB; 0 where there is none. */
  wasmPages: number;
  heapMb: number;
  /** It starts threads of its own, such as the time guard. */
  hasThreads: boolean;
  extraFlags?: string[];
};

/** The command of a runner that is a Node process: locked in by Node's own permissions, inside whatever the layer adds. */
export function nodeRunnerCommand(runner: NodeRunner, layer: IsolationLayer): RunnerCommand {
  const { entry, packages, files = [] } = runner;
  const readable = [RUNNER_DIRECTORY, ...packages.map(packageDirectory), ...files, ...nearestPackageJson()];
  const node = [process.execPath, ...nodeFlags(runner, readable, layer), join(RUNNER_DIRECTORY, entry), ...files];
  if (layer === 'portable') return runnerCommand([...resourceLimits(), ...node, '--watchdog'], null);
  const seccomp = layer === 'bubblewrap+seccomp' ? seccompFilter() : null;
  const jail = bubblewrap([process.execPath, ...readable], seccomp !== null);
  return runnerCommand([...resourceLimits(), ...jail, ...node], seccomp);
}

/** The folder of an installed package, also of one that does not let its own description be imported. */
export function packageDirectory(name: string): string {
  const require = createRequire(import.meta.url);
  const found = require.resolve
    .paths(name)
    ?.map((base) => join(base, name))
    .find(existsSync);
  if (found === undefined) throw new Error(`the package ${name} is not installed`);
  return found;
}

/** Node reads it to learn that the runner's files are ES modules. */
function nearestPackageJson(): string[] {
  for (let directory = RUNNER_DIRECTORY; dirname(directory) !== directory; directory = dirname(directory)) {
    const path = join(directory, 'package.json');
    if (existsSync(path)) return [path];
  }
  return [];
}

function nodeFlags(
  { wasmPages, heapMb, hasThreads, extraFlags = [] }: NodeRunner,
  readable: string[],
  layer: IsolationLayer,
): string[] {
  return [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    // The portable layer needs one for its watchdog, see watchdog.ts.
    ...(hasThreads || layer === 'portable' ? ['--allow-worker'] : []),
    '--disallow-code-generation-from-strings',
    '--disable-proto=delete',
    ...(wasmPages > 0 ? [`--wasm-max-mem-pages=${wasmPages}`] : []),
    `--max-old-space-size=${heapMb}`,
    '--no-warnings',
    ...extraFlags,
  ];
}
