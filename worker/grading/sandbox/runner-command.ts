import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seccompFilter } from './seccomp.ts';

/** The layers around a runner, strongest first. All of them also have the node flags, resource limits and the WASM instance. */
export type IsolationLayer = 'bubblewrap+seccomp' | 'bubblewrap' | 'portable';

/** How to start one runner; `seccomp` goes to file descriptor 3. */
export type RunnerCommand = { file: string; args: string[]; seccomp: Buffer | null };

const RUNNER_DIRECTORY = fileURLToPath(new URL('./runner/', import.meta.url));
const RUNNER_ENTRY = join(RUNNER_DIRECTORY, 'runner.ts');
const SYSTEM_LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64'];
const NOBODY = '65534';

/** The command line of one runner under a layer. It is an absolute one: runners get no PATH. */
export function runnerCommand(layer: IsolationLayer): RunnerCommand {
  const node = [process.execPath, ...nodeFlags(layer), RUNNER_ENTRY];
  if (layer === 'portable') return command([...resourceLimits(), ...node, '--watchdog'], null);
  const seccomp = layer === 'bubblewrap+seccomp' ? seccompFilter() : null;
  return command([...resourceLimits(), ...bubblewrap(seccomp !== null), '--', ...node], seccomp);
}

/** Where bubblewrap is, or null. */
export function findBubblewrap(): string | null {
  return findProgram('bwrap');
}

function command([file = '', ...args]: string[], seccomp: Buffer | null): RunnerCommand {
  return { file, args, seccomp };
}

/** What a runner may read: its own files and the engine. */
function readablePaths(): string[] {
  const engine = dirname(createRequire(import.meta.url).resolve('quickjs-wasi/package.json'));
  return [RUNNER_DIRECTORY, engine, ...nearestPackageJson()];
}

/** Node reads it to learn that the runner's files are ES modules. */
function nearestPackageJson(): string[] {
  for (let directory = RUNNER_DIRECTORY; dirname(directory) !== directory; directory = dirname(directory)) {
    const path = join(directory, 'package.json');
    if (existsSync(path)) return [path];
  }
  return [];
}

function nodeFlags(layer: IsolationLayer): string[] {
  return [
    '--permission',
    ...readablePaths().map((path) => `--allow-fs-read=${path}`),
    // Only the portable layer needs a thread, see watchdog.ts.
    ...(layer === 'portable' ? ['--allow-worker'] : []),
    '--disallow-code-generation-from-strings',
    '--disable-proto=delete',
    '--wasm-max-mem-pages=3072',
    '--max-old-space-size=192',
    // Room for QuickJS' own 512 KB stack limit to strike first, so that endless recursion is an exception and not a trap.
    '--stack-size=3900',
    '--no-warnings',
  ];
}

/** No core dumps, no file growth, few descriptors. An address-space limit would break WebAssembly. */
function resourceLimits(): string[] {
  const prlimit = findProgram('prlimit');
  return prlimit === null ? [] : [prlimit, '--core=0', '--fsize=0', '--nofile=256', '--'];
}

function bubblewrap(withSeccomp: boolean): string[] {
  const libraries = SYSTEM_LIBRARIES.filter((path) => existsSync(path)).flatMap((path) =>
    lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path],
  );
  return [
    findBubblewrap() ?? 'bwrap',
    '--unshare-all',
    '--unshare-user',
    // Needs a writable /proc/sys, which containers do not have; the seccomp filter denies new namespaces anyway.
    ...(withSeccomp ? [] : ['--disable-userns']),
    '--die-with-parent',
    '--new-session',
    '--clearenv',
    '--uid',
    NOBODY,
    '--gid',
    NOBODY,
    '--hostname',
    'sandbox',
    '--cap-drop',
    'ALL',
    ...libraries,
    ...[process.execPath, ...readablePaths()].flatMap((path) => ['--ro-bind', path, path]),
    '--chdir',
    '/',
    ...(withSeccomp ? ['--seccomp', '3'] : []),
  ];
}

function findProgram(name: string): string | null {
  return ['/usr/bin', '/bin', '/usr/local/bin'].map((directory) => join(directory, name)).find(existsSync) ?? null;
}
