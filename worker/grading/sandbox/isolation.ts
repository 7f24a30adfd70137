import { findBubblewrap } from './bubblewrap.ts';
import type { EngineName, PythonEngine } from './engines/engine.ts';
import type { IsolationLayer } from './runner-command.ts';
import { RunnerProcess } from './runner-process.ts';
import { SandboxError } from './sandbox-error.ts';

/** `auto` takes the strongest layer that works here, `required` refuses to go without bubblewrap, `off` does not try it. */
export type IsolationMode = 'auto' | 'required' | 'off';

/** The layer that runners get, and why not a stronger one (for the log and the health page). */
export type Isolation = { layer: IsolationLayer; reason: string };

/**
 * Finds out by really starting a runner under each layer: user namespaces are often there but forbidden (Docker's default
 * seccomp profile, AppArmor), which only a trial shows.
 * @throws SandboxError `isolation_unavailable` when `required` and bubblewrap does not work.
 */
export async function probeIsolation(mode: IsolationMode): Promise<Isolation> {
  if (mode === 'off') return { layer: 'portable', reason: 'bubblewrap is switched off' };
  const failures: string[] = [];
  for (const layer of candidates(failures)) {
    const failure = await tryEngine('quickjs', layer);
    if (failure === null) return { layer, reason: failures.join('; ') || 'all layers work' };
    failures.push(`${layer}: ${failure}`);
  }
  if (mode === 'required') throw new SandboxError('isolation_unavailable', failures.join('; '));
  return { layer: 'portable', reason: failures.join('; ') };
}

/** How Python is to be run: `native` and `wasi` insist, `auto` takes the quicker one that works. */
export type PythonMode = 'auto' | 'wasi' | 'native';

export type PythonChoice = { engine: PythonEngine; reason: string };

/**
 * Chooses the engine of Python by really starting it: natively only where every layer works.
 * @throws SandboxError `isolation_unavailable` when `native` and it does not.
 */
export async function probePython(mode: PythonMode, { layer }: Isolation): Promise<PythonChoice> {
  if (mode === 'wasi') return { engine: 'python-wasi', reason: 'asked for' };
  const failure = await tryEngine('python-native', layer);
  if (failure === null) return { engine: 'python-native', reason: 'all layers work' };
  if (mode === 'native') throw new SandboxError('isolation_unavailable', failure);
  return { engine: 'python-wasi', reason: failure };
}

function candidates(failures: string[]): IsolationLayer[] {
  if (findBubblewrap() !== null) return ['bubblewrap+seccomp', 'bubblewrap'];
  failures.push('bubblewrap is not installed');
  return [];
}

/** Why no runner of the engine can be started under the layer; null when one can. */
async function tryEngine(engine: EngineName, layer: IsolationLayer): Promise<string | null> {
  try {
    const runner = await RunnerProcess.start(engine, layer);
    runner.kill();
    await runner.exited;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
