import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { programEnvironment } from '../../../../shared/config/program-environment.ts';

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
 * The first Python of this machine that is new enough.
 * @throws Error when there is none.
 */
export function findInterpreter(places = PLACES): Interpreter {
  const candidates = [...places.filter((place) => existsSync(place)), 'python3'];
  for (const candidate of candidates) {
    const answer = ask(candidate);
    if (answer !== null && !isOlder(answer.version)) return answer;
  }
  throw new Error(`there is no python3 of version ${OLDEST.join('.')} or later`);
}

function ask(executable: string): Interpreter | null {
  const { status, stdout } = spawnSync(executable, ['-I', '-S', '-c', QUESTION], {
    encoding: 'utf8',
    env: programEnvironment(),
    timeout: ASK_DEADLINE_MS,
  });
  return status === 0 ? (JSON.parse(stdout) as Interpreter) : null;
}

function isOlder([major = 0, minor = 0]: number[]): boolean {
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
