import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bubblewrap, resourceLimits } from '../bubblewrap.ts';
import { runnerCommand } from '../runner-command.ts';
import { confinedSeccompFilter, forkingSeccompFilter } from '../seccomp.ts';
import type { Engine } from './engine.ts';
import { findInterpreter } from './python-interpreter.ts';

const PYTHON_DIRECTORY = fileURLToPath(new URL('../runner/python/', import.meta.url));
const ENTRY = join(PYTHON_DIRECTORY, 'native/fork_server.py');

/**
 * Python by the system's own interpreter, one forked child for each submission. Only under all layers: in nothing less may learner code be
 * machine code.
 */
export const pythonNativeEngine: Engine = {
  command: (layer) => {
    const [server, child] = [forkingSeccompFilter(), confinedSeccompFilter()];
    if (layer !== 'bubblewrap+seccomp' || server === null || child === null)
      throw new Error('native Python runs only under bubblewrap with seccomp');
    const { executable, paths } = interpreter();
    // The interpreter's own option for isolation would also ignore the seed, without which a program's sets change their order.
    const environment = ['--setenv', 'PYTHONHASHSEED', '0'];
    const jail = bubblewrap([executable, ...paths, PYTHON_DIRECTORY], true, [
      '--dev-bind',
      '/dev/null',
      '/dev/null',
      ...environment,
    ]);
    const python = [executable, '-s', '-S', '-B', '-X', 'utf8', ENTRY, child.toString('hex')];
    return runnerCommand([...resourceLimits(), ...jail, ...python], server);
  },
  maxRssKb: 400 * 1024,
  warm: 'every',
  // What is spent is the child; the server that forked it is as it was.
  outlives: () => true,
};

let found: ReturnType<typeof findInterpreter> | null = null;

/** Looked for once, when it is first needed; where there is none, again each time. */
function interpreter(): ReturnType<typeof findInterpreter> {
  found ??= findInterpreter();
  return found;
}
