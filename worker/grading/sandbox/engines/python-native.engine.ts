import type { Engine } from './engine.ts';

/** Python by the system's own interpreter, one forked child for each submission. */
export const pythonNativeEngine: Engine = {
  command: () => {
    throw new Error('python3 is not installed');
  },
  maxRssKb: 400 * 1024,
  warm: 'every',
};
