import { describe, expect, test } from '@jest/globals';
import { describePython, py, suiteGrader } from '../support/python-grading.ts';
import { functionSuite, methodSuite } from './python-suite.cases.ts';
import { LIE, liars, tamperers } from './python-tampering.cases.ts';

await describePython((gradePython) => {
  const { run } = suiteGrader(gradePython);

  describe('a program that lies', () => {
    test.each(liars)('by %s which says that it is equal does not pass', async (_, code, expected) => {
      const content = py`
        import unittest
        from f import f
        class T(unittest.TestCase):
            def test_a(self): self.assertEqual(f(1), ${expected})
            def test_b(self): self.assertEqual(${expected}, f(1))
        def test_c(): assert f(1) == ${expected}
        def test_d(): assert ${expected} == f(1)
        def test_e(): answer = f(1); assert answer == ${expected}, "no"
      `;
      const verdictsOver = async (source: string) =>
        (await run(content, { code: source })).tests.map((found) => found.verdict);
      expect(await verdictsOver(code)).toEqual(Array(5).fill('wrong_answer'));
      expect(await verdictsOver(`def f(n): return ${expected}\n`)).toEqual(Array(5).fill('accepted'));
    });

    test('passes no other assertion', async () => {
      const methods = [
        'self.assertAlmostEqual(f(1), 0.5)',
        'self.assertIn(f(1), [5, 6])',
        'self.assertIn(9, f(1))',
        'self.assertCountEqual(f(1), [5])',
        'self.assertCountEqual([f(1)], [5])',
        'self.assertListEqual([f(1)], [5])',
      ];
      const functions = ['assert f(1) == approx(3.5)', 'assert approx(3.5) == f(1)', 'assert [f(1)] == approx([3.5])'];
      for (const content of [methodSuite(methods), functionSuite(functions)]) {
        const { tests } = await run(content, { code: LIE });
        expect(tests.filter(({ verdict }) => verdict !== 'wrong_answer').map(({ name }) => name)).toEqual([]);
      }
    });

    test('is no program whose classes compare honestly', async () => {
      const code = py`
        class Box:
            def __init__(self, n): self.n = n
            def __eq__(self, other): return self.n == (other.n if isinstance(other, Box) else other)
            def __hash__(self): return hash(str(self.n))
        class Whole(int):
            def __eq__(self, other): return int(self) == other
            __hash__ = int.__hash__
        f, g = Box, Whole
      `;
      const content = functionSuite([
        'assert f(5) == 5 and f(5) == f(5) and 5 == f(5)',
        'assert f([1, 2]) == [1, 2] and f("x") == "x"',
        'assert [f(1)] == [f(1)] and {f(1): 1} == {f(1): 1}',
        'from f import g; assert g(5) == 5.0 and 5.0 == g(5)',
        'from f import g; assert g(5) == 6',
      ]);
      expect((await run(content, { code })).tests.map(({ verdict }) => verdict)).toEqual([
        ...Array<string>(4).fill('accepted'),
        'wrong_answer',
      ]);
    });
  });

  describe.each([
    ['unittest', methodSuite(['self.assertEqual(f(1), 1)', 'self.assertTrue(f(1) == 1)'])],
    ['pytest', functionSuite(['assert f(1) == 1', 'with raises(ArithmeticError): f(0)'])],
  ])('a program that tampers with %s', (_, content) => {
    test('is none that does not, which passes', async () => {
      const { tests } = await run(content, { code: 'def f(n): return n // n\n' });
      expect(tests.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted']);
    });

    test.each(Object.entries(tamperers))('and %s passes no test', async (__, source) => {
      const code = source.includes('def f') ? source : `${source}def f(n): return -1\n`;
      const { tests } = await run(content, { code });
      expect(tests.length).toBeGreaterThan(0);
      for (const { verdict } of tests) expect(['wrong_answer', 'runtime_error']).toContain(verdict);
    });
  });
});
