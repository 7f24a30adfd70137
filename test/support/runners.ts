import { eventually } from './eventually.ts';
import { descendantsOf } from './grading.ts';
import type { TestProcess } from './processes.ts';

type RunnerState = 'idle' | 'busy' | 'starting';

/** Whether one of the worker's runners has been given a program. */
export async function isGrading(worker: TestProcess): Promise<boolean> {
  return (await countRunners(worker, 'busy')) > 0;
}

/**
 * Holds the runners of these workers still while `work` is done. A program that one of them has, or is given meanwhile, cannot end before,
 * however fast the machine. The limits go on: what is held beyond its wall limit is taken for starved, and is run again by a fresh runner.
 */
export async function whileRunnersAreHeld<Result>(
  workers: readonly TestProcess[],
  work: () => Promise<Result>,
): Promise<Result> {
  // One that is not there yet could not be held.
  await eventually('all runners have started', async () => {
    const starting = await Promise.all(workers.map((worker) => countRunners(worker, 'starting')));
    return starting.every((count) => count === 0);
  });
  const held = workers.flatMap(({ pid }) => descendantsOf(pid));
  if (held.length === 0) throw new Error('There is no runner to hold.');
  try {
    for (const pid of held) signal(pid, 'SIGSTOP');
    return await work();
  } finally {
    for (const pid of held) signal(pid, 'SIGCONT');
  }
}

/** How many of a worker's runners are in a state, as its metrics tell. */
async function countRunners({ url }: TestProcess, state: RunnerState): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const counts = [...metrics.matchAll(/^sandbox_runners\{.*state="(\w+)".*\} (\d+)$/gm)];
  return counts.reduce((sum, [, found, count]) => sum + (found === state ? Number(count) : 0), 0);
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
