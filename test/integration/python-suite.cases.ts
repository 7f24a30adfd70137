import { ECHO, py } from '../support/python-grading.ts';

/** Bodies of `def test(self)` of a TestCase that pass where `f` returns what it is given. */
export const holdingMethods: string[] = [
  'self.assertEqual(f(1), 1)',
  'self.assertEquals(f(1), 1)',
  'self.assertNotEqual(f(1), 2)',
  'self.assertTrue(f(1)); self.assertFalse(f(0))',
  'self.assertIs(f(None), None); self.assertIsNone(f(None)); self.assertIsNotNone(f(1))',
  'self.assertIn(1, f([1])); self.assertNotIn(2, f([1]))',
  'self.assertIsInstance(f(1), int); self.assertNotIsInstance(f(1), str)',
  'self.assertAlmostEqual(f(0.1) + 0.2, 0.3); self.assertNotAlmostEqual(f(1), 1.1)',
  'self.assertAlmostEqual(f(1), 1.05, delta=0.1); self.assertAlmostEqual(f(1.001), 1.002, places=2)',
  'self.assertGreater(f(2), 1); self.assertGreaterEqual(f(2), 2); self.assertLess(f(1), 2); self.assertLessEqual(f(1), 1)',
  'self.assertRegex(f("abc"), "b"); self.assertNotRegex(f("abc"), "x")',
  'self.assertCountEqual(f([1, 2]), [2, 1])',
  'self.assertListEqual(f([1]), [1]); self.assertTupleEqual(f((1,)), (1,)); self.assertSequenceEqual(f([1]), (1,))',
  'self.assertDictEqual(f({1: 2}), {1: 2}); self.assertSetEqual(f({1}), {1}); self.assertMultiLineEqual(f("a"), "a")',
  'self.assertRaises(TypeError, f)',
  'with self.assertRaises(TypeError) as caught: f(1) + ""\nself.assertIn("int", caught.exception.args[0])',
  'with self.assertRaisesRegex(ZeroDivisionError, "zero"): f(1) / 0',
  'import logging\nwith self.assertLogs() as logs: logging.warning("w")\nself.assertEqual(logs.output, ["WARNING:root:w"])',
  'import warnings\nwith self.assertWarns(UserWarning): warnings.warn("x")',
  'import io\nfrom unittest.mock import patch\nwith patch("sys.stdout", new_callable=io.StringIO) as out: print(f("hi"))\nself.assertEqual(out.getvalue(), "hi\\n")',
  'import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out: print(f("hi"))\nself.assertEqual(out.getvalue(), "hi\\n")',
  'from unittest.mock import ANY, Mock\ncalled = Mock(return_value=3)\nself.assertEqual(called(f(1)), 3)\ncalled.assert_called_once_with(1)\nself.assertEqual({"a": f(1)}, {"a": ANY})',
  'from collections import Counter, OrderedDict, deque\nself.assertEqual(f(Counter("a")), {"a": 1}); self.assertEqual(f(OrderedDict(a=1)), {"a": 1}); self.assertEqual(f(deque([1])), deque([1]))',
  'from decimal import Decimal\nfrom fractions import Fraction\nself.assertEqual(f(Fraction(1, 2)), 0.5); self.assertEqual(f(Decimal(5)), 5)',
  'for n in range(3):\n    with self.subTest(n=n): self.assertEqual(f(n), n)',
];

/** Such bodies that fail, and what the learner reads above the lines of the code. */
export const failingMethods: [body: string, message: string | RegExp][] = [
  ['self.assertEqual(f(1), 2)', 'expected 2, got 1\n1 != 2'],
  ['self.assertEqual(2, f(1))', 'expected 2, got 1\n2 != 1'],
  ['self.assertEqual(f(1), 2, "hint")', 'expected 2, got 1\n1 != 2 : hint'],
  ['self.assertEqual(f("1"), 1)', "expected 1, got '1'\n'1' != 1"],
  ['self.assertEqual(f([1, 2, 3]), [1, 2, 4])', /^expected \[1, 2, 4\], got \[1, 2, 3\]\nLists differ: /],
  ['self.assertEqual(f({"a": 1}), {"a": 2})', /^expected \{'a': 2\}, got \{'a': 1\}\n\{'a': 1\} != \{'a': 2\}\n/],
  [String.raw`self.assertEqual(f("a\nb\n"), "a\nc\n")`, /^expected 'a\\nc\\n', got 'a\\nb\\n'\n[\s\S]*- b\n\+ c\n/],
  [
    'self.assertEqual(f(list(range(3000))), list(range(1, 3001)))',
    /\nfirst difference at index 0: expected 1, got 0\n/,
  ],
  ['self.assertTrue(f(0))', '0 is not true'],
  ['self.assertIn(3, f([1]))', '3 not found in [1]'],
  ['self.assertIsInstance(f(1), str)', "1 is not an instance of <class 'str'>"],
  ['self.assertIs(f(1) == 1, False)', 'expected False, got True\nTrue is not False'],
  ['self.assertAlmostEqual(f(1), 1.5)', /^expected 1\.5, got 1\n1 != 1\.5 within 7 places/],
  ['with self.assertRaises(ValueError): f(1)', 'ValueError not raised'],
  ['self.fail("no way")', 'no way'],
  [
    'for n in range(4):\n    with self.subTest("parity", n=n): self.assertEqual(f(n) % 2, 0)',
    'expected 0, got 1\n1 != 0\nin the subtest [parity] (n=1)',
  ],
];

