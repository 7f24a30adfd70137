import type { ExerciseTest, Language } from '../../shared/contracts/exercise.contract.ts';
import type { runtimes } from '../../worker/grading/runtimes/runtimes.ts';
import type { PythonEngine } from '../../worker/grading/sandbox/engines/engine.ts';
import type { TestInput } from './grading.ts';

/** The verdicts that a submission can be meant to get. */
export type Outcome = 'right' | 'partly' | 'wrong' | 'slow' | 'crashing' | 'uncompilable';

/** What a runtime needs to bring for the contract: how its programs are written, by the verdict that they shall get. */
export type Samples = {
  language: Language;
  python?: PythonEngine;
  entrypoint: string;
  kinds: { kind: ExerciseTest['kind']; tests: TestInput[]; sources: Record<Outcome, string> }[];
  /** What is no submission at all: it lacks the function, or everything. */
  missing: string;
  missingMessage: RegExp;
  crash: RegExp;
  /** What the messages about a crash and about broken code must name. */
  crashPlace: RegExp;
  syntaxPlace: RegExp;
};

const INPUTS = [
  { args: [17, 5], expected: 1 },
  { args: [12, 18], expected: 6 },
  { args: [9, 0], expected: 9 },
];
export const SAMPLE_LIMITS = { cpuMs: 200, wallMs: 8000 };

const CALLS = INPUTS.map((input) => ({ kind: 'call', name: input.args.join(' '), function: 'gcd', ...input }) as const);
const PROGRAM_RUNS = INPUTS.map(
  ({ args, expected }) =>
    ({ kind: 'stdio', name: args.join(' '), stdin: args.join(' '), expectedStdout: `${expected}` }) as const,
);

const JEST_SUITE = `import { gcd } from './gcd.js';
describe('gcd', () => {
  test('of coprime numbers', () => expect(gcd(17, 5)).toBe(1));
  test('of a multiple', () => expect(gcd(12, 18)).toBe(6));
  test('with zero', () => expect(gcd(9, 0)).toBe(9));
});
`;
const READ =
  "import { readFileSync } from 'node:fs';\nconst [a, b] = readFileSync(0, 'utf8').split(' ').map(Number);\n";
const EUCLID = 'while (b) [a, b] = [b, a % b];\n  return a;';

const javascriptFunctions = {
  right: `export function gcd(a, b) {\n  ${EUCLID}\n}`,
  partly: 'export const gcd = (a, b) => (b === 0 ? a : a === 12 ? 6 : 2);',
  wrong: 'export const gcd = () => -1;',
  slow: 'export function gcd() { for (;;); }',
  crashing: 'export function gcd(a) {\n  return a.x.y;\n}',
  uncompilable: 'export function gcd(a, b) {\n  return a +;\n}',
};
const javascript: Samples = {
  language: 'javascript',
  entrypoint: 'gcd.js',
  kinds: [
    { kind: 'call', tests: CALLS, sources: javascriptFunctions },
    {
      kind: 'suite',
      tests: [{ kind: 'suite', path: 'gcd.test.js', content: JEST_SUITE }],
      sources: javascriptFunctions,
    },
    {
      kind: 'stdio',
      tests: PROGRAM_RUNS,
      sources: {
        right: `${READ}console.log(gcd(a, b));\nfunction gcd(a, b) {\n  ${EUCLID}\n}`,
        partly: `${READ}console.log(b === 0 ? a : a === 12 ? 6 : 2);`,
        wrong: 'console.log(-1);',
        slow: 'for (;;);',
        crashing: `${READ}a.x.y;`,
        uncompilable: `${READ}a +;`,
      },
    },
  ],
  missing: 'export function gdc() {}',
  missingMessage: /`gcd\.js` does not export/,
  crash: /^TypeError/,
  crashPlace: /gcd\.js:[23]:\d+/,
  syntaxPlace: /gcd\.js:[23]:\d+/,
};

const typescriptFunctions = {
  right: `enum Unused { A, B }\nexport function gcd(a: number, b: number): number {\n  ${EUCLID}\n}`,
  partly: 'export const gcd = (a: number, b: number): number => (b === 0 ? a : a === 12 ? 6 : 2);',
  wrong: 'export const gcd = (): number => -1;',
  slow: 'export function gcd(): never { for (;;); }',
  crashing: 'enum Moved { A, B, C, D }\nexport function gcd(a: any) {\n\n  return a.x.y;\n}',
  uncompilable: 'export function gcd(a: number, b: number) {\n  return a +;\n}',
};
const typescript: Samples = {
  language: 'typescript',
  entrypoint: 'gcd.ts',
  kinds: [
    { kind: 'call', tests: CALLS, sources: typescriptFunctions },
    {
      kind: 'suite',
      tests: [
        {
          kind: 'suite',
          path: 'gcd.test.ts',
          content: JEST_SUITE.replace(
            'test(',
            "test('types', () => { const n: number = 1; expect(n).toBe(1); });\n  test(",
          ),
        },
      ],
      sources: typescriptFunctions,
    },
    {
      kind: 'stdio',
      tests: PROGRAM_RUNS,
      sources: {
        right: `${READ}console.log(gcd(a as number, b as number));\nfunction gcd(a: number, b: number): number {\n  ${EUCLID}\n}`,
        partly: `${READ}console.log(b === 0 ? a : a === 12 ? 6 : 2);`,
        wrong: 'const answer: number = -1;\nconsole.log(answer);',
        slow: 'for (;;);',
        crashing: `${READ}(a as any).x.y;`,
        uncompilable: `${READ}a +;`,
      },
    },
  ],
  missing: 'export function gdc(): void {}',
  missingMessage: /`gcd\.ts` does not export/,
  crash: /^TypeError/,
  crashPlace: /gcd\.ts:[34]:\d+/,
  syntaxPlace: /gcd\.ts:[23]:\d+/,
};

