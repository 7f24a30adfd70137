import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { devNull } from 'node:os';

/** The standard streams and the one that the filter of system calls goes to. */
const PIPES = 4;
/** `O_CLOEXEC`, on every architecture that Node runs on. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Starts a program as the leader of a process group, with nothing of ours: an empty environment, and pipes as its descriptors 0 to 3. What it
 * would inherit beside them is /dev/null to it.
 */
export function spawnAlone(file: string, args: string[]): ChildProcess {
  const inherited = inheritedDescriptors();
  const nothing = inherited.length === 0 ? null : openSync(devNull, 'r+');
  try {
    const stdio: StdioOptions = Array.from({ length: PIPES }, () => 'pipe' as const);
    for (const descriptor of inherited) stdio[descriptor] = nothing;
    return spawn(file, args, { detached: true, env: {}, cwd: '/', stdio: Array.from(stdio, (use) => use ?? 'ignore') });
  } finally {
    if (nothing !== null) closeSync(nothing);
  }
}

/**
 * Descriptors of this process that every program it starts would have too: those it was itself started with, beyond the first 16, which
 * Node marks to be closed like all that it opens. None where /proc does not tell: on macOS starting a program closes them.
 */
function inheritedDescriptors(): number[] {
  return openDescriptors().filter((descriptor) => descriptor >= PIPES && isPassedOn(descriptor));
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fdinfo').map(Number);
  } catch {
    return [];
  }
}

function isPassedOn(descriptor: number): boolean {
  try {
    const [, flags = ''] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // Closed since: it was the listing's own.
    return false;
  }
}
