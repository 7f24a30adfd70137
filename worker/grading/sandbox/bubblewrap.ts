import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const SYSTEM_LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64'];
const NOBODY = '65534';

/** Where bubblewrap is, or null. */
export function findBubblewrap(): string | null {
  return findProgram('bwrap');
}

/** No core dumps, no file growth, few descriptors. An address-space limit would break WebAssembly. */
export function resourceLimits(): string[] {
  const prlimit = findProgram('prlimit');
  return prlimit === null ? [] : [prlimit, '--core=0', '--fsize=0', '--nofile=256', '--'];
}

/**
 * Arguments that start a command in namespaces of its own: no network, no processes but its own, nobody as its user, and of the file
 * system the system's libraries and `readable`, all of it read-only. With a filter of system calls on descriptor 3 when `withSeccomp`.
 * `more` are further options of bubblewrap.
 */
export function bubblewrap(readable: string[], withSeccomp: boolean, more: string[] = []): string[] {
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
    ...readable.flatMap((path) => ['--ro-bind', path, path]),
    ...more,
    '--remount-ro',
    '/',
    '--chdir',
    '/',
    ...(withSeccomp ? ['--seccomp', '3'] : []),
    '--',
  ];
}

function findProgram(name: string): string | null {
  return ['/usr/bin', '/bin', '/usr/local/bin'].map((directory) => join(directory, name)).find(existsSync) ?? null;
}