/** Bodies of `def test()` of pytest that pass where `f` returns what it is given. */
export const holdingFunctions: string[] = [
  'assert f(1) == 1',
  'with raises(ZeroDivisionError) as caught: f(1) / 0\nassert str(caught.value) == "division by zero" and caught.type is ZeroDivisionError and caught.match("zero")',
  'with raises((ValueError, TypeError)): f(1) + ""',
  'with raises(ZeroDivisionError, match=r"^div.*zero$"): f(1) / 0',
  'assert raises(ZeroDivisionError, lambda: 1 / f(0)).value',
  'assert f(0.1) + 0.2 == approx(0.3); assert approx(0.3) == f(0.1) + 0.2; assert f(1.0) != approx(1.1)',
  'assert f([0.1 + 0.2, 1]) == approx([0.3, 1]); assert f({"a": 0.1 + 0.2}) == approx({"a": 0.3}); assert f((1.0, 2)) == approx((1, 2))',
  'assert f(100) == approx(101, rel=0.1); assert f(1) == approx(1.5, abs=1)',
  'assert f(float("nan")) == approx(float("nan"), nan_ok=True); assert not f(float("nan")) == approx(float("nan"))',
  'assert f(None) == approx(None); assert f(float("inf")) == approx(float("inf"))',
  'from decimal import Decimal\nfrom fractions import Fraction\nassert Decimal("1.0000001") == approx(Decimal("1")); assert Fraction(1, 3) == approx(1 / 3)',
  'import warnings\nwith pytest.warns(UserWarning, match="w"): warnings.warn("w")\nwith pytest.deprecated_call(): warnings.warn("d", DeprecationWarning)',
  'pytest.skip("not here")',
  'assert pytest.importorskip("math").pi > 3\npytest.importorskip("numpy")',
  'assert f(list(range(100_000))) == list(range(100_000)); assert f({n: str(n) for n in range(50_000)}) == {n: str(n) for n in range(50_000)}',
];

/** Such bodies that fail, and what the learner reads above the lines of the code. */
export const failingFunctions: [body: string, message: string][] = [
  ['assert f(1) == 2', 'expected 2, got 1\nassert f(1) == 2'],
  ['assert 2 == f(1)', 'expected 2, got 1\nassert 2 == f(1)'],
  ['assert f(1) is None', 'expected None, got 1\nassert f(1) is None'],
  ['assert f(0)', 'expected a true value, got 0\nassert f(0)'],
  ['assert not f(1)', 'expected a false value, got 1\nassert not f(1)'],
  ['assert not f(1) == 1', 'expected not 1 == 1\nassert not f(1) == 1'],
  ['assert f(1) != 1', 'expected 1 != 1\nassert f(1) != 1'],
  ['assert 3 in f([1])', 'expected 3 in [1]\nassert 3 in f([1])'],
  ['assert 1 not in f([1])', 'expected 1 not in [1]\nassert 1 not in f([1])'],
  ['assert f(3) < 2', 'expected 3 < 2\nassert f(3) < 2'],
  ['assert 1 < f(1) < 5', 'expected 1 < 1\nassert 1 < f(1) < 5'],
  ['assert f(1) == 1 and f(2) == 3', 'expected 3, got 2\nassert f(2) == 3'],
  ['assert f(1) == 2 or f(2) == 3', 'expected a true value, got False\nassert f(1) == 2 or f(2) == 3'],
  ['assert f(1) == 2, f"hint {f(3)}"', 'expected 2, got 1\nhint 3\nassert f(1) == 2'],
  ['assert (n := f(1)) == 2, n', 'expected 2, got 1\n1\nassert (n := f(1)) == 2'],
  ['assert f(\n    1\n) == 2', 'expected 2, got 1\nassert f( 1 ) == 2'],
  ['assert f("é") == "è"', 'expected \'è\', got \'é\'\nassert f("é") == "è"'],
  [
    'assert f("a" * 99) == "a" * 60 + "b"',
    `expected '${'a'.repeat(60)}b', got '${'a'.repeat(99)}'\nfirst difference at index 60: expected 'b', got 'a'\nassert f("a" * 99) == "a" * 60 + "b"`,
  ],
  [
    'assert f([7] * 30) == [7] * 31',
    `expected [${Array(31).fill(7).join(', ')}], got [${Array(30).fill(7).join(', ')}]\nexpected length 31, got 30\nassert f([7] * 30) == [7] * 31`,
  ],
  ['assert f(1) == approx(2)', 'expected approx(2 ± 2.0e-06), got 1\nassert f(1) == approx(2)'],
  ['with raises(ValueError): f(1)', 'expected ValueError to be raised, but nothing was'],
  ['with raises((KeyError, ValueError)): f(1)', 'expected (KeyError, ValueError) to be raised, but nothing was'],
  [
    'with raises(ZeroDivisionError, match="xx"): f(1) / 0',
    "expected the text of ZeroDivisionError to match 'xx', got 'division by zero'",
  ],
  ['with pytest.warns(UserWarning): f(1)', 'expected UserWarning as a warning, but none came'],
  ['pytest.fail("nope")', 'nope'],
];

