import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bubblewrap, resourceLimits } from '../bubblewrap.ts';
import { runnerCommand } from '../runner-command.ts';
import { confinedSeccompFilter, forkingSeccompFilter } from '../seccomp.ts';
import type { Engine } from './engine.ts';

const PYTHON_DIRECTORY = fileURLToPath(new URL('../runner/python/', import.meta.url));
const ENTRY = join(PYTHON_DIRECTORY, 'native/fork_server.py');

/** In this order; `python3` on PATH comes last, for installations elsewhere. */
const PLACES = ['/usr/bin/python3', '/usr/local/bin/python3'];
const OLDEST = [3, 10];
const ASK_DEADLINE_MS = 10_000;

/** What `QUESTION` answers. `paths`: what this interpreter reads beside the system's libraries. */
type Interpreter = { version: number[]; executable: string; paths: string[] };

/** An executable may be a link, or a script of a version manager, so the interpreter itself is asked where it is and what it needs. */
const QUESTION = `
import json, os, sys, sysconfig
config = sysconfig.get_config_vars()
library = os.path.join(config.get('LIBDIR') or '', config.get('INSTSONAME') or config.get('LDLIBRARY') or '')
paths = [sysconfig.get_path('stdlib'), sysconfig.get_path('platstdlib')]
paths += [library] if config.get('Py_ENABLE_SHARED') else []
print(json.dumps({
    'version': list(sys.version_info[:2]),
    'executable': os.path.realpath(sys.executable),
    'paths': [os.path.realpath(path) for path in paths if os.path.exists(path)],
}))`;

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

let found: Interpreter | null = null;

/** Looked for once, when it is first needed; where there is none, again each time. */
function interpreter(): Interpreter {
  found ??= findInterpreter();
  return found;
}

function findInterpreter(): Interpreter {
  const candidates = [...PLACES.filter((place) => existsSync(place)), 'python3'];
  for (const candidate of candidates) {
    const answer = ask(candidate);
    if (answer !== null && !isOlder(answer.version)) return answer;
  }
  throw new Error(`there is no python3 of version ${OLDEST.join('.')} or later`);
}

function ask(executable: string): Interpreter | null {
  const { status, stdout } = spawnSync(executable, ['-I', '-S', '-c', QUESTION], {
    encoding: 'utf8',
    timeout: ASK_DEADLINE_MS,
  });
  return status === 0 ? (JSON.parse(stdout) as Interpreter) : null;
}

function isOlder([major = 0, minor = 0]: number[]): boolean {
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
