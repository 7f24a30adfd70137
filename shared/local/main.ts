import { readConfigOrExit } from '../config/env.ts';
import { LauncherConfig } from '../config/launcher.config.ts';
import { Launched, launch } from './launch.ts';
import { LaunchError } from './launch-error.ts';
import { releaseLauncherLock, takeLauncherLock } from './launcher-lock.ts';
import { openLocalState } from './local-state.ts';

const config = readConfigOrExit(LauncherConfig);
const state = openLocalState(config.LOCAL_DIR);
const launched = new Launched();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let stopping: Promise<void> | undefined;

function stop(exitCode: number): void {
  stopping ??= launched.stop().then(() => {
    releaseLauncherLock(state.lockFile);
    process.exit(exitCode);
  });
}

try {
  const { previousWasKilled } = takeLauncherLock(state.lockFile);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping === undefined) say('\nStopping…');
      stop(0);
    });
  }
  await launch(config, state, launched, previousWasKilled, say);
  void launched.database?.exited.then(() => {
    if (stopping !== undefined) return;
    say('The embedded PostgreSQL ended; stopping.');
    stop(1);
  });
} catch (error) {
  // A start that is interrupted fails somewhere half-way; that is no news. After any other failure nothing may be left running.
  if (stopping === undefined) process.stderr.write(`\n${describe(error)}\n`);
  stop(1);
}

function describe(error: unknown): string {
  if (error instanceof LaunchError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
