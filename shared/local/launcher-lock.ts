import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { LaunchError } from './launch-error.ts';

/**
 * Makes sure that one launcher at a time uses a state folder.
 *
 * @returns whether the launcher before this one was killed, so that what it started may still be on its way out.
 * @throws LaunchError when another one is running.
 */
export function takeLauncherLock(file: string): { previousWasKilled: boolean } {
  const previous = holderOf(file);
  if (!Number.isNaN(previous) && previous !== process.pid && isAlive(previous)) {
    throw new LaunchError(
      `Learnify is running from here already (pid ${previous}). Stop it, or set another LOCAL_DIR.`,
    );
  }
  writeFileSync(file, `${process.pid}\n`);
  return { previousWasKilled: !Number.isNaN(previous) };
}

/** Removes the lock if it is ours; a launcher that was refused must not take it from the one that runs. */
export function releaseLauncherLock(file: string): void {
  if (holderOf(file) === process.pid) rmSync(file, { force: true });
}

/** The pid in the lock; NaN when there is none. */
function holderOf(file: string): number {
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN;
}

/** Pids are used again: one that is no launcher of ours does not count. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const commandFile = `/proc/${pid}/cmdline`;
  return !existsSync(commandFile) || readFileSync(commandFile, 'utf8').includes('shared/local/main.ts');
}
