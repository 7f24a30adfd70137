import type { IsolationLayer, RunnerCommand } from '../runner-command.ts';

/** What runs programs. Each has one file here, which says how a runner process of it is started, and runners of its own. */
export const ENGINE_NAMES = ['quickjs', 'python-wasi', 'python-native', 'sqlite', 'postgres'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export type Engine = {
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
};
