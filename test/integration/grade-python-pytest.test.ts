import { expect, test } from '@jest/globals';
import { ECHO, describePython, messageOf, py, suiteGrader, verdictsOf } from '../support/python-grading.ts';

const accepted = (names: string[]) => names.map((name) => `${name}: accepted`);

await describePython((gradePython) => {
  const { run, linesOf } = suiteGrader(gradePython);

  test('parametrize makes a case of each row, named as pytest names it', async () => {
    const content = py`
      import pytest
      from pytest import mark
      from f import f

      @mark.parametrize("a, b", [
          (1, 1), pytest.param(2, 2, id="two"), pytest.param(3, 4, marks=mark.skip), ("x", "x"), ([1], [1]),
      ])
      def test_pairs(a, b):
          assert f(a) == b

      @mark.parametrize(["x"], [(5,)])
      @mark.parametrize("y", [1, 2], ids=["one", "two"])
      def test_product(x, y):
          assert f(x) + y > 5

      @mark.parametrize("z", [1, 1], ids=lambda value: f"v{value}")
      def test_twice(z):
          assert f(z) == 1

      @mark.parametrize("value", [None, 1.5, True, str])
      def test_kinds(value):
          assert f(value) is value
    `;
    expect(await linesOf(content)).toEqual([
      ...accepted(['test_pairs[1-1]', 'test_pairs[two]']),
      'test_pairs[3-4]: skipped',
      ...accepted(['test_pairs[x-x]', 'test_pairs[a4-b4]', 'test_product[one-5]', 'test_product[two-5]']),
      ...accepted(['test_twice[v10]', 'test_twice[v11]']),
      ...accepted(['test_kinds[None]', 'test_kinds[1.5]', 'test_kinds[True]', 'test_kinds[str]']),
    ]);
  });

  const MARKED = py`
    from pytest import mark
    from f import f
    @mark.skip
    def test_skip(): assert f(1) == 2
    @mark.skip(reason="later")
    def test_reason(): assert f(1) == 1
    @mark.skipif(True, reason="later")
    def test_skipif(): assert f(1) == 1
    @mark.skipif("sys.version_info < (3, 0)")
    def test_condition(): assert f(1) == 1
    @mark.xfail
    def test_xfail(): assert f(1) == 2
    @mark.xfail(strict=True)
    def test_strict(): assert f(1) == 1
    @mark.xfail(raises=ValueError)
    def test_raises(): assert f(0)
    @mark.task(taskno=1)
    @mark.slow
    def test_other(): assert f(1) == 1
  `;

  test('marks skip tests and expect failures', async () => {
    expect(await linesOf(MARKED)).toEqual([
      'test_skip: skipped',
      'test_reason: skipped',
      'test_skipif: skipped',
      'test_condition: accepted',
      'test_xfail: accepted',
      'test_strict: expected the test to fail, but it passed',
      'test_raises: expected a true value, got 0',
      'test_other: accepted',
    ]);
  });

  test('skipped tests are run when the author says so', async () => {
    expect((await linesOf(MARKED, { runSkipped: true })).slice(0, 3)).toEqual([
      'test_skip: expected 2, got 1',
      'test_reason: accepted',
      'test_skipif: accepted',
    ]);
  });

  test('classes hold tests of every kind', async () => {
    const content = py`
      from pytest import mark
      from f import f
      class TestA:
          k = 3
          def setup_method(self): self.n = 1
          def test_plain(self): assert f(self.n) == 1
          @mark.parametrize("v", [1, 3])
          def test_rows(self, v): assert f(v) == self.k
          @staticmethod
          def test_static(): assert f(1) == 1
          @classmethod
          def test_class(cls): assert f(cls.k) == 3
          def helper(self): assert f(1) == 1
          test_alias = helper
          class TestInner:
              def test_deep(self): assert f(1) == 2
      @mark.skip
      class TestB:
          def test_z(self): pass
      class Helper:
          def test_no(self): pass
    `;
    expect(await linesOf(content)).toEqual([
      'TestA > test_plain: accepted',
      'TestA > test_rows[1]: expected 3, got 1',
      'TestA > test_rows[3]: accepted',
      ...accepted(['TestA > test_static', 'TestA > test_class', 'TestA > test_alias']),
      'TestA > TestInner > test_deep: expected 2, got 1',
      'TestB > test_z: skipped',
    ]);
  });

  test('functions of the old style prepare modules, classes and functions', async () => {
    const content = py`
      from f import f
      log = []
      def setup_module(): log.append("M")
      def setup_function(function): log.append(function.__name__)
      def teardown_function(): log.append("-")
      def test_a(): assert f(log) == ["M", "test_a"]
      def test_b(): assert f(log) == ["M", "test_a", "-", "test_b"]
      class TestA:
          @classmethod
          def setup_class(cls): cls.k = 1
          def test_c(self): assert f(self.k) == 1
    `;
    expect(await linesOf(content)).toEqual(accepted(['test_a', 'test_b', 'TestA > test_c']));
  });

  test('fixtures are made and taken down in their order', async () => {
    const content = py`
      import pytest
      from f import f
      log = []
      @pytest.fixture
      def one(): return 1
      @pytest.fixture
      def two(one):
          log.append("+")
          yield one + 1
          log.append("-")
      @pytest.fixture(scope="module")
      def shared():
          log.append("m")
          return "m"
      @pytest.fixture(autouse=True)
      def unasked(): log.append("a")
      @pytest.fixture(name="renamed")
      def _fixture(request):
          request.addfinalizer(lambda: log.append("f"))
          return 9
      def test_a(two, shared): assert f(two) == 2 and log == ["m", "a", "+"], log
      def test_b(two, shared, renamed): assert f(renamed) == 9 and log == ["m", "a", "+", "-", "a", "+"], log
      def test_c(): assert f(sorted(log[6:-1])) == ["-", "f"] and log[-1] == "a", log
      @pytest.mark.usefixtures("two")
      def test_d(): assert f(log[-1]) == "+"
    `;
    expect(await linesOf(content)).toEqual(accepted(['test_a', 'test_b', 'test_c', 'test_d']));
  });

  test('fixtures have parameters, belong to classes and are asked for by name', async () => {
    const content = py`
      import pytest
      from f import f
      @pytest.fixture
      def one(): return 1
      @pytest.fixture
      def two(one): return one + 1
      @pytest.fixture(params=[1, 2], ids=["p1", "p2"])
      def each(request): return request.param
      @pytest.fixture
      def make():
          return lambda n: f(n)
      def test_each(each, one): assert f(each) == one
      class TestK:
          k = 4
          @pytest.fixture
          def own(self): return self.k
          @pytest.fixture(autouse=True)
          def _prepare(self): self.z = 5
          def test_own(self, own, one): assert f(own) == 4 and one == 1 and self.z == 5
      def test_make(make, request): assert make(3) == 3 and request.getfixturevalue("two") == 2
      @pytest.mark.parametrize("each", [7], indirect=True)
      def test_indirect(each): assert f(each) == 7
      @pytest.mark.parametrize("one", [8])
      def test_instead(one, two): assert f(one) == 8 and two == 9
      def test_unknown(nowhere): pass
      def test_files(tmp_path): pass
    `;
    expect(await linesOf(content)).toEqual([
      'test_each[p1]: accepted',
      'test_each[p2]: expected 1, got 2',
      ...accepted(['TestK > test_own', 'test_make', 'test_indirect[7]', 'test_instead[8]']),
      'test_unknown: fixture `nowhere` is not known',
      'test_files: the fixture `tmp_path` needs a file system that can be written, which there is not',
    ]);
  });

  test('capsys sees what is printed, which the learner sees all the same', async () => {
    const content = py`
      from f import f
      def test_a(capsys):
          f(1)
          out, err = capsys.readouterr()
          assert out == "hi\n" and err == ""
          f(1)
          assert capsys.readouterr().out == "hi\n"
      def test_b(capsys):
          f(1)
          assert capsys.readouterr().out == "ho\n"
    `;
    const result = await run(content, { code: 'def f(n): print("hi")\n' });
    expect(verdictsOf(result)).toEqual(['test_a: accepted', 'test_b: wrong_answer']);
    expect(messageOf(result)).toMatch(/^expected 'ho\\n', got 'hi\\n'\n/);
    expect(result.tests[1]?.stdout).toBe('hi\n');
  });

  test('monkeypatch and patch change the program for one test', async () => {
    const content = py`
      import math, os
      from unittest.mock import patch
      import pytest
      from f import f
      def test_a(monkeypatch):
          monkeypatch.setattr("builtins.input", lambda *prompt: "5")
          monkeypatch.setattr(math, "pi", 3)
          monkeypatch.setenv("KEY", "value")
          assert f() == "5" and math.pi == 3 and os.environ["KEY"] == "value"
      def test_b():
          assert math.pi > 3 and "KEY" not in os.environ
      @pytest.fixture
      def two(): return "2"
      @patch("f.read")
      def test_c(read, two):
          read.return_value = two
          assert f() == "2"
    `;
    const code = 'def read(): return input()\ndef f(): return read()\n';
    expect(await linesOf(content, { code })).toEqual(accepted(['test_a', 'test_b', 'test_c']));
  });

  test('async tests are awaited', async () => {
    const content = py`
      import asyncio
      import pytest
      from f import f
      async def test_a(): assert await f(1) == 1
      @pytest.mark.asyncio
      async def test_b():
          await asyncio.sleep(0.001)
          assert await f(1) == 2
    `;
    expect(await linesOf(content, { code: 'async def f(n): return n\n' })).toEqual([
      'test_a: accepted',
      'test_b: expected 2, got 1',
    ]);
  });

  test('a file may mix both styles, as exercises do that number their tasks', async () => {
    const content = py`
      # pylint: disable=missing-module-docstring
      import unittest
      import pytest
      from f import (
          f,
      )

      class CollatzTest(unittest.TestCase):
          @pytest.mark.task(taskno=1)
          def test_zero(self):
              with self.assertRaises(ValueError) as err:
                  f(0)
              self.assertEqual(type(err.exception), ValueError)
              self.assertEqual(err.exception.args[0], "Only positive integers are allowed")

          @pytest.mark.task(taskno=2)
          def test_steps(self):
              for variant, (number, expected) in enumerate([(1, 0), (16, 4)], start=1):
                  with self.subTest(f"variation #{variant}", number=number):
                      self.assertEqual(f(number), expected, msg=f"f({number})")

      def test_plain():
          assert f(12) == 9
    `;
    const collatz = py`
      def f(n):
          if n < 1:
              raise ValueError("Only positive integers are allowed")
          steps = 0
          while n != 1:
              n, steps = n // 2 if n % 2 == 0 else 3 * n + 1, steps + 1
          return steps
    `;
    const names = ['CollatzTest > test_zero', 'CollatzTest > test_steps', 'test_plain'];
    expect(await linesOf(content, { code: collatz })).toEqual(accepted(names));
    const off = collatz.replace('return steps', 'return steps + 1');
    const result = await run(content, { code: off });
    expect(result.tests[1]?.message).toMatch(
      /^expected 0, got 1\n1 != 0 : f\(1\)\nin the subtest \[variation #1\] \(number=1\)\n/,
    );
    expect(await linesOf(content, { code: ECHO })).toEqual([
      'CollatzTest > test_zero: ValueError not raised',
      'CollatzTest > test_steps: expected 0, got 1',
      'test_plain: expected 9, got 12',
    ]);
  });
});
