/** The layers around a runner, strongest first. All of them also have resource limits and whatever wall the engine itself is. */
export type IsolationLayer = 'bubblewrap+seccomp' | 'bubblewrap' | 'portable';

/** How to start one runner, absolutely: runners get no PATH. `seccomp` goes to file descriptor 3. */
export type RunnerCommand = { file: string; args: string[]; seccomp: Buffer | null };

export function runnerCommand([file = '', ...args]: string[], seccomp: Buffer | null): RunnerCommand {
  return { file, args, seccomp };
}
