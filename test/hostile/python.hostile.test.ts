import { test } from '@jest/globals';
import { probeIsolation, probePython } from '../../worker/grading/sandbox/isolation.ts';
import { buildExercise, callOfF } from '../support/grading.ts';
import { SECRET, describeHostile } from './hostile-suite.ts';
import { pythonEscapes } from './python-escapes.cases.ts';
import { pythonExcesses } from './python-excesses.cases.ts';

// Ten times the time on a cpu that its code gets, so that it is told by that on a busy machine.
const limits = { cpuMs: 100, wallMs: 10_000, memoryMb: 32, outputKb: 16 };
const attacked = buildExercise({
  language: 'python',
  entrypoint: 'f.py',
  limits,
  tests: [callOfF([1], 1), callOfF([7], SECRET, { visibility: 'never' })],
});
const honest = {
  exercise: buildExercise({ language: 'python', entrypoint: 'f.py', limits, tests: [callOfF([2], [4, 'f.py'])] }),
  code: 'import os\ndef f(n):\n    return [n * n, os.path.basename(__file__)]\n',
};
const python = await probePython('auto', await probeIsolation('auto'));

describeHostile({
  engine: 'python-wasi',
  options: { python: 'python-wasi' },
  modes: ['off', 'auto'],
  cases: [...pythonExcesses, ...pythonEscapes],
  attacked,
  honest,
});

if (python.engine === 'python-native') {
  describeHostile({
    engine: 'python-native',
    options: { python: 'python-native' },
    modes: ['auto'],
    cases: [...pythonExcesses, ...pythonEscapes],
    attacked,
    honest,
  });
} else {
  test.skip(`native Python cannot run here: ${python.reason}`, () => undefined);
}
