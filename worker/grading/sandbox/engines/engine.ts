import type { Outcome } from '../protocol.ts';
import type { IsolationLayer, RunnerCommand } from '../runner-command.ts';

/** What runs programs. Each has one file here, which says how a runner process of it is started, and runners of its own. */
export const ENGINE_NAMES = ['quickjs', 'python-wasi', 'python-native', 'sqlite', 'postgres'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The two engines of Python, of which a worker uses one. */
export type PythonEngine = Extract<EngineName, 'python-wasi' | 'python-native'>;

export type Engine = {
  /** What has to be there before the first runner starts; called before each, so it must be quick once it is. */
  prepare?(): Promise<void>;
  /**
   * The command line of one runner under a layer.
   * @throws Error with the reason when this engine cannot run under it here.
   */
  command(layer: IsolationLayer): RunnerCommand;
  /** A runner whose peak memory went beyond this, in KB, is not used again. */
  maxRssKb: number;
  /**
   * Runners that are kept warm though nobody needs them: `every` slot and the spares, or a number for engines that take much memory
   * or start quickly. More are started when they are asked for, and end when they have not been for a while.
   */
  warm: 'every' | number;
  /** Whether a runner can serve another program after an outcome that left its instance spent. Default: none. */
  outlives?(spent: Outcome): boolean;
};
