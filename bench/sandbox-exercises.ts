import { ExerciseLimits, ExerciseTest } from '../shared/contracts/exercise.contract.ts';
import type { GradableExercise } from '../worker/grading/grade.ts';

/** What the sandbox is timed with: an exercise, and where it is not the usual function its solution. */
export type BenchedExercise = { exercise: GradableExercise; code: string };

type BenchedLanguage = 'javascript' | 'python';

export const GCD_IN_JAVASCRIPT = `export function gcd(a, b) {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}`;
export const GCD_IN_PYTHON = `def gcd(a, b):
    while b:
        a, b = b, a % b
    return a
`;

const FACTORS = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const ENTRYPOINTS = { javascript: 'gcd.js', python: 'gcd.py', sql: 'solution.sql' };

/** Ten calls of a function. */
export function callsOf(language: BenchedLanguage): BenchedExercise {
  const tests = FACTORS.map((factor) => ({
    kind: 'call',
    name: `common factor ${factor}`,
    function: 'gcd',
    args: [factor * 1009, factor * 1013],
    expected: factor,
  }));
  return { exercise: build(language, tests), code: language === 'python' ? GCD_IN_PYTHON : GCD_IN_JAVASCRIPT };
}

/** The same ten questions as a suite of unit tests. */
export function suiteOf(language: BenchedLanguage): BenchedExercise {
  const suites = {
    javascript: {
      path: 'gcd.test.js',
      content: `import { gcd } from './gcd.js';
test.each([${FACTORS.join(', ')}])('common factor %i', (n) => { expect(gcd(n * 1009, n * 1013)).toBe(n); });`,
    },
    python: {
      path: 'gcd_test.py',
      content: `import unittest
from gcd import gcd

class GcdTest(unittest.TestCase):
${FACTORS.map((n) => `    def test_${n}(self):\n        self.assertEqual(gcd(${n} * 1009, ${n} * 1013), ${n})\n`).join('\n')}`,
    },
  };
  return { exercise: build(language, [{ kind: 'suite', ...suites[language] }]), code: '' };
}

/** The first of them as a whole program. */
export function programOf(language: BenchedLanguage): BenchedExercise {
  const programs = {
    javascript: `${GCD_IN_JAVASCRIPT.replace('export ', '')}
console.log(gcd(...require('fs').readFileSync(0, 'utf8').split(' ').map(Number)));`,
    python: `${GCD_IN_PYTHON}\nprint(gcd(*map(int, input().split())))\n`,
  };
  const tests = [{ kind: 'stdio', name: 'program', stdin: '2018 2026\n', expectedStdout: '2\n' }];
  return { exercise: build(language, tests), code: programs[language] };
}

/** Three questions to a small database of two tables. */
export function queriesOf(dialect: 'sqlite' | 'postgres'): BenchedExercise {
  const orders = Array.from({ length: 100 }, (_, index) => `(${index}, ${index % 20}, ${index * 3})`);
  const people = Array.from({ length: 20 }, (_, index) => `(${index}, 'person ${index}')`);
  const setup = `CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, person_id int REFERENCES people (id), amount int);
INSERT INTO people VALUES ${people.join(', ')};
INSERT INTO orders VALUES ${orders.join(', ')};`;
  const code = `SELECT p.name, sum(o.amount) AS total FROM people p JOIN orders o ON o.person_id = p.id
GROUP BY p.name HAVING sum(o.amount) > 700 ORDER BY total DESC;`;
  const tests = ['one', 'two', 'three'].map((name) => ({ kind: 'query', name, dialect, setup, reference: code }));
  return { exercise: build('sql', tests), code };
}

function build(language: BenchedLanguage | 'sql', tests: object[]): GradableExercise {
  return {
    language,
    entrypoint: ENTRYPOINTS[language],
    files: [],
    clock: undefined,
    limits: ExerciseLimits.parse({}),
    tests: tests.map((test) => ExerciseTest.parse(test)),
  };
}