/** A test file of unittest with one case for each body. */
export function methodSuite(bodies: string[]): string {
  const methods = bodies.map((body, index) => `def test_${index}(self):\n    ${body.replaceAll('\n', '\n    ')}`);
  return py`
    import unittest
    from f import f

    class T(unittest.TestCase):
        ${methods.join('\n')}
  `;
}

/** A test file of pytest with one case for each body. */
export function functionSuite(bodies: string[]): string {
  const functions = bodies.map((body, index) => `def test_${index}():\n    ${body.replaceAll('\n', '\n    ')}`);
  return `import pytest\nfrom pytest import approx, mark, raises\nfrom f import f\n\n${functions.join('\n')}\n`;
}

const PASSING = 'from f import f\ndef test_a(): assert f(1) == 1\n';

/** Suites that give no case: the file, the program, the one verdict and what the learner reads. */
export const unloadableSuites: [
  title: string,
  suite: string,
  code: string,
  verdict: string,
  message: string | RegExp,
][] = [
  [
    'asks for a name that is missing',
    'from f import g',
    ECHO,
    'invalid_submission',
    '`f.py` defines no `g`; it defines: f',
  ],
  [
    'asks for an attribute that is missing',
    'import f\ndef test_a(): assert f.g(1) == 1',
    ECHO,
    'invalid_submission',
    '`f.py` defines no `g`; it defines: f',
  ],
  ['is over a broken program', PASSING, 'def f(', 'compile_error', /^SyntaxError: .+\n    at f\.py:1:\d+$/],
  [
    'catches that the program is broken',
    'try:\n    from f import f\nexcept Exception:\n    pass\ndef test_a(): pass',
    'def f(',
    'compile_error',
    /^SyntaxError: .+\n    at f\.py:1:\d+$/,
  ],
  ['is broken', 'def test_a(', ECHO, 'compile_error', /^SyntaxError: .+\n    at f_test\.py:1:\d+$/],
  [
    'is over a program that raises',
    PASSING,
    '1 / 0',
    'runtime_error',
    'ZeroDivisionError: division by zero\n    at <module> (f.py:1)\n    at <module> (f_test.py:1)',
  ],
  ['is over a program that exits', PASSING, 'exit()', 'runtime_error', 'the program ended with exit code 0'],
  [
    'is over a program that uses pytest',
    PASSING,
    'import pytest',
    'runtime_error',
    /^ModuleNotFoundError: No module named 'pytest'\n    at <module> \(f\.py:1\)/,
  ],
  [
    'imports what there is not',
    'import nope',
    ECHO,
    'runtime_error',
    /^ModuleNotFoundError: No module named 'nope'\n    at <module> \(f_test\.py:1\)$/,
  ],
  ['has no test', 'from f import f', ECHO, 'runtime_error', '`f_test.py` defines no test'],
  [
    'has too many tests',
    'import pytest\n@pytest.mark.parametrize("n", range(2001))\ndef test_a(n): pass',
    ECHO,
    'runtime_error',
    '`f_test.py` defines more than 2000 tests',
  ],
];
