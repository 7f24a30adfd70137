import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { grade } from '../../worker/grading/grade.ts';
import { probeIsolation, probePython } from '../../worker/grading/sandbox/isolation.ts';
import type { Sandbox } from '../../worker/grading/sandbox/sandbox.ts';
import { buildExercise, callOfF, openSandbox } from '../support/grading.ts';

const LIMITS = { cpuMs: 10_000, wallMs: 30_000, memoryMb: 128, outputKb: 16 };

/** Somebody's submission: the code and the hidden suite have a mark, put together only when a program looks for it. */
const FIRST = {
  exercise: buildExercise({
    language: 'python',
    entrypoint: 'price.py',
    limits: LIMITS,
    tests: [
      {
        kind: 'suite',
        path: 'test_price.py',
        visibility: 'never',
        content:
          "import unittest\nfrom price import price\nclass Test(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(price(), 'mark-of-others')\n",
      },
    ],
  }),
  code: "# mark-of-others\ndef price():\n    return 'mark-of-others'\n",
};

/** Another's: goes through all frames, and all objects that can be reached from them, from modules and from the garbage collector. */
const SEARCH = `import gc, sys
def f():
    own = {'own': ''.join(['mark-of', '-mine'])}
    marks = [''.join(['mark-of', '-others']), own['own']]
    found = [0, 0]
    frame, left = sys._getframe(), [gc.get_objects(), list(sys.modules.values()), own]
    while frame:
        left += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    seen = {id(marks), id(marks[0])}
    while left:
        value = left.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (str, bytes, bytearray)):
            text = value if isinstance(value, str) else value.decode('latin-1')
            found = [count + (mark in text) for count, mark in zip(found, marks)]
        else:
            left += gc.get_referents(value)
    return [found[0] > 0, found[1] > 0]
`;
const LOOKING = buildExercise({
  language: 'python',
  entrypoint: 'f.py',
  limits: LIMITS,
  tests: [callOfF([], [false, true])],
});

const { engine: native } = await probePython('auto', await probeIsolation('auto'));

describe.each(['python-wasi', ...(native === 'python-native' ? [native] : [])] as const)(
  'what %s has left of a submission when the next begins',
  (python) => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await openSandbox({ python });
    });
    afterAll(() => sandbox.close());

    test('is neither its code nor the tests it met, and what a program has itself is found', async () => {
      for (let turn = 0; turn < 3; turn++) {
        const signal = AbortSignal.timeout(50_000);
        expect((await grade(sandbox, FIRST.exercise, FIRST.code, signal)).verdict).toBe('accepted');
        const { tests } = await grade(sandbox, LOOKING, SEARCH, signal);
        expect(tests).toMatchObject([{ actual: [false, true], verdict: 'accepted' }]);
      }
    });
  },
);