const UNITTEST_SUITE = `import unittest
from gcd import gcd

class GcdTest(unittest.TestCase):
    def test_coprime(self):
        self.assertEqual(gcd(17, 5), 1)

    def test_multiple(self):
        self.assertEqual(gcd(12, 18), 6)

    def test_zero(self):
        self.assertEqual(gcd(9, 0), 9)
`;
const PYTEST_SUITE = `import pytest
from gcd import gcd

@pytest.mark.parametrize("a, b, wanted", [(17, 5, 1), (12, 18, 6)])
def test_pairs(a, b, wanted):
    assert gcd(a, b) == wanted

def test_zero():
    assert gcd(9, 0) == 9
`;
const pythonFunctions = {
  right: 'def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n',
  partly: 'def gcd(a, b):\n    return a if b == 0 else 6 if a == 12 else 2\n',
  wrong: 'def gcd(a, b):\n    return -1\n',
  slow: 'def gcd(a, b):\n    while True:\n        pass\n',
  crashing: 'def gcd(a, b):\n    return a.x.y\n',
  uncompilable: 'def gcd(a, b):\n    return a +\n',
};
const python = (engine: PythonEngine): Samples => ({
  language: 'python',
  python: engine,
  entrypoint: 'gcd.py',
  kinds: [
    { kind: 'call', tests: CALLS, sources: pythonFunctions },
    {
      kind: 'suite',
      tests: [{ kind: 'suite', path: 'gcd_test.py', content: UNITTEST_SUITE }],
      sources: pythonFunctions,
    },
    { kind: 'suite', tests: [{ kind: 'suite', path: 'test_gcd.py', content: PYTEST_SUITE }], sources: pythonFunctions },
    {
      kind: 'stdio',
      tests: PROGRAM_RUNS,
      sources: {
        right: 'from math import gcd\na, b = map(int, input().split())\nprint(gcd(a, b))\n',
        partly: 'a, b = map(int, input().split())\nprint(a if b == 0 else 6 if a == 12 else 2)\n',
        wrong: 'print(-1)\n',
        slow: 'while True:\n    pass\n',
        crashing: 'a, b = map(int, input().split())\na.x.y\n',
        uncompilable: 'a, b = map(int, input().split())\na +\n',
      },
    },
  ],
  missing: 'def gdc(a, b):\n    pass\n',
  missingMessage: /`gcd\.py` defines no/,
  crash: /^AttributeError/,
  crashPlace: /gcd\.py:2/,
  syntaxPlace: /gcd\.py:2/,
});

const sql = (dialect: 'sqlite' | 'postgres'): Samples => ({
  language: 'sql',
  entrypoint: 'solution.sql',
  kinds: [
    {
      kind: 'query',
      tests: ['(1, 30), (2, 5), (3, 70)', '(4, 90), (5, 1)', '(6, 20)'].map((rows) => ({
        kind: 'query',
        name: rows,
        dialect,
        setup: `CREATE TABLE jobs (id int, age int); INSERT INTO jobs VALUES ${rows};`,
        reference: 'SELECT id FROM jobs WHERE age > 25',
      })),
      sources: {
        right: '-- old ones\nSELECT id\nFROM jobs WHERE age > 25;',
        partly: 'SELECT id FROM jobs WHERE age > 25 AND id < 4',
        wrong: 'SELECT -1 AS id FROM jobs LIMIT 1',
        slow: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
        crashing: 'SELECT id\nFROM jobz',
        uncompilable: 'SELECT id\nFORM jobs',
      },
    },
  ],
  missing: '-- nothing yet\n',
  missingMessage: /no statement/,
  crash: /jobz/,
  crashPlace: /solution\.sql:[12]/,
  syntaxPlace: /solution\.sql:[12]/,
});

/** By runtime, the language's name where it has only one. */
export const samples: Record<keyof typeof runtimes, Samples> = {
  javascript,
  typescript,
  'python-wasi': python('python-wasi'),
  'python-native': python('python-native'),
  sqlite: sql('sqlite'),
  postgres: sql('postgres'),
};
