import { describe, expect, test } from '@jest/globals';
import { ECHO, describePython, messageOf, py, saying, suiteGrader, verdictsOf } from '../support/python-grading.ts';
import {
  failingFunctions,
  failingMethods,
  functionSuite,
  holdingFunctions,
  holdingMethods,
  methodSuite,
  unloadableSuites,
} from './python-suite.cases.ts';

const UNITTEST = 'import unittest\nfrom f import f\n';
const PYTEST = 'import pytest\nfrom pytest import mark\nfrom f import f\n';

/** A message without the lines of the code that it ends with. */
const wordsOf = (message: string | null) => message?.split('\n    at ')[0];

await describePython((gradePython) => {
  const { run, linesOf } = suiteGrader(gradePython);

  describe.each([
    ['unittest', methodSuite, holdingMethods, failingMethods],
    ['pytest', functionSuite, holdingFunctions, failingFunctions],
  ] as const)('assertions of %s', (_, suiteOf, holding, failing) => {
    test('that hold pass', async () => {
      const { tests } = await run(suiteOf([...holding]));
      const wrong = tests.flatMap(({ verdict, message }, index) =>
        verdict === 'accepted' ? [] : [[holding[index], message]],
      );
      expect(wrong).toEqual([]);
      expect(tests).toHaveLength(holding.length);
    });

    test('that do not hold say what was expected and what came', async () => {
      const { tests } = await run(suiteOf(failing.map(([body]) => body)));
      expect(tests.map(({ verdict }) => verdict)).toEqual(failing.map(() => 'wrong_answer'));
      const found = tests.map(({ message }, index) =>
        failing[index]?.[1] instanceof RegExp ? message : wordsOf(message),
      );
      expect(found).toEqual(failing.map(([, words]) => saying(words)));
    });
  });

  test.each([
    ['unittest', methodSuite(['pass', 'self.assertEqual(f(1), 2)']), /\n    at (T\.)?test_1 \(f_test\.py:8\)$/],
    ['pytest', functionSuite(['pass', 'assert f(1) == 2']), /\n    at test_1 \(f_test\.py:8\)$/],
  ])('a failed assertion of %s tells its line', async (_, content, place) => {
    expect(messageOf(await run(content))).toMatch(place);
  });

  test.each([
    [
      'that the program raises',
      `${PYTEST}def test_a(): f(1)`,
      'def f(n):\n    return n.x',
      /^AttributeError: .*\n    at f \(f\.py:2\)\n    at test_a \(f_test\.py:4\)$/,
    ],
    [
      'that a test raises',
      `${PYTEST}def test_a(): raise KeyError("k")`,
      ECHO,
      /^KeyError: 'k'\n    at test_a \(f_test\.py:4\)$/,
    ],
    [
      'of an assertion in the program',
      `${PYTEST}def test_a(): f(1)`,
      'def f(n): assert False, "mine"',
      /^AssertionError: mine\n    at f \(f\.py:1\)/,
    ],
    ['of endless recursion', `${PYTEST}def test_a(): assert f(1) == 1`, 'def f(n): return f(n)', /^RecursionError: /],
    [
      'in a subtest',
      methodSuite(['for n in range(2):\n    with self.subTest(n=n): 1 / n']),
      ECHO,
      /^ZeroDivisionError: /,
    ],
    [
      'of what the pytest here lacks',
      `${PYTEST}def test_a(): pytest.foo()`,
      ECHO,
      /^AttributeError: `pytest\.foo` is not part of the pytest of this sandbox/,
    ],
  ])('errors %s are runtime errors', async (_, content, code, message) => {
    const { tests } = await run(content, { code });
    expect(tests).toMatchObject([{ verdict: 'runtime_error' }]);
    expect(tests[0]?.message).toMatch(message);
  });

  test('what a test prints belongs to it', async () => {
    const content = 'from f import f\nprint("suite")\ndef test_a():\n    print("test")\n    assert f(1) == 1\n';
    const result = await run(content, { code: 'def f(n):\n    print("program")\n    return n\n' });
    expect(result.tests[0]).toMatchObject({ verdict: 'accepted', stdout: 'test\nprogram\n' });
    expect(result.stdout).toBe('suite\ntest\nprogram\n');
  });

  test('a program that takes too much memory hits its limit, whatever the test catches', async () => {
    const content = `${PYTEST}def test_a():\n    with pytest.raises(ValueError): f(1)\n`;
    const { tests } = await run(content, { code: 'def f(n): return [0] * 10 ** 9' });
    expect(tests).toMatchObject([{ verdict: 'memory_limit', message: 'memory limit of 64 MB exceeded' }]);
  });

  describe('unittest', () => {
    test('prepares and cleans up in its order', async () => {
      const content = py`
        import unittest
        from f import f
        log = []
        def setUpModule(): log.append("M")
        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls): log.append("C")
            @classmethod
            def tearDownClass(cls): log.append("D")
            def setUp(self):
                log.append("s")
                self.addCleanup(log.append, "c")
            def tearDown(self): log.append("t")
            def test_a(self): self.assertEqual("".join(log), "MCs")
            def test_b(self): self.assertEqual("".join(log), "MCstcs")
        class U(unittest.TestCase):
            def test_c(self): self.assertEqual("".join(log), "MCstcstcD")
      `;
      expect(await linesOf(content)).toEqual(['T > test_a: accepted', 'T > test_b: accepted', 'U > test_c: accepted']);
    });

    test.each([
      ['setUp', 'def setUp(self): raise ValueError("no")'],
      ['setUpClass', '@classmethod\n    def setUpClass(cls): raise ValueError("no")'],
      ['tearDown', 'def tearDown(self): raise ValueError("no")'],
    ])('%s that fails fails the tests', async (_, method) => {
      const content = `${UNITTEST}class T(unittest.TestCase):\n    ${method}\n    def test_a(self): pass\n    def test_b(self): pass\n`;
      expect(await linesOf(content)).toEqual(['T > test_a: ValueError: no', 'T > test_b: ValueError: no']);
    });

    test('classes inherit tests', async () => {
      const content = `${UNITTEST}class Base(unittest.TestCase):\n    k = 1\n    def test_a(self): self.assertEqual(f(self.k), 1)\nclass Sub(Base):\n    k = 2\n    def test_b(self): pass\n`;
      expect(await linesOf(content)).toEqual([
        'Base > test_a: accepted',
        'Sub > test_a: expected 1, got 2',
        'Sub > test_b: accepted',
      ]);
    });

    test('mocks stand in for parts of the program', async () => {
      const content = py`
        from unittest import TestCase, main
        from unittest.mock import Mock, patch
        import f as program
        class T(TestCase):
            @patch("f.helper", return_value=5)
            def test_a(self, helper):
                self.assertEqual(program.f(1), 5)
                helper.assert_called_once_with(1)
            def test_b(self):
                with patch("builtins.print") as printed: program.f(2)
                printed.assert_called_with(2)
            def test_c(self):
                with patch("builtins.input", side_effect=["5"]): self.assertEqual(program.ask(), "5")
            def test_d(self):
                called = Mock()
                called(3)
                called.assert_called_with(4)
        if __name__ == "__main__": main()
      `;
      const code =
        'def helper(n):\n    print(n)\n    return n\ndef f(n): return helper(n)\ndef ask(): return input()\n';
      expect(await linesOf(content, { code })).toEqual([
        'T > test_a: accepted',
        'T > test_b: accepted',
        'T > test_c: accepted',
        'T > test_d: expected call not found.',
      ]);
    });

    test('awaits', async () => {
      const content = py`
        import asyncio, unittest
        from f import f
        class T(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self): self.k = 1
            async def test_a(self):
                await asyncio.sleep(0.001)
                self.assertEqual(await f(self.k), 1)
            async def test_b(self): self.assertEqual(await f(1), 2)
        class Plain(unittest.TestCase):
            async def test_c(self): self.assertEqual(await f(1), 2)
      `;
      expect(await linesOf(content, { code: 'async def f(n): return n\n' })).toEqual([
        'T > test_a: accepted',
        'T > test_b: expected 2, got 1',
        'Plain > test_c: expected 2, got 1',
      ]);
    });

    test.each([
      'unittest.main()',
      'if __name__ == "__main__":\n    unittest.main()',
      'if __name__ == "__main__":\n    unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromTestCase(T))',
    ])('a file that ends with %j is run once', async (end) => {
      const content = `${methodSuite(['self.assertEqual(f(1), 1)'])}${end}\n`;
      expect(await linesOf(content)).toEqual(['T > test_0: accepted']);
    });

    const SKIPPING = py`
      import unittest
      from f import f
      class T(unittest.TestCase):
          @unittest.skip("x")
          def test_a(self): self.assertEqual(f(1), 2)
          @unittest.skipIf(True, "x")
          def test_b(self): self.assertEqual(f(1), 1)
          @unittest.skipUnless(True, "x")
          def test_c(self): self.assertEqual(f(1), 1)
          @unittest.expectedFailure
          def test_d(self): self.assertEqual(f(1), 2)
          @unittest.expectedFailure
          def test_e(self): self.assertEqual(f(1), 1)
      @unittest.skip("all")
      class S(unittest.TestCase):
          def test_f(self): pass
    `;

    test('skips weigh nothing, and expected failures are expected', async () => {
      const result = await run(SKIPPING, { weight: 9 });
      expect(result.tests.map(({ name, verdict, weight }) => `${name} ${verdict} ${weight}`)).toEqual([
        'T > test_a skipped 0',
        'T > test_b skipped 0',
        'T > test_c accepted 3',
        'T > test_d accepted 3',
        'T > test_e wrong_answer 3',
        'S > test_f skipped 0',
      ]);
      expect(result).toMatchObject({ verdict: 'partial', score: 67 });
    });

    test('skips are run when the author says so', async () => {
      expect(await linesOf(SKIPPING, { runSkipped: true })).toEqual([
        'T > test_a: expected 2, got 1',
        'T > test_b: accepted',
        'T > test_c: accepted',
        'T > test_d: accepted',
        expect.stringMatching(/^T > test_e: expected the test to fail/),
        'S > test_f: accepted',
      ]);
    });
  });

  describe('a suite', () => {
    test.each(unloadableSuites)('that %s is one result that says so', async (_, content, code, verdict, message) => {
      const { tests } = await run(content, { code, weight: 7 });
      expect(tests).toMatchObject([{ verdict, weight: 7 }]);
      expect(tests[0]?.message).toEqual(saying(message));
    });

    test('takes no tests from the program', async () => {
      const code = `${ECHO}import unittest\ndef test_x(): pass\nclass TestY:\n    def test_z(self): pass\nclass Own(unittest.TestCase):\n    def test_w(self): pass\n`;
      expect(await linesOf('from f import *\ndef test_a(): assert f(1) == 1\n', { code })).toEqual([
        'test_a: accepted',
      ]);
    });

    test('cannot be read by the program', async () => {
      const code = py`
        import os, sys
        def f(n):
            found = [name for name in sys.modules if "f_test" in name or "learnify" in name]
            try: found.append(open("f_test.py").read())
            except OSError: pass
            try: import f_test; found.append("imported")
            except ImportError: pass
            return found + [name for name in os.listdir(".") if name != "f.py"]
      `;
      expect(await linesOf('from f import f\ndef test_a(): assert f("SECRET") == []\n', { code })).toEqual([
        'test_a: accepted',
      ]);
    });

    test('may have helpers, fixtures and data in files beside it', async () => {
      const files = [
        { path: 'helper.py', content: 'def check(a, b):\n    assert a == b\n' },
        { path: 'conftest.py', content: 'import pytest\n@pytest.fixture\ndef seven(): return 7\n' },
        { path: 'data.json', content: '[1]' },
      ];
      const content = py`
        import json
        from pathlib import Path
        from helper import check
        from .f import f
        DATA = json.load(open(Path(__file__).parent / "data.json"))
        def test_data(): assert f(DATA) == [1]
        def test_fixture(seven): assert f(seven) == 7
        def test_helper(): check(f(1), 2)
      `;
      const result = await run(content, { files });
      expect(verdictsOf(result)).toEqual([
        'test_data: accepted',
        'test_fixture: accepted',
        'test_helper: wrong_answer',
      ]);
      expect(messageOf(result)).toBe(
        'expected 2, got 1\nassert a == b\n    at check (helper.py:2)\n    at test_helper (f_test.py:8)',
      );
    });
  });
});
